"""Distances between numbers that were generated and a target whose law is known."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from scipy.spatial import distance

from gan_core.data import Distribution1D
from gan_core.registry import Component, Registry
from gan_core.shapes import Grid, Values

METRICS = Registry("metric")
JS_BINS = 100
PERFECT_DRAWS = 40


@dataclass(frozen=True)
class Metric1D(Component):
    """A distance: 0 is a perfect match, but n samples of the target itself do not reach it."""

    unit: ClassVar[str] = ""
    highest: ClassVar[float | None] = None

    @abstractmethod
    def measure(self, ordered: Values, target: Distribution1D) -> float:
        """Return the distance of samples, sorted upwards, from the target."""


@METRICS.register(
    "wasserstein_1",
    title="Wasserstein-1",
    paper="Kantorovich 1942; Vallender 1974, Theory Probab. Appl. 18(4)",
    equation=r"W_1=\int|F_g(x)-F_r(x)|\,dx",
)
@dataclass(frozen=True)
class Wasserstein1(Metric1D):
    """How far probability has to be moved on average, in the units of x."""

    unit = "units of x"

    def measure(self, ordered: Values, target: Distribution1D) -> float:
        # On the line the best transport moves the i-th smallest to the i-th quantile.
        return float(np.abs(ordered - midpoint_quantiles(target, len(ordered))).mean())


@METRICS.register(
    "kolmogorov_smirnov",
    title="Kolmogorov–Smirnov",
    paper="Kolmogorov 1933; Smirnov 1948",
    equation=r"\sup_x|F_g(x)-F_r(x)|",
)
@dataclass(frozen=True)
class KolmogorovSmirnov(Metric1D):
    """The largest gap between the two distribution functions."""

    unit = "probability"
    highest = 1.0

    def measure(self, ordered: Values, target: Distribution1D) -> float:
        law, n = target.distribution(), len(ordered)
        above = np.arange(1, n + 1) / n - law.cdf(ordered)
        # Just below a sample, where a law with repeated values has not jumped yet.
        below = law.cdf(np.nextafter(ordered, -np.inf)) - np.arange(n) / n
        return float(max(above.max(), below.max()))


@METRICS.register(
    "jensen_shannon",
    title="Jensen–Shannon",
    paper="Lin 1991, IEEE Trans. Inf. Theory 37(1); section 4.1 of arXiv:1406.2661",
    equation=r"\tfrac12\mathrm{KL}(p_r\Vert m)+\tfrac12\mathrm{KL}(p_g\Vert m)"
    r" \\ m=\tfrac12(p_r+p_g)",
)
@dataclass(frozen=True)
class JensenShannon(Metric1D):
    """The divergence that D's loss measures in the 2014 game; at most log 2, in nats."""

    unit = "nats"
    highest = float(np.log(2))

    def measure(self, ordered: Values, target: Distribution1D) -> float:
        edges, expected = equal_bins(target)
        counts = np.bincount(np.searchsorted(edges, ordered, side="left"), minlength=JS_BINS)
        # scipy returns the square root of the divergence.
        return float(distance.jensenshannon(counts / len(ordered), expected) ** 2)


@lru_cache(maxsize=32)
def midpoint_quantiles(target: Distribution1D, n: int) -> Values:
    """Return the target's quantiles at (i − ½)/n for i = 1 … n."""
    return np.asarray(target.distribution().ppf((np.arange(n) + 0.5) / n), dtype=float)


@lru_cache(maxsize=32)
def equal_bins(target: Distribution1D) -> tuple[Grid, Values]:
    """Return the inner edges of bins that are equally likely, and each bin's true probability.

    A law with repeated values has fewer distinct edges, and bins that are not equal.
    """
    law = target.distribution()
    edges = np.unique(law.ppf(np.arange(1, JS_BINS) / JS_BINS))
    probabilities = np.diff(law.cdf(edges), prepend=0.0, append=1.0)
    return edges, np.pad(probabilities, (0, JS_BINS - len(probabilities)))


def measure(samples: Values, target: Distribution1D) -> dict[str, float]:
    """Return every metric of `samples` against the target, by its registered name.

    Where a sample is not a finite number, every metric is NaN.
    """
    return measure_sorted(np.sort(np.asarray(samples, dtype=float).ravel()), target)


def measure_sorted(ordered: Values, target: Distribution1D) -> dict[str, float]:
    """Return what `measure` does, of samples sorted upwards."""
    if not np.isfinite(ordered[[0, -1]]).all():
        return dict.fromkeys(METRICS.names(), float("nan"))
    return {name: METRICS[name]().measure(ordered, target) for name in METRICS.names()}


class NoiseFloor(NamedTuple):
    """Values of a metric for samples of the target itself."""

    median: float
    high: float
    draws: int


@lru_cache(maxsize=64)
def noise_floor(target: Distribution1D, n: int) -> dict[str, NoiseFloor]:
    """Return median and 95 % quantile of every metric over perfect samples of size `n`."""
    rng = torch.Generator().manual_seed(2014)
    draws = [
        measure(target.sample(n, rng).squeeze(1).numpy(), target) for _ in range(PERFECT_DRAWS)
    ]
    return {
        name: NoiseFloor(
            float(np.median([d[name] for d in draws])),
            float(np.quantile([d[name] for d in draws], 0.95)),
            PERFECT_DRAWS,
        )
        for name in METRICS.names()
    }
