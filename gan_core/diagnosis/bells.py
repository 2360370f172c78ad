"""The bells of a mixture: how many samples lie on each of them, and how many between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gan_core.config import ExperimentConfig
from gan_core.data.distributions import NormalMixture
from gan_core.shapes import Values


@dataclass(frozen=True)
class Mode:
    """One mode of a mixture: its share of the target and of the samples."""

    center: float
    share: float
    found: float


def modes_of(config: ExperimentConfig, samples: Values) -> tuple[Mode, ...]:
    """Return the modes of a mixture, if they lie so far apart that each sample belongs to one."""
    target = config.dataset
    if not isinstance(target, NormalMixture) or target.spacing < 4 * target.std:
        return ()
    reach = _reach(target)
    return tuple(
        Mode(center, share, float((np.abs(samples - center) < reach).mean()))
        for center, share in zip(target.centers(), target.shares(), strict=True)
    )


def _reach(target: NormalMixture) -> float:
    """Return how far from its center a sample belongs to a bell."""
    return min(3 * target.std, target.spacing / 2)


def share_between(config: ExperimentConfig, modes: tuple[Mode, ...]) -> float:
    """Return which share of the samples lies on no bell, beyond the target's; 0 without bells."""
    if not modes:
        return 0.0
    reach, law = _reach(config.dataset), config.dataset.distribution()
    centers = np.array([mode.center for mode in modes])
    expected = (law.cdf(centers + reach) - law.cdf(centers - reach)).sum()
    return max(float(expected) - sum(mode.found for mode in modes), 0.0)
