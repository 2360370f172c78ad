"""Intervals beside the numbers, numbers that cannot tell, and quality inside each class."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from gan_core.config import Architecture, ExperimentConfig
from gan_core.data import DATASETS
from gan_core.data.csv_column import store_column
from gan_core.data.mnist import bundled_digits
from gan_core.data.pixels import to_samples
from gan_core.evaluation import evaluate, probe_network
from gan_core.evaluation.class_quality import diversity
from gan_core.evaluation.evaluate import Evaluation
from gan_core.evaluation.frozen_generator import FrozenGenerator
from gan_core.evaluation.metrics.base import ImageMetric
from gan_core.evaluation.metrics.batch import FeatureBatch
from gan_core.evaluation.metrics.frechet import gaussian_distance
from gan_core.evaluation.metrics.images import IMAGE_METRICS
from gan_core.evaluation.metrics.resampling import Estimate, draw_halves, estimate
from gan_core.evaluation.nearest_neighbors import Neighbors
from gan_core.evaluation.one_dim import doubt, estimates, resolution
from gan_core.evaluation.worse_samples import blur
from gan_core.runtime.tasks import run_to_end
from tests.helpers.images import CPU, coloured_shapes, copying, evaluated, given

pytestmark = [pytest.mark.slow, pytest.mark.typed]

OWN_HALVES = ("frechet", "precision", "recall", "density", "coverage")


@pytest.fixture(autouse=True)
def quick(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_DATA", str(tmp_path))
    monkeypatch.setattr(probe_network, "STEPS", 8)
    monkeypatch.setattr(evaluate, "_references", evaluate.BoundedCache(2))


def batch(n, rng, shift=0.0, stretch=1.0, width=6):
    features = stretch * rng.normal(size=(n, width)) + shift
    logits = 3 * rng.normal(size=(n, 5))
    known = torch.arange(100)[:, None] % 5
    return FeatureBatch(torch.from_numpy(features), (torch.from_numpy(logits),), known)


def estimated(name, real, fake):
    return run_to_end(IMAGE_METRICS[name]().estimate_slices(real, fake))


@pytest.mark.parametrize("name", OWN_HALVES)
@pytest.mark.parametrize(("n", "m"), [(41, 60), (24, 24)])
def test_a_half_is_measured_as_a_batch_of_its_size(name, n, m):
    rng = np.random.default_rng(0)
    real, fake = batch(n, rng), batch(m, rng, 0.3)
    halves = draw_halves(n, m, 7)
    found = run_to_end(IMAGE_METRICS[name]().half_slices(real, fake, halves))
    expected = run_to_end(ImageMetric.half_slices(IMAGE_METRICS[name](), real, fake, halves))
    assert found == pytest.approx(expected, abs=1e-4)


def test_the_kernel_distance_of_a_half_is_that_of_all_its_pairs():
    rng = np.random.default_rng(0)
    real, fake = batch(30, rng), batch(30, rng, 0.3)
    halves = draw_halves(30, 30, 3)
    found = run_to_end(IMAGE_METRICS["kernel_distance"]().half_slices(real, fake, halves))
    for value, own, others in zip(found, halves.real, halves.fake, strict=True):
        alone = IMAGE_METRICS["kernel_distance"]().measure(real.take(own), fake.take(others))
        assert value == pytest.approx(alone, abs=1e-6)


def test_the_distance_of_gaussians_needs_no_root_of_a_matrix():
    rng = np.random.default_rng(0)
    for n, m in ((50, 80), (4, 50), (5, 4)):
        x, y = batch(n, rng).features, batch(m, rng, 0.5, 1.5).features
        expected = IMAGE_METRICS["frechet"]().measure(FeatureBatch(x), FeatureBatch(y))
        assert gaussian_distance(x, y) == pytest.approx(expected, abs=1e-3)


COVERED = ("frechet", "kernel_distance", "precision", "recall", "coverage", "sure", "diversity")


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Both batches are drawn again and again; the truth is the mean over many others."""
    rng = np.random.default_rng(3)

    def draw():
        return batch(50, rng), batch(50, rng, 0.4, 1.2)

    def value(name, real, fake):
        if name == "diversity":
            return diversity(real.features, fake.features).value
        return IMAGE_METRICS[name]().measure(real, fake)

    def interval(name, real, fake):
        if name == "diversity":
            return diversity(real.features, fake.features)
        return estimated(name, real, fake)

    many = [draw() for _ in range(250)]
    truth = {name: np.mean([value(name, *pair) for pair in many]) for name in COVERED}
    held = dict.fromkeys(COVERED, 0)
    for _ in range(100):
        pair = draw()
        for name in COVERED:
            _, low, high = interval(name, *pair)
            held[name] += low <= truth[name] <= high
    # 95 are expected, ± 4.4 twice over; more where the distance is curved: the error is then large.
    assert all(86 <= count <= 100 for count in held.values()), held


def test_a_bootstrap_of_copies_would_be_off():
    """Drawn with replacement, every Fréchet distance is too large; our interval is around it."""
    rng = np.random.default_rng(5)
    real, fake = batch(60, rng, width=20), batch(60, rng, width=20)
    found = estimated("frechet", real, fake)
    copies = [
        gaussian_distance(
            *(b.features[torch.from_numpy(rng.integers(0, 60, 60))] for b in (real, fake))
        )
        for _ in range(30)
    ]
    assert np.mean(copies) > found.high
    assert found.low < found.value < found.high
    assert found.value - found.low == pytest.approx(found.high - found.value)


