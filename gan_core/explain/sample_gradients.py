"""The push of D on each generated sample: −∂ℓ_G/∂x = −(∂ℓ_G/∂logit) · (∂logit/∂x)."""

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

    For 1-D data `dlogit_dx` and `push` have one number per sample, per unit of x; for pictures
    they have the pictures' shape. `d_output` is D's output as it is displayed (a probability
    where the loss has one), `dloss_dlogit` is ∂ℓ_G/∂logit.
    """

    samples: Values | PixelArray
    d_output: Values
    dloss_dlogit: Values
    dlogit_dx: np.ndarray
    push: np.ndarray
    d_is_per_sample: bool
    """Whether each logit depends on its own sample alone; not where D has batch norm."""


def sample_gradients(trainer: Trainer, n: int) -> SampleGradients:
    """Return the push on the first `n` samples on which G would learn now."""
    gan = trainer.gan
    with trainer.lock, gan.no_side_effects():
        batch = gan.generator_batch(gan.sample_batch())
        factors = _chain_factors(gan, batch)
    dlogit_dx, push = (x[:n].double().cpu().numpy() for x in (factors.dlogit_dx, -factors.dloss_dx))
    if gan.config.dataset.sample_shape == (1,):
        dlogit_dx, push = dlogit_dx[:, 0], push[:, 0]
    return SampleGradients(
        gan.config.dataset.kind.to_arrays(batch.fake.detach()[:n]),
        display_output(gan.config, factors.logits[:n].double().cpu().numpy()),
        factors.dloss_dlogit[:n].double().cpu().numpy(),
        dlogit_dx,
        push,
        gan.d_is_per_sample,
    )


def sample_gradient(gan: GAN, batch: Batch) -> Samples:
    """Return −∂ℓ_G,i/∂x_i for each generated sample of the batch, per unit of x.

    It is the gradient of each sample's own loss, so n times that of the mean loss. Where D has
    batch norm the samples influence each other, and it is the gradient of the sum of all losses.
    """
    with gan.no_side_effects():
        return -_chain_factors(gan, batch).dloss_dx


class ChainFactors(NamedTuple):
    """D's logits on generated samples; ∂ℓ_G/∂logit, ∂logit/∂x and ∂ℓ_G/∂x per sample."""

    logits: Logits
    dloss_dlogit: PerSample
    dlogit_dx: Samples
    dloss_dx: Samples


def _chain_factors(gan: GAN, batch: Batch) -> ChainFactors:
    fake = batch.fake.detach().requires_grad_()
    terms = generator_loss(gan, replace(batch, fake=fake))
    logits, loss = terms.fake_logits, terms.loss.sum()
    (dloss_dlogit,) = torch.autograd.grad(loss, logits, retain_graph=True)
    (dlogit_dx,) = torch.autograd.grad(logits.sum(), fake, retain_graph=True)
    (dloss_dx,) = torch.autograd.grad(loss, fake)
    return ChainFactors(logits.detach(), dloss_dlogit, dlogit_dx, dloss_dx)
