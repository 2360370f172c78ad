"""Where D pushes G's samples: −∂ℓ_G/∂x = −(∂ℓ_G/∂logit) · (∂logit/∂x), sample by sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from gan_core.shapes import Logits, PerSample, PixelArray, Samples, Values
from gan_core.training.algorithm import generator_loss
from gan_core.training.gan import GAN, Batch
from gan_core.training.monitoring.density_view import display_output

if TYPE_CHECKING:
    from gan_core.training.trainer import Trainer


@dataclass(frozen=True, eq=False)
class SampleGradients:
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


def sample_gradients(trainer: Trainer, n: int) -> SampleGradients:
    """Return the push on the first `n` samples that the next step will generate."""
    gan = trainer.gan
    with trainer.lock, gan.no_side_effects():
        batch = gan.sample_batch()
        slopes = _slopes(gan, batch)
    of_logit, push_ = (x[:n].double().cpu().numpy() for x in (slopes.of_logit, -slopes.of_loss))
    if gan.config.dataset.sample_shape == (1,):
        of_logit, push_ = of_logit[:, 0], push_[:, 0]
    return SampleGradients(
        gan.config.dataset.kind.to_arrays(batch.fake.detach()[:n]),
        display_output(gan.config, slopes.logits[:n].double().cpu().numpy()),
        slopes.at_logit[:n].double().cpu().numpy(),
        of_logit,
        push_,
        gan.d_is_per_sample,
    )


def sample_gradient(gan: GAN, batch: Batch) -> Samples:
    """Return −∂ℓ_G,i/∂x_i for the batch's generated samples: where each of them is pushed.

    Of each sample's own loss, so n times the gradient of the mean; per unit of x. Where D has
    batch norm the samples act on each other, and it is the gradient of the sum of all losses.
    """
    with gan.no_side_effects():
        return -_slopes(gan, batch).of_loss


class ChainFactors(NamedTuple):
    """D's logits on generated samples; ∂ℓ_G/∂logit, ∂logit/∂x and ∂ℓ_G/∂x, sample by sample."""

    logits: Logits
    at_logit: PerSample
    of_logit: Samples
    of_loss: Samples


def _slopes(gan: GAN, batch: Batch) -> ChainFactors:
    fake = batch.fake.detach().requires_grad_()
    bill = generator_loss(gan, replace(batch, fake=fake))
    logits, loss = bill.fake_logits, bill.loss.sum()
    (at_logit,) = torch.autograd.grad(loss, logits, retain_graph=True)
    (of_logit,) = torch.autograd.grad(logits.sum(), fake, retain_graph=True)
    (of_loss,) = torch.autograd.grad(loss, fake)
    return ChainFactors(logits.detach(), at_logit, of_logit, of_loss)
