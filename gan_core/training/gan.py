"""The game: two networks, what they play with, and what each of them pays on a batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import nn

from gan_core.config import ExperimentConfig
from gan_core.data import BatchSource
from gan_core.losses import Loss
from gan_core.networks import build_discriminator, build_generator, build_seeded
from gan_core.networks.stateless import Network, preserve_buffers, preserve_rng
from gan_core.runtime.device import to_device
from gan_core.shapes import Classes, Latents, Logits, PerSample, Samples

STREAMS = ("train", "dropout", "sample", "fixed")
"""What draws random numbers; each has a generator of its own, so that looking disturbs nothing."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What a step is made from: noise and what G makes of it, and real samples as D sees them."""

    z: Latents
    labels: Classes | None
    fake: Samples | None
    """G(z) in the units of the data, with G's graph; None if it is to be made again from z."""
    real: Samples | None = None

    def detach(self) -> Batch:
        return self if self.fake is None else replace(self, fake=self.fake.detach())


@dataclass(frozen=True, eq=False)
class LossTerms:
    """What a network pays for a batch.

    `loss` is a value a sample, `penalty` the mean that the regularizer adds to D's loss.
    """

    real_logits: Logits
    fake_logits: Logits
    loss: PerSample
    penalty: torch.Tensor

    @property
    def total(self) -> torch.Tensor:
        """What is minimised: the mean loss and the penalty."""
        return self.loss.mean() + self.penalty


