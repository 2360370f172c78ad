"""Where D pushes G's samples: −∂ℓ_G/∂x = −(∂ℓ_G/∂logit) · (∂logit/∂x), sample by sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from gan_core.data.pixels import as_arrays
from gan_core.shapes import Logits, PerSample, PixelArray, Samples, Values
from gan_core.training.gan import Batch, Game
from gan_core.training.monitoring.density_view import as_shown

if TYPE_CHECKING:
    from gan_core.training.trainer import Trainer


@dataclass(frozen=True, eq=False)
class Pushed:
    """The first samples of the next step's batch and the push on each.

    On the line `logit_slope` and `push` have one number a sample, per unit of x; for pictures they
    have the pictures' shape. `answer` is D's output as it is drawn, `loss_slope` ∂ℓ_G/∂logit.
    """

    samples: Values | PixelArray
    answer: Values
    loss_slope: Values
    logit_slope: np.ndarray
    push: np.ndarray
    separate: bool
    """Whether each logit depends on its own sample alone; not where D has batch norm."""


def pushed(trainer: Trainer, n: int) -> Pushed:
    """Return the push on the first `n` samples that the next step will generate."""
    game = trainer.game
    with trainer.lock, game.unseen():
        batch = game.draw()
        slopes = _slopes(game, batch)
    of_logit, push_ = (x[:n].double().cpu().numpy() for x in (slopes.of_logit, -slopes.of_loss))
    if not game.config.dataset.pictures:
        of_logit, push_ = of_logit[:, 0], push_[:, 0]
    return Pushed(
        as_arrays(batch.fake.detach()[:n], game.config.dataset),
        as_shown(game.config, slopes.logits[:n].double().cpu().numpy()),
        slopes.at_logit[:n].double().cpu().numpy(),
        of_logit,
        push_,
        game.separate,
    )


def push(game: Game, batch: Batch) -> Samples:
    """Return −∂ℓ_G,i/∂x_i for the batch's generated samples: where each of them is pushed.

    Of each sample's own loss, so n times the gradient of the mean; per unit of x. Where D has
    batch norm the samples act on each other, and it is the gradient of the sum of all losses.
    """
    with game.unseen():
        return -_slopes(game, batch).of_loss


class Slopes(NamedTuple):
    """D's logits on generated samples; ∂ℓ_G/∂logit, ∂logit/∂x and ∂ℓ_G/∂x, sample by sample."""

    logits: Logits
    at_logit: PerSample
    of_logit: Samples
    of_loss: Samples


def _slopes(game: Game, batch: Batch) -> Slopes:
    fake = batch.fake.detach().requires_grad_()
    bill = game.bill_of_g(replace(batch, fake=fake))
    logits, loss = bill.logits_fake, bill.loss.sum()
    (at_logit,) = torch.autograd.grad(loss, logits, retain_graph=True)
    (of_logit,) = torch.autograd.grad(logits.sum(), fake, retain_graph=True)
    (of_loss,) = torch.autograd.grad(loss, fake)
    return Slopes(logits.detach(), at_logit, of_logit, of_loss)