def test_intervals_have_a_random_stream_of_their_own():
    before = torch.random.get_rng_state()
    rng = np.random.default_rng(1)
    pair = batch(30, rng), batch(30, rng)
    assert estimated("coverage", *pair) == estimated("coverage", *pair)
    assert torch.equal(before, torch.random.get_rng_state())
    halves = draw_halves(9, 31)
    assert all(len(row.unique()) == len(row) for row in (*halves.real, *halves.fake))
    assert (halves.real.shape[1], halves.fake.shape[1], halves.factor) == (4, 15, 4 / 5)


def test_without_enough_samples_there_is_no_interval():
    rng = np.random.default_rng(1)
    for n in (1, 2, 5, 11):
        assert np.isnan(estimated("coverage", batch(n, rng), batch(n, rng)).low)
    assert np.isnan(estimate(1.0, [2.0]).high)
    assert estimate(0.9, [0.5, 1.3], 1.0, (0.0, 1.0)).high == 1.0
    assert not Estimate(1.0, 0.9, 1.1).is_clear_of(Estimate(2.0))


def test_visible_blobs_of_few_flat_pictures_are_no_perfection():
    flat = coloured_shapes(120, 32)
    few = given(flat.held.images)
    blobs = blur(flat.held.images)
    quality = evaluated(copying(blobs, few), few)
    frechet = quality.values["frechet"]
    assert quality.samples == 60
    assert frechet.interval[0] < frechet.real_interval[1]
    assert not frechet.can_tell
    assert frechet.taken_for_real == ("blurred pictures",)
    [note] = [note for note in quality.notes if "cannot tell" in note]
    assert "Fréchet distance" in note
    assert "60 samples" in note
    assert " ?" in next(line for line in quality.table().split("\n") if line.startswith("Fréchet"))


def test_many_pictures_can_tell():
    many = given(coloured_shapes(1_600, 32).held.images)
    quality = evaluated(copying(many.held.images[::2], many), many, 800)
    for name in ("frechet", "recall", "coverage"):
        assert quality.values[name].can_tell, name
    low, high = quality.values["frechet"].interval
    assert low < quality.values["frechet"].value < high
    blobs = evaluated(copying(blur(many.held.images), many), many, 800).values["frechet"]
    assert blobs.interval[0] > blobs.real_interval[1]


class FromClasses(nn.Module):
    """A conditional generator that shows some real pictures of the class it is asked for."""

    def __init__(self, pixels, labels, each):
        super().__init__()
        self.each = each
        own = [to_samples(pixels[labels == c][:each]) for c in range(10)]
        self.register_buffer("pictures", torch.stack(own))

    def forward(self, z, labels):
        place = ((z[:, 0] + 1) / 2 * self.each).long().clamp(0, self.each - 1)
        return self.pictures[labels, place]


def asked_for(each):
    digits = bundled_digits()
    config = ExperimentConfig(
        dataset=DATASETS.create("mnist"),
        architecture=Architecture(conditional=True, standardise="none"),
    )
    network = FromClasses(digits.images, digits.labels, each).eval()
    frozen = FrozenGenerator.of(config, network, 7, CPU)
    return Evaluation(frozen, config.dataset, digits, 600).run()


def test_a_collapse_inside_every_class_is_seen_class_by_class():
    varied, flat = asked_for(300), asked_for(1)
    assert list(flat.classes) == list(varied.classes) == list("0123456789")
    for name, result in flat.classes.items():
        assert result.values["diversity"].value < 0.05
        assert result.values["coverage"].value < 0.4
        healthy = varied.classes[name].values["diversity"]
        assert healthy.value == pytest.approx(healthy.real_against_real, abs=0.35)
        assert healthy.interval[0] < healthy.value < healthy.interval[1]
        assert healthy.can_tell
        assert varied.classes[name].values["coverage"].value > 0.7
    assert sum(result.samples for result in flat.classes.values()) == 600
    assert "3: diversity" in flat.table()


def test_diversity_by_hand():
    x, y = torch.tensor([[0.0], [1.0], [3.0]]).double(), torch.tensor([[0.0], [1.0]]).double()
    assert diversity(x, y).value == pytest.approx(1 / 2)
    assert np.isnan(diversity(x, y[:1]).value)


def column(values):
    return store_column(pd.DataFrame({"x": values}), "x")[0]


def test_distances_to_a_column_of_few_values_cannot_tell():
    values = np.random.default_rng(0).normal(3, 2, 3_000)
    few, many = column(values[:12]), column(values)
    assert "12 values" in doubt(few, 2_000)
    assert doubt(many, 2_000) is None
    assert doubt(DATASETS.create("normal"), 2_000) is None
    _, mistaken = resolution(DATASETS.create("normal"), 8)
    assert any(mistaken.values())


def test_intervals_of_distances_on_the_line():
    target = DATASETS.create("normal")
    rng = np.random.default_rng(0)
    truth = np.mean(
        [estimates(rng.normal(4.3, 1.25, 200), target)["wasserstein_1"].value for _ in range(60)]
    )
    held = 0
    for _ in range(60):
        found = estimates(rng.normal(4.3, 1.25, 200), target)["wasserstein_1"]
        held += found.low <= truth <= found.high
    assert 51 <= held <= 60


def test_memorised_samples_are_counted_with_an_interval():
    def found(close, of, compared):
        distances = torch.full((of, 1), 5.0)
        distances[:close] = 1.0
        return Neighbors(torch.zeros(of, 1).long(), distances, 4.0, 2.0, 1_000, compared)

    low, high = found(1, 4, 200).close_interval
    assert (low, high) == pytest.approx((0.0456, 0.6994), abs=1e-3)  # Wilson's formula by hand
    assert found(1, 4, 200).can_tell
    assert found(1, 4, 200).expected_close == 0.01
    assert found(1, 4, 15).expected_close == 1 / 16
    assert not found(1, 4, 15).can_tell
    assert found(4, 4, 15).can_tell
