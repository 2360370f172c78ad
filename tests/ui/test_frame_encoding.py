"""The encoding of a live page's frame: the same numbers as the plain way, in few bytes."""

import json
import struct

import numpy as np
import pytest
import torch
from scipy import stats

from gan_core import ExperimentConfig, Trainer
from gan_core.data import DATASETS
from gan_core.evaluation.metrics import measure, measure_sorted
from gan_core.priors import PRIORS
from gan_core.training.monitoring.density_observer import summary_stats
from gan_core.training.monitoring.density_view import (
    PlotAxis,
    count_distinct,
    noise_density,
    target_density,
)
from gan_core.training.monitoring.history import MAX_SINGLE
from gan_core.training.monitoring.snapshot_builder import CHART_BINS
from tests.helpers.frames import rows
from ui import figures
from ui.components import CODE, encode, stub

pytestmark = pytest.mark.quick

BYTES_A_FRAME = 30_000
KINDS = {"f4": "<f4", "i4": "<i4"}


def decode(data):
    """Undo `encode` as it is documented, without the page's own JavaScript."""
    (length,) = struct.unpack_from("<i", data)
    content = data[4 + length :]

    def revive(value):
        if "even" in value:
            first, stride, size = value["even"]
            return first + stride * np.arange(size)
        if "bytes" not in value:
            return value
        kind, start, size = value["bytes"]
        return np.frombuffer(content, KINDS[kind], count=size, offset=start)

    return json.loads(data[4 : 4 + length], object_hook=revive)


def assert_same(found, expected):
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for name in expected:
            assert_same(found[name], expected[name])
    elif isinstance(expected, np.ndarray):
        # A zero in the middle of an axis may come out as the last bit of its neighbour.
        small = 1e-7 * np.abs(expected[np.isfinite(expected)]).max(initial=0)
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=small)
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    else:
        assert found == expected


