"""Losses as functions of D's logit, the logits of a batch, and the gradient that G gets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.utils import get_total_norm

from gan_core.losses import Loss
from gan_core.shapes import Grid, Logits, Values
from gan_core.training.algorithm import generator_loss
from gan_core.training.gan import GAN, Batch

CURVE_POINTS = 161
REACH = 4.0
"""The curves are drawn at least from minus this logit to this one."""


@dataclass(frozen=True, eq=False)
class LossView:
    """The curves of a loss over the logit, and the logits and losses of a batch.

    `d_of_real` and `d_of_fake` are D's loss on a pair of samples: the real (or generated) one has
    the logit of the axis, the other one the batch's mean logit. `g` is G's loss on a generated
    sample of that logit, `slope_g` is dℓ_G/dlogit. The fields after them belong to the batch.
    """

    logit: Grid
    d_of_real: Grid
    d_of_fake: Grid
    g: Grid
    slope_g: Grid
    real: Values
    fake: Values
    real_costs_d: Values
    fake_costs_d: Values
    fake_costs_g: Values
    fake_slopes_g: Values


def loss_view(loss: Loss, real: Logits, fake: Logits) -> LossView:
    """Return `loss` over an interval that holds all of the batch's logits."""
    real, fake = real.detach().double().cpu(), fake.detach().double().cpu()
    both = torch.cat([real, fake])
    low, high = min(both.min().item(), -REACH), max(both.max().item(), REACH)
    mean_real, mean_fake = real.mean(), fake.mean()
    t = torch.linspace(low, high, CURVE_POINTS, dtype=torch.float64)

    arrays = {
        "logit": t,
        "d_of_real": loss.discriminator(t, mean_fake.expand_as(t)),
        "d_of_fake": loss.discriminator(mean_real.expand_as(t), t),
        "g": loss.generator(mean_real.expand_as(t), t),
        "slope_g": slope_of_g(loss, mean_real.expand_as(t), t),
        "real": real,
        "fake": fake,
        "real_costs_d": loss.discriminator(real, mean_fake.expand_as(real)),
        "fake_costs_d": loss.discriminator(mean_real.expand_as(fake), fake),
        "fake_costs_g": loss.generator(mean_real.expand_as(fake), fake),
        "fake_slopes_g": slope_of_g(loss, mean_real.expand_as(fake), fake),
    }
    return LossView(**{name: np.asarray(value) for name, value in arrays.items()})


def slope_of_g(loss: Loss, real: Logits, fake: Logits) -> Logits:
    """Return dℓ_G/dlogit at every generated logit."""
    fake = fake.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(loss.generator(real, fake).sum(), fake)
    return slope


def gradient_of_g(gan: GAN, batch: Batch, losses: list[Loss]) -> list[float]:
    """Return ‖∇L_G‖ over G's weights that each loss would give on this batch.

    `batch.fake` carries G's graph. Takes one backward pass per loss.
    """
    weights = list(gan.generator.parameters())
    norms = []
    for loss in losses:
        objective = generator_loss(gan, batch, loss).total
        gradients = torch.autograd.grad(objective, weights, retain_graph=True)
        norms.append(get_total_norm(gradients).item())
    return norms
