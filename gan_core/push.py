"""Where D pushes G's samples: −∂ℓ_G/∂x = −(∂ℓ_G/∂logit) · (∂logit/∂x), sample by sample."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from gan_core.line_view import as_shown
from gan_core.observer import as_arrays
from gan_core.shapes import PixelArray, Values
from gan_core.trainer import Trainer


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
        fake = batch.fake.detach().requires_grad_()
        bill = game.bill_of_g(replace(batch, fake=fake))
        (of_loss,) = torch.autograd.grad(bill.loss.sum(), bill.logits_fake, retain_graph=True)
        (of_logit,) = torch.autograd.grad(bill.logits_fake.sum(), fake, retain_graph=True)
        (slope,) = torch.autograd.grad(bill.loss.sum(), fake)
    of_logit, push = (x[:n].double().cpu().numpy() for x in (of_logit, -slope))
    if not game.config.dataset.pictures:
        of_logit, push = of_logit[:, 0], push[:, 0]
    logits = bill.logits_fake.detach()[:n].double().cpu().numpy()
    return Pushed(
        as_arrays(fake.detach()[:n], game.config.dataset),
        as_shown(game.config, logits),
        of_loss[:n].double().cpu().numpy(),
        of_logit,
        push,
        game.separate,
    )
