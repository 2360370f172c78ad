"""Distributions on the line with a known density."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from scipy import stats

from gan_core.data.base import DATASETS, BatchSource, Distribution1D, Grid
from gan_core.priors import sample_student_t, scipy_frozen
from gan_core.registry import knob
from gan_core.shapes import Samples, Shares


@DATASETS.register(
    "normal",
    title="Normal",
    equation=r"p_r(x)=\frac{1}{\sqrt{2\pi}\,s}\,e^{-(x-m)^2/2s^2}"
    r" \\ m=\texttt{mean},\quad s=\texttt{std}",
)
@dataclass(frozen=True)
class Normal(Distribution1D):
    """The bell curve N(mean, std²)."""

    mean: float = knob(4.0, low=-100.0, high=100.0, help="Centre of the bell.")
    std: float = knob(1.25, low=0.01, high=100.0, help="Standard deviation.")

    def distribution(self):
        return scipy_frozen(stats.norm, self.mean, self.std)

    def sample(self, n, rng, device="cpu") -> Samples:
        return torch.empty(n, 1, device=device).normal_(self.mean, self.std, generator=rng)


@DATASETS.register(
    "normal_mixture",
    title="Mixture of normals",
    equation=r"p_r(x)=\sum_{k=1}^{K}w_k\,N(x;m_k,s^2) \\ m_k=c+\Delta\,(k-\tfrac{K+1}2)"
    r" \\ K=\texttt{modes},\ c=\texttt{center} \\ \Delta=\texttt{spacing},\ s=\texttt{std}",
)
@dataclass(frozen=True)
class NormalMixture(Distribution1D):
    """Several bells side by side: will the generator find them all?"""

    modes: int = knob(3, low=2, high=5, help="Number of bells.")
    center: float = knob(0.0, low=-100.0, high=100.0, label="centre", help="Midpoint of all bells.")
    spacing: float = knob(4.0, low=0.1, high=50.0, help="Distance from bell to bell.")
    std: float = knob(0.6, low=0.01, high=20.0, help="Standard deviation of each bell.")
    weights: str = knob("", help="Relative weights, such as 3, 1, 1; empty for equal ones.")

    def __post_init__(self):
        super().__post_init__()
        self.shares()

    def shares(self) -> tuple[float, ...]:
        """Return the weights of the bells from left to right; they sum to 1.

        Raises:
            ValueError: unless there are as many positive weights as bells.
        """
        if not self.weights.strip():
            return (1 / self.modes,) * self.modes
        wrong = (
            f"normal_mixture: weights = {self.weights!r} is not {self.modes} positive numbers "
            "separated by commas."
        )
        try:
            weights = [float(word) for word in self.weights.split(",")]
        except ValueError:
            raise ValueError(wrong) from None
        positive = all(w > 0 for w in weights) and sum(weights) < math.inf
        if len(weights) != self.modes or not positive:
            raise ValueError(wrong)
        return tuple(w / sum(weights) for w in weights)

    def centers(self) -> list[float]:
        """Return the means of the bells from left to right."""
        first = self.center - self.spacing * (self.modes - 1) / 2
        return [first + self.spacing * i for i in range(self.modes)]

    def distribution(self):
        return _mixture(self)

    def sample(self, n, rng, device="cpu") -> Samples:
        return self.open(torch.device(device)).batch(n, rng)

    def open(self, device) -> BatchSource:
        shares = torch.tensor(self.shares(), device=device)
        return MixtureSource(shares, torch.tensor(self.centers(), device=device), self.std)


@dataclass(frozen=True, eq=False)
class MixtureSource:
    """Source of a mixture of normals; weights and centers stay on the device."""

    shares: Shares
    centers: torch.Tensor
    std: float

    def batch(self, n: int, rng: torch.Generator) -> Samples:
        which = torch.multinomial(self.shares, n, replacement=True, generator=rng)
        noise = torch.empty(n, device=self.shares.device).normal_(0.0, self.std, generator=rng)
        return (self.centers[which] + noise).unsqueeze(1)


class MixtureLaw:
    """A mixture of normals with the methods of scipy's frozen distributions."""

    def __init__(self, target: NormalMixture) -> None:
        bells = [stats.Normal(mu=mu, sigma=target.std) for mu in target.centers()]
        self._mixture = stats.Mixture(bells, weights=list(target.shares()))

    def pdf(self, x: Grid) -> Grid:
        return self._mixture.pdf(x)

    def cdf(self, x: Grid) -> Grid:
        return self._mixture.cdf(x)

    def ppf(self, q: Grid) -> Grid:
        return self._mixture.icdf(q)

    def mean(self) -> float:
        return float(self._mixture.mean())

    def std(self) -> float:
        return float(self._mixture.standard_deviation())

    def stats(self, moments: str = "mvs") -> tuple[float, float, float]:
        return self.mean(), self.std() ** 2, float(self._mixture.skewness())


