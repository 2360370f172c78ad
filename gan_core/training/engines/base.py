"""The interface of engines: what the trainer asks of them and what they return."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch

from gan_core.training.algorithm import UpdateResult
from gan_core.training.gan import Batch

ReadStatistics = Callable[[], dict[str, torch.Tensor]]
"""Returns the statistics of an update; they are computed only when they are wanted."""


class StepOutput(NamedTuple):
    """The batch of one or two updates, and access to their statistics."""

    batch: Batch
    d_statistics: ReadStatistics | None = None
    g_statistics: ReadStatistics | None = None
    row: torch.Tensor | None = None
    """All statistics of a whole step in one row, from engines that have it; they overwrite it."""
    update: UpdateResult | None = None
    """The update itself, from the eager engine."""


class Engine(Protocol):
    """Carries out the updates of one run, on its own tensors."""

    name: str
    fuses_updates: bool
    """Whether `finish_step` makes the last update of D, too."""

    def discriminator_step(self) -> StepOutput:
        """Update D on a new batch."""

    def finish_step(self, number: int, batch: Batch | None) -> StepOutput:
        """Update G, which completes step `number`, and its average.

        `batch` is the one that D saw last. Engines that fuse both updates draw a new one instead.
        """
