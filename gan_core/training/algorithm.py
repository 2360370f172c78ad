"""One training step, written once: Algorithm 1 of Goodfellow et al. 2014 (arXiv:1406.2661).

Every engine runs these lines: `eager` as they stand, the others what they were recorded to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.utils import get_total_norm

from gan_core.training.gan import Batch, Bill, Game

Descend = Callable[[torch.Tensor], tuple[torch.Tensor, ...]]
"""Moves one network's weights against the gradient of a number, and returns that gradient."""


@dataclass(frozen=True, eq=False)
class Turn:
    """One network's update: the batch, what it paid for it, and its gradient, a tensor a weight."""

    batch: Batch
    bill: Bill
    gradients: tuple[torch.Tensor, ...]


def turn_of_d(game: Game, descend: Descend) -> Turn:
    """Update D on a fresh batch of real samples and a fresh batch of noise."""
    batch = game.draw()
    bill = game.bill_of_d(batch)
    gradients = descend(bill.objective)
    game.config.regularizer.after_update(game.discriminator)
    return Turn(batch, bill, gradients)


def turn_of_g(game: Game, descend: Descend, batch: Batch) -> Turn:
    """Update G on what D, which stands still, says of a batch."""
    bill = game.bill_of_g(batch)
    return Turn(batch, bill, descend(bill.objective))


OF_D = ("loss_d", "penalty", "d_real", "grad_norm_d")
OF_G = ("loss_g", "d_fake_before", "grad_norm_g")
"""The statistics of D's and of G's update."""


def statistics_of_d(game: Game, turn: Turn) -> dict[str, torch.Tensor]:
    """Return what the history keeps of an update of D, as numbers on the device."""
    found = (
        turn.bill.loss.detach().mean(),
        turn.bill.penalty.detach(),
        game.score(turn.bill.logits_real),
        get_total_norm(turn.gradients),
    )
    return dict(zip(OF_D, found, strict=True))


def statistics_of_g(game: Game, turn: Turn) -> dict[str, torch.Tensor]:
    """Return what the history keeps of an update of G, as numbers on the device."""
    found = (
        turn.bill.loss.detach().mean(),
        game.score(turn.bill.logits_fake),
        get_total_norm(turn.gradients),
    )
    return dict(zip(OF_G, found, strict=True))
