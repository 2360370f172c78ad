"""The bounded past of a run."""

import json
import math

import numpy as np
import pytest
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
    ("last", "stride"), [(10, 1), (11, 2), (21, 2), (22, 4), (43, 4), (44, 8), (1000, 128)]
)
def test_stride_doubles_when_it_is_full(last, stride):
    history = filled(range(1, last + 1))
    assert history.stride == stride
    assert history.series()["step"].tolist() == list(range(stride, last + 1, stride))
    assert len(history) <= 10


def test_wants():
    history = filled(range(1, 23))
    assert [step for step in range(17) if history.should_record(step)] == [0, 4, 8, 12, 16]


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


def test_round_trip_through_json():
    history = filled(range(1, 50))
    history.add(56, {"a": math.nan, "b": 1.0})
    again = History.from_dict(json.loads(json.dumps(history.to_dict())))
    assert again.stride == history.stride
    assert again.max_points == history.max_points
    for name, values in history.series().items():
        np.testing.assert_array_equal(again.series()[name], values)
    for copy in (history, again):
        copy.add(64, {"a": 0.0, "b": 0.0})
        copy.add(65, {"a": 0.0, "b": 0.0})
    np.testing.assert_array_equal(again.series()["step"], history.series()["step"])


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
        if seen.should_record(step):
            seen.add(step, {"a": step / 2, "b": -step})
        for at, points in looks:
            if at == step:
                seen.series(points)
                seen = History.from_dict(seen.to_dict())
    assert seen.to_dict() == unseen.to_dict()
    assert len(seen) <= most
    assert len(seen) >= min(last, most) // 2
    assert seen.stride & (seen.stride - 1) == 0


@settings(deadline=None, derandomize=True)
@given(most=st.integers(1, 20), steps=st.sets(st.integers(0, 10_000)))
def test_bounded_whatever_the_steps(most, steps):
    history = filled(sorted(steps), most)
    kept = history.series()["step"].tolist()
    assert len(kept) <= most
    assert kept == sorted(step for step in steps if step % history.stride == 0)
