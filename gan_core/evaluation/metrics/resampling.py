"""How sure a number is: its interval, from random halves of the samples that it was made of.

A bootstrap draws with replacement. Its copies look like clusters: they raise a Fréchet distance,
shrink every ball around a feature and lower coverage. Halves drawn without replacement have no
copies (the delete-half jackknife: Shao & Wu 1989, Ann. Stat. 17(3), theorem 1; subsampling:
Politis & Romano 1994, Ann. Stat. 22(4)). A distance between halves is larger than between whole
batches, too, but only its spread is used: the interval is centred on the number itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from gan_core.shapes import Rows

LEVEL = 0.95
QUANTILE = 1.96
"""Of the normal distribution, for `LEVEL`."""

HALVES = 40
SEED = 1989


class Halves(NamedTuple):
    """Random halves of two batches: a row of numbers for each, without repetition."""

    real: Rows
    fake: Rows
    factor: float
    """Turns the variance between halves into that of the whole: h / (n − h)."""


class Estimate(NamedTuple):
    """A number and the ends of its interval, which are NaN where there are too few samples.

    In about 95 of 100 repetitions the interval holds the mean of the number over all batches of
    this size.
    """

    value: float
    low: float = math.nan
    high: float = math.nan

    def is_clear_of(self, other: Estimate) -> bool:
        """Return whether the two intervals have no number in common; False if one is unknown."""
        return self.high < other.low or other.high < self.low


def draw_halves(real: int, fake: int, halves: int = HALVES, seed: int = SEED) -> Halves:
    """Return halves of batches of `real` and `fake` samples, from a random stream of their own."""
    rng = torch.Generator().manual_seed(seed)
    rows = [
        torch.stack([torch.randperm(n, generator=rng)[: n // 2] for _ in range(halves)])
        for n in (real, fake)
    ]
    fewer = min(real, fake)
    return Halves(*rows, (fewer // 2) / max(1, fewer - fewer // 2))


def estimate(
    value: float,
    found: Sequence[float],
    factor: float = 1.0,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> Estimate:
    """Return the value with its interval, from what was `found` in halves."""
    if len(found) < 2 or not np.isfinite([value, *found]).all():
        return Estimate(value)
    reach = QUANTILE * math.sqrt(factor * float(np.var(found, ddof=1)))
    low, high = bounds
    return Estimate(
        value, max(value - reach, min(low, value)), min(value + reach, max(high, value))
    )
