"""The output of engines that return the statistics of a whole step as one row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch

from gan_core.training.algorithm import D_STATS, G_STATS
from gan_core.training.engines.base import StepOutput
from gan_core.training.gan import Batch


def fused_output(batch: Batch, row: torch.Tensor, whole: bool) -> StepOutput:
    """Return the output for a row of `D_STATS` and, after a `whole` step, `G_STATS`."""
    g_statistics = partial(_named, G_STATS, row, len(D_STATS)) if whole else None
    d_statistics = partial(_named, D_STATS, row)
    return StepOutput(batch, d_statistics, g_statistics, row if whole else None)


def _named(names: Sequence[str], row: torch.Tensor, first: int = 0) -> dict[str, torch.Tensor]:
    """Return statistics from `first` on, copied: the engine's next call may overwrite them."""
    return dict(zip(names, row[first : first + len(names)].clone(), strict=True))