@lru_cache(maxsize=64)
def _mixture(target: NormalMixture) -> MixtureLaw:
    return MixtureLaw(target)


@DATASETS.register(
    "uniform",
    title="Uniform",
    equation=r"p_r(x)=\tfrac1w,\quad a\le x\le a+w \\ a=\texttt{low},\quad w=\texttt{width}",
)
@dataclass(frozen=True)
class Uniform(Distribution1D):
    """A box with two hard edges, which smooth networks round off."""

    low: float = knob(2.0, low=-100.0, high=100.0, help="Left edge.")
    width: float = knob(4.0, low=0.01, high=100.0, help="From the left to the right edge.")

    def distribution(self):
        return scipy_frozen(stats.uniform, self.low, self.width)

    def sample(self, n, rng, device="cpu") -> Samples:
        high = self.low + self.width
        return torch.empty(n, 1, device=device).uniform_(self.low, high, generator=rng)


@DATASETS.register(
    "exponential",
    title="Exponential",
    equation=r"p_r(x)=\tfrac1b\,e^{-x/b},\quad x\ge 0 \\ b=\texttt{scale}",
)
@dataclass(frozen=True)
class Exponential(Distribution1D):
    """A wall at 0 and a tail to the right."""

    scale: float = knob(2.0, low=0.01, high=100.0, help="Mean, and standard deviation too.")

    def distribution(self):
        return scipy_frozen(stats.expon, scale=self.scale)

    def sample(self, n, rng, device="cpu") -> Samples:
        return torch.empty(n, 1, device=device).exponential_(1 / self.scale, generator=rng)


@DATASETS.register(
    "lognormal",
    title="Log-normal",
    equation=r"p_r(x)=\frac{1}{\sqrt{2\pi}\,sx}\,e^{-(\ln x-\mu)^2/2s^2}"
    r" \\ x>0,\ \mu=\texttt{mu},\ s=\texttt{sigma}",
)
@dataclass(frozen=True)
class LogNormal(Distribution1D):
    """Positive and skewed, as incomes and file sizes are."""

    mu: float = knob(1.0, low=-3.0, high=3.0, help="Mean of the logarithm.")
    sigma: float = knob(0.5, low=0.05, high=1.0, help="Standard deviation of the logarithm.")

    def distribution(self):
        return scipy_frozen(stats.lognorm, self.sigma, scale=math.exp(self.mu))

    def sample(self, n, rng, device="cpu") -> Samples:
        return torch.empty(n, 1, device=device).log_normal_(self.mu, self.sigma, generator=rng)


@DATASETS.register(
    "student_t",
    title="Student's t",
    equation=r"p_r(x)=\frac{c_\nu}{b}\Bigl(1+\tfrac{t^2}{\nu}\Bigr)^{-\frac{\nu+1}2}"
    r" \\ c_\nu=\frac{\Gamma(\frac{\nu+1}2)}{\sqrt{\nu\pi}\,\Gamma(\frac\nu2)}"
    r" \\ t=(x-m)/b,\quad \nu=\texttt{df} \\ m=\texttt{loc},\quad b=\texttt{scale}",
)
@dataclass(frozen=True)
class StudentT(Distribution1D):
    """A bell with heavy tails: rare samples far out."""

    df: float = knob(
        5.0, low=2.5, high=100.0, label="degrees of freedom", help="Fewer, heavier tails."
    )
    loc: float = knob(0.0, low=-100.0, high=100.0, label="centre", help="Centre of the bell.")
    scale: float = knob(1.0, low=0.01, high=100.0, help="Width.")

    def distribution(self):
        return scipy_frozen(stats.t, self.df, self.loc, self.scale)

    def sample(self, n, rng, device="cpu") -> Samples:
        return self.loc + self.scale * sample_student_t((n, 1), self.df, rng, device)
