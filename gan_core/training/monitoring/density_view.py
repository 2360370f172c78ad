"""How the axis of a 1-D run is chosen and what is drawn over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

from gan_core.config import ExperimentConfig
from gan_core.data import Distribution1D
from gan_core.losses import Loss
from gan_core.priors import Prior
from gan_core.shapes import Ends, Grid, Values
from gan_core.training.monitoring.snapshot import DensityView

AXIS_POINTS = 300
BINS = 600
MAX_GROWTH = 8
"""How often its first length an axis may get: a run that blows up must not hide the target."""


@dataclass
class PlotAxis:
    """An interval that only grows, so that charts stand still."""

    low: float
    high: float
    widest: float = np.inf

    @classmethod
    def around(cls, target: Distribution1D) -> PlotAxis:
        """Return the interval that holds nearly all of the target, and 0, where G starts."""
        law = target.distribution()
        low, high = law.ppf(np.array([0.001, 0.999]))
        if target.default_standardise != "both":
            low, high = min(low, 0.0), max(high, 0.0)
        margin = 0.08 * (high - low)
        low, high = float(low - margin), float(high + margin)
        return cls(low, high, widest=MAX_GROWTH * (high - low))

    def extend(self, ordered: Values) -> None:
        """Grow, in whole tenths, to hold the middle 98 % of samples sorted upwards."""
        low, high = ordered[[len(ordered) // 100, -1 - len(ordered) // 100]]
        tenth = (self.high - self.low) / 10
        most = (self.widest - (self.high - self.low)) / 2
        if low < self.low:
            self.low -= min(tenth * np.ceil((self.low - low) / tenth), most)
        if high > self.high:
            self.high += min(tenth * np.ceil((high - self.high) / tenth), most)


def kde(samples: Values, axis: PlotAxis) -> Grid:
    """Return a kernel density estimate of `samples`, in any order, at the axis' points.

    Gaussian kernel on a histogram of fine bins; bandwidth 0.9 · min(std, IQR / 1.34) · n^(−1/5)
    (Silverman 1986, eq. 3.31), at least one bin and at most the axis. Samples that are not finite
    count, but lie nowhere.
    """
    n = len(samples)
    samples = samples[np.isfinite(samples)]
    if not len(samples):
        return np.zeros(AXIS_POINTS)
    counts, edges = np.histogram(samples, bins=BINS, range=(axis.low, axis.high))
    width = edges[1] - edges[0]
    quarter, three_quarters = np.quantile(samples, [0.25, 0.75])
    spread = min(samples.std(), (three_quarters - quarter) / 1.34)
    bandwidth = np.clip(0.9 * spread * n**-0.2 / width, 1.0, BINS)
    density = ndimage.gaussian_filter1d(counts / (n * width), bandwidth, mode="constant")
    return np.interp(axis_points(axis), (edges[:-1] + edges[1:]) / 2, density)


def axis_points(axis: PlotAxis) -> Grid:
    return np.linspace(axis.low, axis.high, AXIS_POINTS)


@lru_cache(maxsize=32)
def target_density(target: Distribution1D, low: float, high: float) -> Grid:
    """Return the target's density at the points of the axis from `low` to `high`."""
    density = np.asarray(target.distribution().pdf(axis_points(PlotAxis(low, high))), dtype=float)
    density.flags.writeable = False
    return density


@lru_cache(maxsize=32)
def noise_density(prior: Prior, latent_dim: int) -> tuple[Grid, Grid]:
    """Return points where nearly all of one coordinate of the noise lies, and its density there.

    The density is 0 everywhere for noise that takes a few values only.
    """
    atoms = prior.support(latent_dim)
    if atoms:
        z = np.linspace(1.5 * min(atoms), 1.5 * max(atoms), AXIS_POINTS)
        density = np.zeros_like(z)
    else:
        law = prior.marginal(latent_dim)
        low, high = law.ppf(np.array([0.002, 0.998]))
        margin = 0.06 * (high - low)
        z = np.linspace(low - margin, high + margin, AXIS_POINTS)
        density = np.asarray(law.pdf(z), dtype=float)
    z.flags.writeable = density.flags.writeable = False
    return z, density


def count_distinct(ordered: Values) -> int:
    """Return how many different numbers there are among numbers sorted upwards; NaN is one."""
    missing = np.isnan(ordered)
    numbers = ordered[~missing]
    return int(len(numbers) > 0) + int((numbers[1:] != numbers[:-1]).sum()) + int(missing.any())


def density_view(
    config: ExperimentConfig,
    axis: PlotAxis,
    ordered: Values,
    scores: Callable[[Grid], Grid],
    lines: tuple[Ends, Ends],
) -> DensityView:
    """Return the curves over the axis for samples sorted upwards.

    `scores` gives D's logits at points of the axis; `lines` are values of the noise's first
    coordinate and the samples that G makes of them.
    """
    x = axis_points(axis)
    p_real = target_density(config.dataset, axis.low, axis.high)
    p_fake = kde(ordered, axis)
    logits = scores(x)
    optimal = optimal_logits(config.loss, p_real, p_fake, x, logits)
    z, p_z = noise_density(config.prior, config.latent_dim)
    return DensityView(
        x=x,
        p_real=p_real,
        p_fake=p_fake,
        d=display_output(config, logits),
        d_optimal=None if optimal is None else display_output(config, optimal),
        z=z,
        p_z=p_z,
        atoms=config.prior.support(config.latent_dim),
        lines_z=lines[0],
        lines_x=lines[1],
        distinct=count_distinct(np.round((ordered - axis.low) / (axis.high - axis.low), 6)),
        outside=float(((ordered < axis.low) | (ordered > axis.high)).mean()),
    )


def optimal_logits(loss: Loss, p_real: Grid, p_fake: Grid, x: Grid, logits: Grid) -> Grid | None:
    """Return D*'s output over the axis, None where no closed form is known.

    Of a floating loss any constant may be added: the one is taken that brings D* as close to
    D's `logits` as it can, in the mean square over (p_r + p_g) / 2.
    """
    best = loss.optimal_logit(p_real, p_fake, x)
    if best is None or not loss.shift_invariant:
        return best
    best = np.where(np.isfinite(best), best, np.nan)
    weight = np.where(np.isnan(best), 0.0, p_real + p_fake)
    if not weight.sum() > 0:
        return best
    return best + np.average(np.nan_to_num(logits - best), weights=weight)


def display_output(config: ExperimentConfig, logits: Grid) -> Grid:
    """Return probabilities for a loss that has them, the raw scores otherwise."""
    if not config.loss.is_probabilistic:
        return logits
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-logits))