def trained(steps=60, **setup):
    trainer = Trainer(ExperimentConfig.from_dict({"dataset": {"name": "normal"}} | setup))
    for _ in range(3):
        trainer.step(steps // 3)
        snapshot = trainer.snapshot()
    return trainer, snapshot


def test_bytes_hold_the_whole_figure_and_shared_arrays_once():
    trainer, snapshot = trained()
    for figure in (
        figures.distributions(snapshot, trainer.config, "a"),
        figures.noise_map(snapshot, trainer.config, "a"),
        figures.losses(snapshot, trainer.config, "a"),
        figures.d_outputs(snapshot, trainer.config, "a"),
        figures.distances(snapshot, "a"),
    ):
        assert_same(decode(encode(figure)), figure)
    x, y = np.arange(7) ** 2, np.linspace(0, 1, 7) ** 2
    apart = encode({"data": [{"x": x, "y": y}, {"x": x.copy(), "y": y.copy()}], "layout": {}})
    shared = encode({"data": [{"x": x, "y": y}, {"x": x, "y": y}], "layout": {}})
    assert_same(decode(shared), decode(apart))
    assert 4 * 14 - 4 <= len(apart) - len(shared) <= 4 * 14 + 4


@pytest.mark.parametrize(
    "values",
    [
        np.arange(1, 250),
        np.arange(12_345_678, 12_345_678 + 25 * 24, 24),
        np.linspace(-8, 8, 300),
        np.linspace(1e6, 1e6 + 1, 300),
        np.linspace(3, -1, 4),
    ],
)
def test_evenly_spaced_numbers_are_three(values):
    data = encode({"data": [{"x": values}], "layout": {}})
    assert len(data) < 100
    np.testing.assert_allclose(decode(data)["data"][0]["x"], values, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "values",
    [
        np.array([0.0, 1, 2, 3, 4.001, 5]),
        np.array([0.0, 1, np.nan, 3, 4, 5]),
        np.array([-np.inf, 1, 2, 3, np.inf]),
        np.full(6, 2.0),
        np.array([1, 2, 3, 4, 7, 6]),
        np.array([], dtype=float),
        np.array([5.0]),
    ],
)
def test_other_numbers_are_sent_as_they_are(values):
    found = decode(encode({"data": [{"x": values}], "layout": {}}))["data"][0]["x"]
    assert found.dtype.itemsize == 4
    np.testing.assert_allclose(found, values, rtol=1e-7)


def test_a_components_messages_hold_a_stub_only():
    for name in ("live_chart", "sample_canvas", "tiles"):
        html, js = stub(name)
        assert CODE in html
        assert CODE in js
        assert len(html) + len(js) < 300


def test_what_is_no_number_does_not_pass_for_one():
    with pytest.raises(TypeError, match="Tensor has no place"):
        encode({"data": [{"x": torch.zeros(2)}], "layout": {}})


@pytest.mark.parametrize(
    "case",
    ["1-D, 300 steps", pytest.param("1-D, 6,000 steps", marks=pytest.mark.slow)],
)
def test_a_frame_on_the_line_is_small(case):
    found = list(rows(case, 2))
    assert all(5_000 < row["bytes"] <= BYTES_A_FRAME for row in found)


def curve_of(figure, name):
    return {trace["name"]: trace for trace in figure["data"]}[name]


def test_the_curve_after_gs_update_has_every_point_that_was_measured():
    trainer, snapshot = trained(120)
    after = curve_of(figures.d_outputs(snapshot, trainer.config, "a"), "D(G(z)), G updated")
    history = snapshot.history
    pairs = zip(history["step"], history["d_fake_after"], strict=True)
    kept = [(s, v) for s, v in pairs if v == v]
    assert 50 <= len(kept) < len(history["step"]) <= MAX_SINGLE
    assert list(zip(after["x"].tolist(), after["y"].tolist(), strict=True)) == kept


def test_every_curve_of_a_long_run_has_its_peaks():
    trainer, snapshot = trained(900)
    every = trainer.history.series()
    assert len(every["step"]) == 900
    config = trainer.config
    for figure, names in (
        (figures.losses, {"loss_d": "loss of D", "loss_g": "loss of G"}),
        (
            figures.d_outputs,
            {"d_real": "D(x), real", "d_fake_before": "D(G(z))"},
        ),
    ):
        drawn = figure(snapshot, config, "a")
        for column, name in names.items():
            line, low, high = (
                curve_of(drawn, name + more) for more in ("", ": lowest", ": highest")
            )
            steps, values = line["x"], every[column]
            assert CHART_BINS / 2 <= len(steps) <= CHART_BINS
            assert steps[-1] == 900
            bins = np.split(values, np.searchsorted(every["step"], steps[:-1], side="right"))
            assert low["y"].tolist() == [part.min() for part in bins]
            assert high["y"].tolist() == [part.max() for part in bins]
            assert line["y"] == pytest.approx([part.mean() for part in bins], rel=1e-5)


def test_sorted_samples_measure_the_same():
    target = DATASETS.create("normal")
    samples = stats.norm(4.2, 1).rvs(3_000, random_state=5)
    assert measure_sorted(np.sort(samples), target) == measure(samples, target)


def test_the_view_shows_the_laws_themselves():
    target, prior = DATASETS.create("lognormal"), PRIORS.create({"name": "laplace", "scale": 0.7})
    x = np.linspace(-1.0, 9.0, 300)
    expected = stats.lognorm(0.5, scale=np.e).pdf(x)
    assert target_density(target, -1.0, 9.0) == pytest.approx(expected, rel=1e-12)
    z, density = noise_density(prior, 1)
    assert density == pytest.approx(stats.laplace(scale=0.7).pdf(z), rel=1e-12)
    ends = stats.laplace(scale=0.7).ppf([0.002, 0.998])
    margin = 0.06 * (ends[1] - ends[0])
    assert (z[0], z[-1]) == pytest.approx((ends[0] - margin, ends[1] + margin), rel=1e-12)
    with pytest.raises(ValueError, match="read-only"):
        density[0] = 1.0


def test_changed_parameters_change_the_law():
    for mean, std in ((0.0, 1.0), (3.0, 0.5), (0.0, 1.0)):
        law = DATASETS.create({"name": "normal", "mean": mean, "std": std}).distribution()
        assert (law.mean(), law.std()) == pytest.approx((mean, std))
    wide = target_density(DATASETS.create("normal"), 0.0, 8.0)
    narrow = target_density(DATASETS.create("normal"), 3.0, 5.0)
    assert narrow.min() > wide.min()
    moments = DATASETS.create("exponential").moments()
    moments["mean"] = 0.0
    assert DATASETS.create("exponential").moments()["mean"] == pytest.approx(2.0)


@pytest.mark.parametrize(
    "values",
    [[], [1.0], [1.0, 1.0, 2.0], [np.nan, 3.0, np.nan, 3.0, 4.0], [np.inf, -np.inf, np.inf, 0.0]],
)
def test_distinct_values_are_counted_as_numpy_does(values):
    assert count_distinct(np.sort(np.array(values))) == len(np.unique(values))


def test_moments_are_scipys():
    samples = stats.gamma(2.0).rvs(5_000, random_state=3)
    found = summary_stats(samples)
    assert found["skew"] == pytest.approx(stats.skew(samples), rel=1e-12)
    assert found["mean"] == pytest.approx(samples.mean(), rel=1e-12)
    assert np.isnan(summary_stats(np.ones(5))["skew"])


def test_lines_follow_the_noise_that_is_there():
    trainer, before = trained()
    kept = trainer.state_dict()
    other = Trainer(trainer.config.replace(seed=9))
    other.snapshot()
    other.load_state_dict(kept)
    after = other.snapshot()
    assert after.density.lines_z == pytest.approx(before.density.lines_z, rel=1e-12)
    assert np.diff(after.density.lines_z).min() >= 0
    assert axis_of(after) == axis_of(before)


def axis_of(snapshot):
    return PlotAxis(float(snapshot.density.x[0]), float(snapshot.density.x[-1]))
