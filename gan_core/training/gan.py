"""The GAN of an experiment: both networks, the data, the noise and their random streams.

Nothing here learns. Batches are drawn here, and networks are run here; the losses on them stand in
`algorithm.py`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from gan_core.config import ExperimentConfig
from gan_core.data import BatchSource
from gan_core.networks import build_discriminator, build_generator, build_seeded
from gan_core.networks.stateless import Network, preserve_buffers, preserve_rng
from gan_core.runtime.device import to_device
from gan_core.shapes import Classes, Condition, Latents, Logits, PerSample, Samples

STREAMS = ("train", "dropout", "sample", "fixed")
"""The uses of random numbers. Each has a generator of its own, so that looking at a run does not
change its training.
"""


@dataclass(frozen=True, eq=False)
class Batch:
    """The noise of a step, what G makes of it, and real samples as D's input."""

    z: Latents
    labels: Classes | None
    fake: Samples | None
    """G(z) in the units of the data, with G's graph; None if it is to be generated again from z."""
    real: Samples | None = None

    def detach(self) -> Batch:
        """Return the batch without G's graph."""
        return self if self.fake is None else replace(self, fake=self.fake.detach())


@dataclass(frozen=True, eq=False)
class LossTerms:
    """The loss of one network on one batch.

    `loss` has one value per sample; `penalty` is the mean that the regularizer adds to D's loss.
    """

    real_logits: Logits
    fake_logits: Logits
    loss: PerSample
    penalty: torch.Tensor

    @property
    def total(self) -> torch.Tensor:
        """The number that is minimized: the mean loss plus the penalty."""
        return self.loss.mean() + self.penalty


