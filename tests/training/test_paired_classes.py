"""A paired loss compares samples of one class, in D's turn and in G's."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from gan_core import Trainer
from gan_core.data.class_index import ClassIndex
from gan_core.training.algorithm import discriminator_loss, generator_loss
from tests.helpers.images import given
from tests.helpers.trainers import config_of

SHARES = (0.6, 0.3, 0.1)


def shades(loss="relativistic_pairing", **changes):
    """Return a trainer on three classes of grey pictures; the shade of a picture is its class."""
    counts = [round(1000 * share) for share in SHARES]
    labels = torch.arange(3).repeat_interleave(torch.tensor(counts))
    images = (100 * labels).to(torch.uint8)[:, None, None, None].expand(-1, 1, 4, 4).contiguous()
    dataset = given(images, labels[:, None], {"shade": ("dark", "grey", "light")})
    config = config_of(loss=loss, latent_dim=3, batch_size=64, **changes)
    parts = replace(config.architecture, standardise="none", conditional=True)
    return Trainer(config.replace(dataset=dataset, architecture=parts))


class ByClass(torch.nn.Module):
    """D, and a number for each class that is added to all of its logits."""

    def __init__(self, network, numbers):
        super().__init__()
        self.network, self.numbers = network, torch.tensor(numbers)

    def forward(self, x, labels):
        return self.network(x, labels) + self.numbers[labels]


def gradients(gan, numbers):
    """Return both losses and the gradient for G's weights, with numbers added to D's logits."""
    with gan.no_side_effects():
        shifted = gan.replace(discriminator=ByClass(gan.discriminator, numbers))
        batch = shifted.sample_batch()
        of_d = discriminator_loss(shifted, batch).loss.mean()
        of_g = generator_loss(shifted, shifted.generator_batch(batch)).loss.mean()
        return of_d.item(), of_g.item(), torch.autograd.grad(of_g, gan.generator.parameters())


@pytest.mark.parametrize("fresh_noise", [False, True])
def test_a_number_added_to_a_class_steers_neither_network(fresh_noise):
    gan = shades(fresh_noise=fresh_noise).gan
    plain, shifted = gradients(gan, [0.0, 0.0, 0.0]), gradients(gan, [3.0, -1.0, 7.0])
    assert shifted[:2] == pytest.approx(plain[:2], abs=1e-5)
    for one, other in zip(plain[2], shifted[2], strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_the_same_numbers_steer_a_loss_that_is_not_paired():
    gan = shades("non_saturating").gan
    plain, shifted = gradients(gan, [0.0, 0.0, 0.0]), gradients(gan, [3.0, -1.0, 7.0])
    assert abs(plain[1] - shifted[1]) > 0.1


def test_g_is_compared_with_real_samples_of_its_classes():
    gan = shades().gan
    labels = torch.tensor([0, 2, 1, 1, 0, 2] * 10)
    real, same = gan.sample_real_input(len(labels), labels)
    assert torch.equal(same, labels)
    torch.testing.assert_close((real.mean((1, 2, 3)) + 1) * 127.5, 100.0 * labels)


def test_every_picture_of_a_class_is_equally_likely():
    labels = torch.tensor([2, 0, 2, 1, 2, 0, 2])
    drawn = ClassIndex.of(labels).draw(torch.full((40_000,), 2), torch.Generator().manual_seed(0))
    counts = np.bincount(drawn.numpy(), minlength=len(labels))
    assert counts[[1, 3, 5]].tolist() == [0, 0, 0]
    assert stats.chisquare(counts[[0, 2, 4, 6]]).pvalue > 0.001


@pytest.mark.parametrize("missing", [1, 3, 9])
def test_a_class_without_pictures_is_drawn_from_all(missing):
    labels = torch.tensor([0, 2, 2, 0])
    drawn = ClassIndex.of(labels).draw(
        torch.full((4_000,), missing), torch.Generator().manual_seed(0)
    )
    assert stats.chisquare(np.bincount(drawn.numpy(), minlength=4)).pvalue > 0.001
