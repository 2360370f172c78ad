"""The classifier that judges digits, trained to the end: what it knows, and which cheats it finds.

Its training takes a minute and its looks a while, without a check of shapes in every call.
"""

import math

import numpy as np
import pytest
import torch

from gan_core.evaluation import probe_network
from gan_core.evaluation.evaluate import as_bytes
from gan_core.evaluation.nearest_neighbors import neighbor_slices
from gan_core.evaluation.probes import ChannelProbe
from gan_core.runtime.tasks import run_to_end
from tests.helpers.images import (
    DIGITS,
    coloured_shapes,
    copying,
    digits_probe,
    evaluated,
    probe_of,
    stacked_digits,
)

pytestmark = pytest.mark.slow


def test_the_digits_probe_knows_digits_that_it_has_not_seen(trained, digits):
    probe = digits_probe()
    assert probe.accuracies["digit"] >= 0.99
    assert (probe.trained_on, probe.held_out) == (4_000, 1_000)
    _, held_out = probe_network.split(digits.labels, 0)
    assert digits.labels[held_out].bincount().tolist() == [100] * 10
    guesses = probe.read(digits.pixels(held_out)).factors[:, 0]
    right = (guesses == digits.labels[held_out]).double().mean().item()
    assert right == pytest.approx(probe.accuracies["digit"], abs=1e-6)
    assert f"{100 * right:.1f} % right on 1,000 held-out" in probe.describe()


@pytest.mark.parametrize("side", [32, 64])
def test_stacked_digits_are_read_channel_by_channel(trained, side):
    stacked = stacked_digits(300, side)
    probe = probe_of(stacked)
    assert isinstance(probe, ChannelProbe)
    assert set(probe.accuracies.values()) == {digits_probe().accuracies["digit"]}
    batch = probe.read(stacked.held.images)
    assert (batch.factors == stacked.held.factors).double().mean() > 0.98
    alone = digits_probe().read(stacked.held.images[:, 1:2, 2:30, 2:30]) if side == 32 else None
    if alone is not None:
        width = alone.features.shape[1]
        torch.testing.assert_close(batch.features[:, width : 2 * width], alone.features)


def test_every_factor_of_coloured_pictures_is_learnt(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_DATA", str(tmp_path))
    monkeypatch.setattr(probe_network, "STEPS", 400)
    probe = probe_of(coloured_shapes(2_000, 32))
    assert set(probe.accuracies) == {"shape", "colour"}
    assert min(probe.accuracies.values()) >= 0.97
    assert "shape" in probe.describe()
    assert "colour" in probe.describe()


def test_real_against_real_is_near_the_floor(trained, digits):
    quality = evaluated(copying(digits.images[::10]))
    floor = {name: measured.real_against_real for name, measured in quality.values.items()}
    assert floor["kernel_distance"] == pytest.approx(0, abs=0.01)
    assert floor["census_kl"] < 0.05
    assert floor["classifier_score"] > 9
    assert floor["sure"] > 0.9
    for name in ("precision", "recall", "density", "coverage"):
        assert floor[name] > 0.75
    # 500 of the pictures themselves are as good as any others.
    for name, measured in quality.values.items():
        assert measured.value == pytest.approx(measured.real_against_real, rel=0.4, abs=0.1), name
    assert 0 <= floor["frechet"] < 2.5


def test_a_generator_that_copies_ten_pictures_is_caught(trained, digits):
    ten = digits.images[::500]
    frozen = copying(ten)
    quality = evaluated(frozen)
    value = {name: measured.value for name, measured in quality.values.items()}
    reference = {name: measured.real_against_real for name, measured in quality.values.items()}
    assert value["recall"] < 0.05 < reference["recall"]
    assert value["coverage"] < 0.2 < reference["coverage"]
    assert value["frechet"] > 3 * reference["frechet"]
    # What it shows is good, and of every class: these do not notice.
    assert value["census_kl"] < 0.05
    assert value["sure"] > 0.9

    pixels = as_bytes(frozen.sample(12, torch.Generator().manual_seed(3)))
    found = run_to_end(neighbor_slices(pixels, digits, digits_probe()))
    for nearest in (found.in_pixels, found.in_features):
        assert nearest.distances[:, 0] == pytest.approx(np.zeros(12), abs=1e-4)
        assert nearest.share_close == 1
        assert nearest.median_distance > nearest.close_threshold > 0
    assert torch.equal(digits.images[found.in_pixels.index[:, 0]], pixels)
    assert torch.equal(digits.images[found.in_features.index[:, 0]], pixels)


def test_a_generator_that_drops_half_of_the_digits_is_caught(trained, digits):
    quality = evaluated(copying(digits.images[:2500]))
    value = {name: measured.value for name, measured in quality.values.items()}
    assert value["census_kl"] == pytest.approx(math.log(2), abs=0.05)
    assert value["coverage"] < 0.6
    assert value["precision"] > 0.7
    assert sum(quality.census["digit"].generated[:5]) > 490
    assert quality.census["digit"].values == DIGITS["digit"]
    assert sum(quality.census["digit"].real) == quality.samples == 500
    assert value["classifier_score"] < 6