class GAN:
    """Generator, discriminator, data and noise of an experiment.

    `config` may be replaced by one that differs only in settings that may change during a run.
    `source` replaces the data set's own one.

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
        """Whether D's logit of a sample depends on that sample alone; batch norm mixes them."""
        self.mean, self.std = config.dataset.mean_and_std()

    def replace(self, **parts: Any) -> GAN:
        """Return a GAN that shares everything with this one except the attributes given here."""
        made = copy.copy(self)
        vars(made).update(parts)
        return made

    def share(self, other: GAN) -> None:
        """Take over all attributes of another GAN; a subclass then replaces some of them."""
        vars(self).update(vars(other))

    def sample_noise(self, n: int, stream: str = "train") -> Latents:
        """Draw `n` noise vectors z from the prior."""
        return self.config.prior.sample(n, self.config.latent_dim, self.rng[stream], self.device)

    def sample_real(self, n: int, labels: Classes | None = None) -> tuple[Samples, Classes | None]:
        """Draw real samples, with their classes if the networks are conditional.

        With `labels` each sample is of the class that is named for it.
        """
        if labels is not None:
            return self.source.batch_of_classes(labels, self.rng["train"]), labels
        if self.classes:
            return self.source.labelled_batch(n, self.rng["train"])
        return self.source.batch(n, self.rng["train"]), None

    def sample_real_input(
        self, n: int, labels: Classes | None = None
    ) -> tuple[Samples, Classes | None]:
        """Draw real samples as D's input, as `sample_real` does."""
        real, labels = self.sample_real(n, labels)
        return self.to_discriminator_input(real), labels

    def sample_labels(self, n: int, stream: str = "train") -> Classes | None:
        """Draw classes, each equally likely, if the networks are conditional."""
        if not self.classes:
            return None
        return torch.randint(self.classes, (n,), generator=self.rng[stream], device=self.device)

    def sample_batch(self) -> Batch:
        """Draw the real and the generated samples of a step."""
        n = self.config.batch_size
        real, labels = self.sample_real_input(n)
        z = self.sample_noise(n)
        return Batch(z, labels, self.generate(z, labels), real)

    def sample_fake_batch(self) -> Batch:
        """Draw generated samples alone, for an update of G that no update of D came before."""
        n = self.config.batch_size
        z, labels = self.sample_noise(n), self.sample_labels(n)
        return Batch(z, labels, self.generate(z, labels))

    def generator_batch(self, batch: Batch) -> Batch:
        """Return the batch on which G learns after D has learned on `batch`.

        It is the same one, or with `fresh_noise` one of new noise and the same classes, as in
        Algorithm 1.
        """
        if not self.config.fresh_noise:
            return batch
        z = self.sample_noise(len(batch.z))
        return Batch(z, batch.labels, self.generate(z, batch.labels))

    def peek_batch(self) -> Batch:
        """Return the batch that the next step will draw, without drawing it."""
        with self.no_side_effects():
            return self.sample_batch()

    def generate(
        self, z: Latents, labels: Condition | None = None, network: Network | None = None
    ) -> Samples:
        """Return G(z) in the units of the data; `network` takes G's place."""
        with self._precision():
            x = (network or self.generator)(*network_inputs(z, labels)).to(z.dtype)
        if self.config.architecture.standardise == "both":
            x = x * self.std + self.mean
        return x

    def standardize(self, x: Samples) -> Samples:
        """Return `x` in the units of D's input: (x − mean) / std, if the experiment wants that."""
        if self.config.architecture.standardise == "none":
            return x
        return (x - self.mean) / self.std

    def unstandardize(self, x: Samples) -> Samples:
        """Return D's input in the units of the data; the inverse of `standardize`."""
        if self.config.architecture.standardise == "none":
            return x
        return x * self.std + self.mean

    def to_discriminator_input(self, x: Samples) -> Samples:
        """Return D's input for samples: standardized, with instance noise added."""
        x = self.standardize(x)
        if self.config.instance_noise:
            noise = torch.empty_like(x).normal_(generator=self.rng["train"])
            x = x + self.config.instance_noise * noise
        return x

    def run_discriminator(self, x: Samples, labels: Classes | None = None) -> Logits:
        """Return D's logits on its input."""
        with self._precision():
            return self.discriminator(*network_inputs(x, labels)).to(x.dtype)

    def run_discriminator_on_both(
        self,
        real: Samples,
        real_labels: Classes | None,
        fake: Samples,
        fake_labels: Classes | None,
        separately: bool = False,
    ) -> tuple[Logits, Logits]:
        """Return D's logits on real and on generated input.

        One pass does both, unless batch norm would mix their statistics, or `separately` asks for
        two passes: the derivative by one of the inputs is then that of its own pass.
        """
        if self.d_is_per_sample and not separately:
            labels = None if real_labels is None else torch.cat([real_labels, fake_labels])
            both = self.run_discriminator(torch.cat([real, fake]), labels)
            real_logits, fake_logits = both.chunk(2)
            return real_logits, fake_logits
        return self.run_discriminator(real, real_labels), self.run_discriminator(fake, fake_labels)

    def mean_output(self, logits: Logits) -> torch.Tensor:
        """Return the mean probability of being real, or the mean raw score of a critic."""
        logits = logits.detach()
        return (logits.sigmoid() if self.config.loss.is_probabilistic else logits).mean()

    @contextmanager
    def no_side_effects(self) -> Iterator[None]:
        """Restore random streams and the networks' buffers at the end of the block."""
        networks = preserve_buffers(self.generator), preserve_buffers(self.discriminator)
        streams = preserve_rng(self.rng["train"]), preserve_rng(self.rng["dropout"])
        with networks[0], networks[1], streams[0], streams[1]:
            yield

    def _precision(self) -> torch.autocast:
        """Let the networks compute in the precision that the experiment asks for."""
        half = self.config.precision == "bf16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=half)


def network_inputs(x: torch.Tensor, labels: Condition | None) -> tuple[torch.Tensor, ...]:
    """Return the arguments of a network: its input, and the classes if it is conditional."""
    return (x,) if labels is None else (x, labels)
