"""One training step, written once: Algorithm 1 of Goodfellow et al. 2014 (arXiv:1406.2661).

Every engine runs these lines: `eager` as they stand, the others what they were recorded to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.utils import get_total_norm

from gan_core.training.gan import GAN, Batch, LossTerms

OptimizerStep = Callable[[torch.Tensor], tuple[torch.Tensor, ...]]
"""Moves one network's weights against the gradient of a number, and returns that gradient."""


@dataclass(frozen=True, eq=False)
class UpdateResult:
    """One network's update: the batch, what it paid for it, and its gradient, a tensor a weight."""

    batch: Batch
    loss_terms: LossTerms
    gradients: tuple[torch.Tensor, ...]


def discriminator_step(gan: GAN, descend: OptimizerStep) -> UpdateResult:
    """Update D on a fresh batch of real samples and a fresh batch of noise."""
    batch = gan.sample_batch()
    bill = gan.discriminator_loss(batch)
    gradients = descend(bill.total)
    gan.config.regularizer.after_update(gan.discriminator)
    return UpdateResult(batch, bill, gradients)


def generator_step(gan: GAN, descend: OptimizerStep, batch: Batch) -> UpdateResult:
    """Update G on what D, which stands still, says of a batch."""
    bill = gan.generator_loss(batch)
    return UpdateResult(batch, bill, descend(bill.total))


D_STATS = ("loss_d", "penalty", "d_real", "grad_norm_d")
G_STATS = ("loss_g", "d_fake_before", "grad_norm_g")
"""The statistics of D's and of G's update."""


def d_statistics(gan: GAN, turn: UpdateResult) -> dict[str, torch.Tensor]:
    """Return what the history keeps of an update of D, as numbers on the device."""
    found = (
        turn.loss_terms.loss.detach().mean(),
        turn.loss_terms.penalty.detach(),
        gan.mean_output(turn.loss_terms.real_logits),
        get_total_norm(turn.gradients),
    )
    return dict(zip(D_STATS, found, strict=True))


def g_statistics(gan: GAN, turn: UpdateResult) -> dict[str, torch.Tensor]:
    """Return what the history keeps of an update of G, as numbers on the device."""
    found = (
        turn.loss_terms.loss.detach().mean(),
        gan.mean_output(turn.loss_terms.fake_logits),
        get_total_norm(turn.gradients),
    )
    return dict(zip(G_STATS, found, strict=True))
