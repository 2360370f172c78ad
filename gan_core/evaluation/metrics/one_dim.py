"""Distances between numbers that were generated and a target whose law is known."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from scipy import stats
from scipy.spatial import distance

from gan_core.data import Distribution1D
from gan_core.registry import Component, Registry
from gan_core.shapes import Draws, Grid, Values

METRICS = Registry("metric")
JS_BINS = 100
PERFECT_DRAWS = 40
"""Draws for the median of perfect samplers, which every chart shows from its first frame."""

QUANTILE, QUANTILE_DRAWS = 0.95, 16_000
"""The upper end of perfect samplers, and the draws that it takes."""

NUMBERS_AT_ONCE = 1_000_000


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
        return float(binned_divergence(ordered[None], target)[0])


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


def binned_divergence(rows: Draws, target: Distribution1D) -> np.ndarray:
    """Return the Jensen–Shannon divergence, in bins, of each row of sorted samples."""
    edges, expected = equal_bins(target)
    below = np.stack([np.searchsorted(ordered, edges, side="right") for ordered in rows])
    counts = np.diff(below, prepend=0, append=rows.shape[1])
    counts = np.pad(counts, ((0, 0), (0, JS_BINS - counts.shape[1])))
    # scipy returns the square root of the divergence.
    return distance.jensenshannon(counts / rows.shape[1], expected[None], axis=1) ** 2


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


@dataclass(frozen=True)
class NoiseFloor:
    """Values of a metric for `n` samples of the target itself: `median` is of `draws` draws."""

    metric: str
    target: Distribution1D
    n: int
    median: float
    draws: int

    @property
    def high(self) -> float:
        """The 95 % quantile: 5 ± 0.5 % of perfect samplers exceed it.

        So sharp a quantile takes thousands of draws, and seconds, when it is first asked for.
        """
        return high_quantiles(self.target, self.n)[self.metric]


@lru_cache(maxsize=64)
def noise_floor(target: Distribution1D, n: int) -> dict[str, NoiseFloor]:
    """Return the values of every metric for perfect samples of size `n`."""
    rng = torch.Generator().manual_seed(2014)
    draws = [
        measure(target.sample(n, rng).squeeze(1).numpy(), target) for _ in range(PERFECT_DRAWS)
    ]
    return {
        name: NoiseFloor(name, target, n, float(np.median([d[name] for d in draws])), PERFECT_DRAWS)
        for name in METRICS.names()
    }


@lru_cache(maxsize=64)
def high_quantiles(target: Distribution1D, n: int) -> dict[str, float]:
    """Return the 95 % quantile of every metric over perfect samples of size `n`.

    The share of perfect samplers beyond it is 5 %, with a standard error of 0.17 %. For a law
    without jumps the quantile of Kolmogorov–Smirnov is known (Simard & L'Ecuyer 2011, J. Stat.
    Soft. 39(11)).
    """
    rng, jumps = torch.Generator().manual_seed(2015), target.size is not None
    found: dict[str, list[float]] = {name: [] for name in METRICS.names()}
    at_once = max(1, min(QUANTILE_DRAWS, NUMBERS_AT_ONCE // n))
    for first in range(0, QUANTILE_DRAWS, at_once):
        count = min(at_once, QUANTILE_DRAWS - first)
        rows = np.sort(target.sample(count * n, rng).numpy().reshape(count, n), axis=1)
        found["wasserstein_1"] += np.abs(rows - midpoint_quantiles(target, n)).mean(1).tolist()
        found["jensen_shannon"] += binned_divergence(rows, target).tolist()
        if jumps:
            gaps = (KolmogorovSmirnov().measure(row, target) for row in rows)
            found["kolmogorov_smirnov"] += gaps
    if not jumps:
        found["kolmogorov_smirnov"] = [float(stats.kstwo.ppf(QUANTILE, n))]
    return {name: float(np.quantile(values, QUANTILE)) for name, values in found.items()}
