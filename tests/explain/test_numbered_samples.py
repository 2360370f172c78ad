"""Ways between the numbered samples of a run: they begin and end at the samples themselves."""

import numpy as np
import pytest
import torch

from gan_core import ExperimentConfig, Trainer
from gan_core.data.pixels import to_uint8
from gan_core.explain import latent_space
from gan_core.explain.numbered_samples import NumberedSamples
from tests.helpers.experiments import BY_CLASS, DIGITS

PRIORS = ({"name": "gaussian"}, {"name": "uniform"}, {"name": "exponential", "scale": 2.0})
EVERY_RUN = pytest.mark.parametrize(
    "experiment",
    [
        setup | {"prior": prior, "ema_decay": decay}
        for setup, prior, decay in (
            (DIGITS, PRIORS[0], 0.9),
            (DIGITS, PRIORS[2], 0.0),
            (BY_CLASS, PRIORS[0], 0.9),
            (BY_CLASS, PRIORS[1], 0.0),
        )
    ],
    ids=["digits", "skewed noise, no average", "by class", "by class, no average"],
)


def numbered(experiment, label=None):
    trainer = Trainer(ExperimentConfig.from_dict(experiment), "cpu", "eager")
    trainer.step(2)
    return trainer, NumberedSamples(trainer, label)


def assert_is_sample(samples, points, place, number):
    assert torch.equal(points.z[place], samples.z[number])
    if points.classes is not None:
        assert torch.equal(points.classes[place], samples.classes[number])


@EVERY_RUN
def test_ways_hold_their_samples_to_the_last_bit(experiment):
    trainer, samples = numbered(experiment)
    pictures = samples.pictures()
    assert np.array_equal(pictures, trainer.snapshot().samples)
    whole = samples.truncate(1.0), list(range(64)), list(range(64))
    for points, places, numbers in (
        (samples.walk(0, 1, 16), [0, 15], [0, 1]),
        (samples.walk(63, 63, 7), list(range(7)), [63] * 7),
        (samples.sheet([4, 9, 2], 8), [0, 7, 56], [4, 9, 2]),
        (samples.arithmetic([4], [9], [2]), [0, 1, 2], [4, 9, 2]),
        (samples.arithmetic([4, 5], [4, 5], [2]), [2, 3], [2, 2]),
        whole,
    ):
        for place, number in zip(places, numbers, strict=True):
            assert_is_sample(samples, points, place, number)
        drawn = samples.draw(points, pictures)
        assert np.array_equal(drawn[places], pictures[numbers])
        # All points are what G makes of them, up to a last bit.
        made = to_uint8(trainer.generate(points.z, points.classes))
        assert np.abs(drawn.astype(int) - made).max() <= 1


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_a_class_that_is_chosen_holds_for_all_samples(decay):
    trainer, samples = numbered(BY_CLASS | {"ema_decay": decay}, label=7)
    pictures = samples.pictures()
    sevens = torch.full((64,), 7)
    assert np.array_equal(pictures, to_uint8(trainer.generate(trainer.fixed_z, sevens)))
    drawn = samples.draw(samples.walk(3, 5, 16), pictures)
    assert np.array_equal(drawn[[0, 15]], pictures[[3, 5]])
    assert samples.classes.unique(dim=0).shape[0] == 1


def test_a_class_goes_in_a_straight_line_from_one_sample_s_to_another_s():
    trainer, samples = numbered(BY_CLASS)
    known = trainer.ema.network.embedding.weight
    walk = samples.walk(0, 1, 5)
    for i, row in enumerate(walk.classes):
        torch.testing.assert_close(row, (1 - i / 4) * known[0] + i / 4 * known[1])
    corner = samples.sheet([0, 1, 2], 3).classes[8]
    torch.testing.assert_close(corner, known[1] + known[2] - known[0])
    total = samples.arithmetic([0, 10], [1], [2]).classes
    torch.testing.assert_close(total, torch.stack([*known[:3], known[0] - known[1] + known[2]]))
    assert torch.equal(samples.truncate(0.3).classes, known[trainer.fixed_labels])


def test_z_goes_the_way_that_suits_the_prior():
    trainer, samples = numbered(BY_CLASS)
    prior, z = trainer.config.prior, samples.z
    expected = latent_space.walk(prior, z[[4]], z[[9]], 16)
    assert torch.equal(samples.walk(4, 9, 16).z, expected)
    expected = latent_space.sheet(prior, z[[4, 9, 2]], 8)
    assert torch.equal(samples.sheet([4, 9, 2], 8).z, expected)
    assert torch.equal(samples.truncate(0.5).z, latent_space.truncate(prior, z, 0.5))


def test_without_classes_nothing_is_told():
    _, samples = numbered(DIGITS)
    assert samples.classes is None
    assert samples.walk(0, 1, 3).classes is None
