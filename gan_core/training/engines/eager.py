"""The eager engine: the lines of `algorithm.py`, executed as they stand."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from gan_core.networks.stateless import freeze_spectral_norm, stateless_forward
from gan_core.training.algorithm import (
    d_statistics,
    discriminator_step,
    g_statistics,
    generator_step,
)
from gan_core.training.engines.base import StepOutput
from gan_core.training.gan import Batch
from gan_core.training.state import TrainState


class EagerEngine:
    """Takes every update as it is written. Works for every experiment and needs no preparation."""

    name = "eager"
    fuses_updates = False

    def __init__(self, state: TrainState) -> None:
        self._gan, self._optimizers = state.gan, state.optimizers

    def discriminator_step(self) -> StepOutput:
        update = discriminator_step(self._gan, self._optimizers.d)
        read = partial(d_statistics, self._gan, update)
        return StepOutput(update.batch, d_statistics=read, update=update)

    def finish_step(self, number: int, batch: Batch | None) -> StepOutput:
        """As `Engine.finish_step`; without a batch, G is updated on new noise."""
        update = generator_step(self._gan, self._optimizers.g, self._with_fake(batch))
        self._optimizers.update_ema(number)
        read = partial(g_statistics, self._gan, update)
        return StepOutput(update.batch.detach(), g_statistics=read, update=update)

    def _with_fake(self, batch: Batch | None) -> Batch:
        """Return G's batch with its samples, generated again where only their noise is kept."""
        if batch is None:
            return self._gan.sample_fake_batch()
        if self._gan.config.fresh_noise:
            return self._gan.generator_batch(batch)
        if batch.fake is not None:
            return batch
        with freeze_spectral_norm(self._gan.generator) as generator:
            network = stateless_forward(generator)
            return replace(batch, fake=self._gan.generate(batch.z, batch.labels, network))