class GAN:
    """The networks, the data and the noise of an experiment; nothing here learns.

    `config` may be replaced by one that differs only in what may change during a run. `source`
    stands in for the data set's own.

    Raises:
        ValueError: if the data set is not there.
    """

    def __init__(
        self,
        config: ExperimentConfig,
        device: torch.device,
        seeds: list[int],
        source: BatchSource | None = None,
    ) -> None:
        self.config = config
        self.device = device
        self.source = source or config.dataset.open(device)
        self.rng = {
            name: torch.Generator(device).manual_seed(seed)
            for name, seed in zip(STREAMS, seeds[2:], strict=True)
        }
        shape, parts = config.dataset.sample_shape, config.architecture
        self.classes = len(config.dataset.classes) if parts.conditional else 0
        generator = build_seeded(
            lambda: build_generator(parts.generator, config.latent_dim, shape, self.classes),
            seeds[0],
        )
        discriminator = build_seeded(
            lambda: build_discriminator(
                parts.discriminator, shape, self.rng["dropout"], self.classes
            ),
            seeds[1],
        )
        self.generator = to_device(generator, device)
        self.discriminator = to_device(discriminator, device)
        self.d_is_per_sample = not any(
            isinstance(m, nn.modules.batchnorm._BatchNorm) for m in self.discriminator.modules()
        )
        """Whether D judges each sample by itself; batch norm mixes them."""
        self.mean, self.std = 0.0, 1.0
        """The target's moments, by which D's input or G's output may be standardised."""
        if not config.dataset.pictures:
            law = config.dataset.distribution()
            self.mean, self.std = float(law.mean()), float(law.std())

    def sample_noise(self, n: int, stream: str = "train") -> Latents:
        return self.config.prior.sample(n, self.config.latent_dim, self.rng[stream], self.device)

    def sample_real(self, n: int) -> tuple[Samples, Classes | None]:
        """Draw real samples, with their classes if the networks are told."""
        if self.classes:
            return self.source.labelled_batch(n, self.rng["train"])
        return self.source.batch(n, self.rng["train"]), None

    def sample_real_input(self, n: int) -> tuple[Samples, Classes | None]:
        """Draw real samples as D is shown them, with their classes if the networks are told."""
        real, labels = self.sample_real(n)
        return self.to_discriminator_input(real), labels

    def sample_labels(self, n: int, stream: str = "train") -> Classes | None:
        """Draw classes, each equally likely, if the networks are told them."""
        if not self.classes:
            return None
        return torch.randint(self.classes, (n,), generator=self.rng[stream], device=self.device)

    def generate(
        self, z: Latents, labels: Classes | None = None, network: Network | None = None
    ) -> Samples:
        """Return G(z) in the units of the data; `network` takes G's place."""
        with self._precision():
            x = (network or self.generator)(*network_inputs(z, labels)).to(z.dtype)
        if self.config.architecture.standardise == "both":
            x = x * self.std + self.mean
        return x

    def standardize(self, x: Samples) -> Samples:
        """Return `x` in the units in which D sees it."""
        if self.config.architecture.standardise == "none":
            return x
        return (x - self.mean) / self.std

    def unstandardize(self, seen: Samples) -> Samples:
        """Undo `standardised`."""
        if self.config.architecture.standardise == "none":
            return seen
        return seen * self.std + self.mean

    def to_discriminator_input(self, x: Samples) -> Samples:
        """Return what D is shown of `x`: standardised, and blurred by instance noise."""
        x = self.standardize(x)
        if self.config.instance_noise:
            noise = torch.empty_like(x).normal_(generator=self.rng["train"])
            x = x + self.config.instance_noise * noise
        return x

    def run_discriminator(self, seen: Samples, labels: Classes | None = None) -> Logits:
        """Return D's logits on what it is shown."""
        with self._precision():
            return self.discriminator(*network_inputs(seen, labels)).to(seen.dtype)

    def _precision(self) -> torch.autocast:
        """Let the networks compute in the precision that the experiment asks for."""
        half = self.config.precision == "bf16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=half)

    def mean_output(self, logits: Logits) -> torch.Tensor:
        """Return the mean probability of being real, or the mean raw score of a critic."""
        logits = logits.detach()
        return (logits.sigmoid() if self.config.loss.is_probabilistic else logits).mean()

    def discriminator_loss(self, batch: Batch) -> LossTerms:
        """Return what D pays for telling `real` from `fake` as well as it does."""
        config, real = self.config, batch.real.detach()
        fake = self.to_discriminator_input(batch.fake.detach())
        needs_input_grad = config.regularizer.needs_input_grad
        if needs_input_grad:
            real, fake = real.requires_grad_(), fake.requires_grad_()
        real_logits, fake_logits = self._logits(
            real, batch.labels, fake, batch.labels, apart=needs_input_grad
        )
        loss = config.loss.discriminator(real_logits, fake_logits)

        def critic(x: Samples) -> Logits:
            """What D has said of the batch's samples it need not say again."""
            if x is real:
                return real_logits
            return fake_logits if x is fake else self.run_discriminator(x, batch.labels)

        penalty = config.regularizer.penalty(critic, real, fake, self.rng["train"])
        penalty = loss.new_zeros(()) if penalty is None else penalty.mean()
        return LossTerms(real_logits, fake_logits, loss, penalty)

    def generator_loss(self, batch: Batch, loss: Loss | None = None) -> LossTerms:
        """Return what G pays for what D says of `fake`; a paired loss draws new real samples.

        `loss` stands in for the experiment's own.
        """
        loss, fake = loss or self.config.loss, self.to_discriminator_input(batch.fake)
        if loss.relativistic:
            real, labels = self.sample_real_input(len(fake))
            real_logits, fake_logits = self._logits(real, labels, fake, batch.labels)
        else:
            real_logits = fake_logits = self.run_discriminator(fake, batch.labels)
        each = loss.generator(real_logits, fake_logits)
        return LossTerms(real_logits, fake_logits, each, each.new_zeros(()))

    def sample_batch(self) -> Batch:
        """Draw what a step is made from."""
        n = self.config.batch_size
        real, labels = self.sample_real_input(n)
        z = self.sample_noise(n)
        return Batch(z, labels, self.generate(z, labels), real)

    def sample_fake_batch(self) -> Batch:
        """Draw what G can be updated on if D has seen nothing since G's last update."""
        z, labels = (
            self.sample_noise(self.config.batch_size),
            self.sample_labels(self.config.batch_size),
        )
        return Batch(z, labels, self.generate(z, labels))

    def _logits(
        self,
        real: Samples,
        of_real: Classes | None,
        fake: Samples,
        of_fake: Classes | None,
        apart: bool = False,
    ) -> tuple[Logits, Logits]:
        """D on both batches: in one pass, unless batch norm would mix their statistics.

        `apart` asks for two, for those who need the derivative of one alone.
        """
        if self.d_is_per_sample and not apart:
            labels = None if of_real is None else torch.cat([of_real, of_fake])
            on_real, on_fake = self.run_discriminator(torch.cat([real, fake]), labels).chunk(2)
            return on_real, on_fake
        return self.run_discriminator(real, of_real), self.run_discriminator(fake, of_fake)

    def peek_batch(self) -> Batch:
        """Return the batch that the next step will draw, without drawing it."""
        with self.no_side_effects():
            return self.sample_batch()

    @contextmanager
    def no_side_effects(self) -> Iterator[None]:
        """Play without a trace in the streams, or in what the networks remember of batches."""
        networks = preserve_buffers(self.generator), preserve_buffers(self.discriminator)
        streams = preserve_rng(self.rng["train"]), preserve_rng(self.rng["dropout"])
        with networks[0], networks[1], streams[0], streams[1]:
            yield


def network_inputs(x: torch.Tensor, labels: Classes | None) -> tuple[torch.Tensor, ...]:
    """Return what a network is called with: its input, and the classes if it is told them."""
    return (x,) if labels is None else (x, labels)
