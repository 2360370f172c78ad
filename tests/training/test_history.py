"""The bounded past of a run."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_core.training.monitoring.history import History


def filled(steps, most=10):
    history = History(["a", "b"], most)
    for step in steps:
        history.add(step, {"a": step / 2, "b": -step})
    return history


def test_every_row_is_kept_while_there_is_room():
    series = filled(range(1, 11)).series()
    assert list(series) == ["step", "a", "b"]
    assert series["step"].tolist() == list(range(1, 11))
    assert series["a"].tolist() == [step / 2 for step in range(1, 11)]
    assert series["b"].tolist() == [-step for step in range(1, 11)]


@pytest.mark.parametrize(
    ("last", "stride"), [(10, 1), (11, 2), (20, 2), (21, 4), (40, 4), (41, 8), (1000, 128)]
)
def test_stride_doubles_when_it_is_full(last, stride):
    history = filled(range(1, last + 1))
    assert history.stride == stride
    ends = [*range(stride, last + 1, stride)]
    newest = [] if ends and ends[-1] == last else [last]
    assert history.series()["step"].tolist() == ends + newest
    assert len(history) <= 10


@settings(deadline=None, derandomize=True)
@given(
    values=st.lists(st.floats(-1e3, 1e3, width=32) | st.just(math.nan), min_size=1, max_size=300),
    chunks=st.integers(1, 40),
    most=st.integers(1, 12),
)
def test_no_peak_is_lost(values, chunks, most):
    history, steps = History(["a"], most), np.arange(1, len(values) + 1)
    table = np.array(values)[:, None]
    for start in range(0, len(values), chunks):
        history.extend(steps[start : start + chunks], table[start : start + chunks])
    curves = history.curves(most)
    bins = np.split(table[:, 0], np.searchsorted(steps, curves.step[:-1], side="right"))
    assert len(bins) == len(curves)
    for i, inside in enumerate(bins):
        inside = inside[~np.isnan(inside)]
        found = [part["a"][i] for part in (curves.low, curves.high, curves.mean)]
        if not len(inside):
            assert np.isnan(found).all()
            continue
        assert found[:2] == [inside.min(), inside.max()]
        assert found[2] == pytest.approx(inside.mean(), rel=1e-5, abs=1e-3)


def test_bins_stay_where_they_are_while_the_run_goes_on():
    history, ends = History(["a"], 2_000), []
    for step in range(1, 3_001):
        history.add(step, {"a": 6.21 if step == 1_056 else 1.0})
        if step > 1_200 and step % 100 == 0:
            curves = history.curves(128)
            peak = int(np.argmax(curves.high["a"]))
            assert curves.high["a"][peak] == np.float32(6.21)
            ends.append(int(curves.step[peak]))
    assert set(ends) <= {1_056, 1_060, 1_064, 1_072, 1_088}
    assert ends == sorted(ends)


def test_curves_of_a_part_are_finer():
    history = filled(range(1, 2_001), most=2_000)
    whole, part = history.curves(128), history.curves(128, 501, 700)
    assert len(whole) == 125
    assert part.step.tolist() == list(range(501, 701))
    assert part.low["a"].tolist() == part.high["a"].tolist() == (part.step / 2).tolist()


def test_bins_after_a_step_hold_no_earlier_one():
    curves = filled(range(1, 1_001), most=1_000).curves(100)
    assert curves.after(0) is curves
    assert curves.after(500).step[0] == 528
    assert curves.after(512).step[0] == 528


def test_a_points_extreme_is_what_lies_farthest_from_the_mean():
    history = History(["a"], 2)
    for step, value in enumerate([1.0, 1.0, 9.0, 1.0, 1.0, 1.0, 1.0, -9.0], start=1):
        history.add(step, {"a": value})
    assert history.stride == 4
    assert history.curves(2).extremes("a").tolist() == [9.0, -9.0]


def test_second_row_of_a_step_replaces_the_first():
    history = filled([1, 2])
    history.add(2, {"a": 7.0, "b": 8.0, "more": 9.0})
    assert history.series()["a"].tolist() == [0.5, 7.0]
    assert len(history) == 2


@pytest.mark.parametrize("most", [1, 2, 3, 7, 29, 30, 31, None])
def test_thinned_series_keeps_the_newest(most):
    series = filled(range(1, 31), most=100).series(most)
    steps = series["step"]
    assert steps[-1] == 30
    assert len(steps) <= (most or 30)
    assert len(set(np.diff(steps))) <= 1
    assert series["b"].tolist() == (-steps).tolist()


def test_empty_series():
    series = History(["a"]).series(5)
    assert series["step"].tolist() == series["a"].tolist() == []


def test_forget_after():
    history = filled(range(1, 9))
    history.truncate_after(5)
    assert history.series()["step"].tolist() == [1, 2, 3, 4, 5]


def same(one, other):
    one, other = one.to_dict(), other.to_dict()
    bins = [made.pop("bins", {}) for made in (one, other)]
    assert json.dumps(one) == json.dumps(other)
    assert bins[0].keys() == bins[1].keys()
    for name in bins[0]:
        torch.testing.assert_close(bins[0][name], bins[1][name], rtol=1e-6, atol=0, equal_nan=True)


def test_round_trip():
    history = filled(range(1, 50))
    history.add(56, {"a": math.nan, "b": 1.0})
    again = History.from_dict(history.to_dict())
    assert again.stride == history.stride
    assert again.max_points == history.max_points
    for copy in (history, again):
        copy.add(64, {"a": 0.0, "b": 0.0})
        copy.add(65, {"a": 0.0, "b": 0.0})
    same(history, again)


def test_a_history_of_single_rows_goes_on_in_bins():
    """As checkpoints had them: every eighth step, and no minimum or maximum of the others."""
    stored = {"columns": ["a"], "most": 10, "stride": 8, "rows": [[s, s / 2] for s in (8, 16, 24)]}
    history = History.from_dict(json.loads(json.dumps(stored)))
    for step in range(25, 33):
        history.add(step, {"a": 100.0 - step})
    curves = history.curves(10)
    assert curves.step.tolist() == [8, 16, 24, 32]
    assert curves.low["a"].tolist() == [4, 8, 12, 68]
    assert curves.high["a"].tolist() == [4, 8, 12, 75]


@settings(deadline=None, derandomize=True)
@given(
    most=st.integers(1, 20),
    last=st.integers(0, 300),
    looks=st.lists(st.tuples(st.integers(0, 300), st.integers(1, 5))),
)
def test_what_is_kept_depends_on_the_steps_alone(most, last, looks):
    unseen = filled(range(1, last + 1), most)
    seen = History(["a", "b"], most)
    for step in range(1, last + 1):
        seen.add(step, {"a": step / 2, "b": -step})
        for at, points in looks:
            if at == step:
                seen.series(points)
                seen = History.from_dict(seen.to_dict())
    same(seen, unseen)
    assert len(seen) <= most
    assert len(seen) >= min(last, most) // 2
    assert seen.stride & (seen.stride - 1) == 0


@settings(deadline=None, derandomize=True)
@given(most=st.integers(1, 20), steps=st.sets(st.integers(0, 10_000)))
def test_bounded_whatever_the_steps(most, steps):
    history = filled(sorted(steps), most)
    kept = history.series()["step"].tolist()
    assert len(kept) <= most
    last_of = {-(-step // history.stride): step for step in sorted(steps)}
    assert kept == list(last_of.values())
