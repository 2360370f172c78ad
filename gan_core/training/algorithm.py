"""One training step, written once: Algorithm 1 of Goodfellow et al. 2014 (arXiv:1406.2661).

    repeat n_critic times: discriminator_step     D learns on a new batch
    generator_step                                G learns on the batch that D saw last, or on
                                                  fresh noise (`GAN.generator_batch`)
    update of the average of G (EMA)

Every engine runs these lines: `eager` as they stand, the others as recorded from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch.nn.utils import get_total_norm

from gan_core.losses import Loss
from gan_core.shapes import Logits, Samples
from gan_core.training.gan import GAN, Batch, LossTerms


@runtime_checkable
class GradientDescent(Protocol):
    """The optimizer of one network."""

    parameters: Sequence[torch.Tensor]

    def apply_gradients(self, gradients: Sequence[torch.Tensor]) -> None:
        """Move the parameters by one step, given the gradient for each."""


@dataclass(frozen=True, eq=False)
class UpdateResult:
    """One network's update: the batch, the loss on it, and the gradient, one tensor per weight."""

    batch: Batch
    loss_terms: LossTerms
    gradients: tuple[torch.Tensor, ...]


def discriminator_step(gan: GAN, optimizer: GradientDescent) -> UpdateResult:
    """Update D on new real samples and new noise."""
    batch = gan.sample_batch()  # x ~ p_data, z ~ p_z, G(z)
    loss = discriminator_loss(gan, batch)
    gradients = torch.autograd.grad(loss.total, optimizer.parameters)  # for D's weights only
    optimizer.apply_gradients(gradients)
    gan.config.regularizer.after_update(gan.discriminator)  # weight clipping
    return UpdateResult(batch, loss, gradients)


def generator_step(gan: GAN, optimizer: GradientDescent, batch: Batch) -> UpdateResult:
    """Update G on D's answers to a batch; D stands still."""
    loss = generator_loss(gan, batch)
    gradients = torch.autograd.grad(loss.total, optimizer.parameters)  # for G's only, through D
    optimizer.apply_gradients(gradients)
    return UpdateResult(batch, loss, gradients)


def discriminator_loss(gan: GAN, batch: Batch) -> LossTerms:
    """Return D's loss for telling `real` from `fake`, and the regularizer's penalty."""
    config, regularizer = gan.config, gan.config.regularizer
    real, fake = batch.real.detach(), gan.to_discriminator_input(batch.fake.detach())
    if regularizer.needs_input_grad:
        real, fake = real.requires_grad_(), fake.requires_grad_()
    real_logits, fake_logits = gan.run_discriminator_on_both(
        real, batch.labels, fake, batch.labels, separately=regularizer.needs_input_grad
    )
    loss = config.loss.discriminator(real_logits, fake_logits)  # one value per sample

    def critic(x: Samples) -> Logits:
        """Return D's logits; those of the batch's own samples are known already."""
        if x is real:
            return real_logits
        return fake_logits if x is fake else gan.run_discriminator(x, batch.labels)

    penalty = regularizer.penalty(critic, real, fake, gan.rng["train"])  # R1, GP, … or None
    penalty = loss.new_zeros(()) if penalty is None else penalty.mean()
    return LossTerms(real_logits, fake_logits, loss, penalty)


def generator_loss(gan: GAN, batch: Batch, loss: Loss | None = None) -> LossTerms:
    """Return G's loss on D's answers to `fake`.

    A relativistic loss draws new real samples. Where the networks are told the class, each has the
    class of the generated sample that it is compared with, as in D's loss: whatever D adds to all
    samples of a class then cancels in both. `loss` replaces the experiment's own one.
    """
    loss, fake = loss or gan.config.loss, gan.to_discriminator_input(batch.fake)
    if loss.relativistic:
        real, labels = gan.sample_real_input(len(fake), batch.labels)
        real_logits, fake_logits = gan.run_discriminator_on_both(real, labels, fake, batch.labels)
    else:
        real_logits = fake_logits = gan.run_discriminator(fake, batch.labels)
    per_sample = loss.generator(real_logits, fake_logits)
    return LossTerms(real_logits, fake_logits, per_sample, per_sample.new_zeros(()))


D_STATS = ("loss_d", "penalty", "d_real", "grad_norm_d")
G_STATS = ("loss_g", "d_fake_before", "grad_norm_g")
"""The statistics of an update of D, and of one of G."""


def d_statistics(gan: GAN, update: UpdateResult) -> dict[str, torch.Tensor]:
    """Return the statistics of an update of D, as scalars on the device."""
    terms = update.loss_terms
    values = (
        terms.loss.detach().mean(),
        terms.penalty.detach(),
        gan.mean_output(terms.real_logits),
        get_total_norm(update.gradients),
    )
    return dict(zip(D_STATS, values, strict=True))


def g_statistics(gan: GAN, update: UpdateResult) -> dict[str, torch.Tensor]:
    """Return the statistics of an update of G, as scalars on the device."""
    terms = update.loss_terms
    values = (
        terms.loss.detach().mean(),
        gan.mean_output(terms.fake_logits),
        get_total_norm(update.gradients),
    )
    return dict(zip(G_STATS, values, strict=True))
