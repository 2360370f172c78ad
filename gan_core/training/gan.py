"""The game: two networks, what they play with, and what each of them pays on a batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import nn

from gan_core.config import ExperimentConfig
from gan_core.data import Source
from gan_core.losses import Loss
from gan_core.networks import build_discriminator, build_generator, build_seeded
from gan_core.networks.stateless import Network, forgetful, undisturbed
from gan_core.runtime.device import placed
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

    def without_graph(self) -> Batch:
        return self if self.fake is None else replace(self, fake=self.fake.detach())


@dataclass(frozen=True, eq=False)
class Bill:
    """What a network pays for a batch.

    `loss` is a value a sample, `penalty` the mean that the regularizer adds to D's loss.
    """

    logits_real: Logits
    logits_fake: Logits
    loss: PerSample
    penalty: torch.Tensor

    @property
    def objective(self) -> torch.Tensor:
        """What is minimised: the mean loss and the penalty."""
        return self.loss.mean() + self.penalty


class Game:
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
        source: Source | None = None,
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
        self.generator = placed(generator, device)
        self.discriminator = placed(discriminator, device)
        self.separate = not any(
            isinstance(m, nn.modules.batchnorm._BatchNorm) for m in self.discriminator.modules()
        )
        """Whether D judges each sample by itself; batch norm mixes them."""
        self.mean, self.std = 0.0, 1.0
        """The target's moments, by which D's input or G's output may be standardised."""
        if not config.dataset.pictures:
            law = config.dataset.law()
            self.mean, self.std = float(law.mean()), float(law.std())

    def noise(self, n: int, stream: str = "train") -> Latents:
        return self.config.prior.sample(n, self.config.latent_dim, self.rng[stream], self.device)

    def real(self, n: int) -> tuple[Samples, Classes | None]:
        """Draw real samples, with their classes if the networks are told."""
        if self.classes:
            return self.source.labelled_batch(n, self.rng["train"])
        return self.source.batch(n, self.rng["train"]), None

    def real_batch(self, n: int) -> tuple[Samples, Classes | None]:
        """Draw real samples as D is shown them, with their classes if the networks are told."""
        real, labels = self.real(n)
        return self.seen_by_d(real), labels

    def any_classes(self, n: int, stream: str = "train") -> Classes | None:
        """Draw classes, each equally likely, if the networks are told them."""
        if not self.classes:
            return None
        return torch.randint(self.classes, (n,), generator=self.rng[stream], device=self.device)

    def generate(
        self, z: Latents, labels: Classes | None = None, network: Network | None = None
    ) -> Samples:
        """Return G(z) in the units of the data; `network` takes G's place."""
        with self._precision():
            x = (network or self.generator)(*told(z, labels)).to(z.dtype)
        if self.config.architecture.standardise == "both":
            x = x * self.std + self.mean
        return x

    def standardised(self, x: Samples) -> Samples:
        """Return `x` in the units in which D sees it."""
        if self.config.architecture.standardise == "none":
            return x
        return (x - self.mean) / self.std

    def in_data_units(self, seen: Samples) -> Samples:
        """Undo `standardised`."""
        if self.config.architecture.standardise == "none":
            return seen
        return seen * self.std + self.mean

    def seen_by_d(self, x: Samples) -> Samples:
        """Return what D is shown of `x`: standardised, and blurred by instance noise."""
        x = self.standardised(x)
        if self.config.instance_noise:
            noise = torch.empty_like(x).normal_(generator=self.rng["train"])
            x = x + self.config.instance_noise * noise
        return x

    def judge(self, seen: Samples, labels: Classes | None = None) -> Logits:
        """Return D's logits on what it is shown."""
        with self._precision():
            return self.discriminator(*told(seen, labels)).to(seen.dtype)

    def _precision(self) -> torch.autocast:
        """Let the networks compute in the precision that the experiment asks for."""
        half = self.config.precision == "bf16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=half)

    def score(self, logits: Logits) -> torch.Tensor:
        """Return the mean probability of being real, or the mean raw score of a critic."""
        logits = logits.detach()
        return (logits.sigmoid() if self.config.loss.probability else logits).mean()

    def bill_of_d(self, batch: Batch) -> Bill:
        """Return what D pays for telling `real` from `fake` as well as it does."""
        config, real = self.config, batch.real.detach()
        fake = self.seen_by_d(batch.fake.detach())
        at_samples = config.regularizer.at_samples
        if at_samples:
            real, fake = real.requires_grad_(), fake.requires_grad_()
        logits_real, logits_fake = self._logits(
            real, batch.labels, fake, batch.labels, apart=at_samples
        )
        loss = config.loss.discriminator(logits_real, logits_fake)

        def critic(x: Samples) -> Logits:
            """What D has said of the batch's samples it need not say again."""
            if x is real:
                return logits_real
            return logits_fake if x is fake else self.judge(x, batch.labels)

        penalty = config.regularizer.penalty(critic, real, fake, self.rng["train"])
        penalty = loss.new_zeros(()) if penalty is None else penalty.mean()
        return Bill(logits_real, logits_fake, loss, penalty)

    def bill_of_g(self, batch: Batch, loss: Loss | None = None) -> Bill:
        """Return what G pays for what D says of `fake`; a paired loss draws new real samples.

        `loss` stands in for the experiment's own.
        """
        loss, fake = loss or self.config.loss, self.seen_by_d(batch.fake)
        if loss.paired:
            real, labels = self.real_batch(len(fake))
            logits_real, logits_fake = self._logits(real, labels, fake, batch.labels)
        else:
            logits_real = logits_fake = self.judge(fake, batch.labels)
        each = loss.generator(logits_real, logits_fake)
        return Bill(logits_real, logits_fake, each, each.new_zeros(()))

    def draw(self) -> Batch:
        """Draw what a step is made from."""
        n = self.config.batch_size
        real, labels = self.real_batch(n)
        z = self.noise(n)
        return Batch(z, labels, self.generate(z, labels), real)

    def draw_noise_alone(self) -> Batch:
        """Draw what G can be updated on if D has seen nothing since G's last update."""
        z, labels = self.noise(self.config.batch_size), self.any_classes(self.config.batch_size)
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
        if self.separate and not apart:
            labels = None if of_real is None else torch.cat([of_real, of_fake])
            on_real, on_fake = self.judge(torch.cat([real, fake]), labels).chunk(2)
            return on_real, on_fake
        return self.judge(real, of_real), self.judge(fake, of_fake)

    def next_batch(self) -> Batch:
        """Return the batch that the next step will draw, without drawing it."""
        with self.unseen():
            return self.draw()

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """Play without a trace in the streams, or in what the networks remember of batches."""
        networks = forgetful(self.generator), forgetful(self.discriminator)
        streams = undisturbed(self.rng["train"]), undisturbed(self.rng["dropout"])
        with networks[0], networks[1], streams[0], streams[1]:
            yield


def told(x: torch.Tensor, labels: Classes | None) -> tuple[torch.Tensor, ...]:
    """Return what a network is called with: its input, and the classes if it is told them."""
    return (x,) if labels is None else (x, labels)
