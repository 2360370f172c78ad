"""Noise priors p(z): distributions of the generator's input.

Every prior draws independent, identically distributed coordinates, except `sphere`.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import torch
from scipy import stats

from gan_core.registry import Component, Registry, knob
from gan_core.shapes import Latents, Mask

PRIORS = Registry("prior")

TOLERANCE = 1e-4
"""The part of its range by which rounding may move a z."""


@dataclass(frozen=True)
class Prior(Component):
    """A distribution of z in R^latent_dim."""

    isotropic: ClassVar[bool] = False
    """Whether it is the same in all directions; paths between two z are then arcs, not lines."""

    @abstractmethod
    def sample(
        self, n: int, latent_dim: int, rng: torch.Generator, device: torch.device | str = "cpu"
    ) -> Latents:
        """Draw `n` independent vectors; `rng` is on `device`."""

    @abstractmethod
    def marginal(self, latent_dim: int) -> stats.rv_continuous:
        """Return the distribution of one coordinate as a frozen scipy distribution."""

    def support(self, latent_dim: int) -> dict[float, float] | None:
        """Return value → probability of a discrete coordinate; None for a continuous one."""
        return None

    def bounds(self, latent_dim: int) -> tuple[float, float]:
        """Return the least and the greatest value of a coordinate; they may be infinite."""
        low, high = self.marginal(latent_dim).support()
        return float(low), float(high)

    def center(self, latent_dim: int) -> float:
        """Return the mean of a coordinate, or its median where it has no mean (Cauchy)."""
        marginal = self.marginal(latent_dim)
        mean = float(marginal.mean())
        return mean if math.isfinite(mean) else float(marginal.median())

    def clip(self, z: Latents) -> Latents:
        """Return z with every coordinate between its bounds; a z of the prior stays as it is."""
        return z.clamp(*self.bounds(z.shape[1]))

    def contains(self, z: Latents) -> Mask:
        """Return for each z whether the prior could have drawn it, but for rounding."""
        atoms = self.support(z.shape[1])
        if atoms is not None:
            distances = (z[:, :, None] - torch.tensor(list(atoms), device=z.device)).abs()
            return (distances.amin(2) < TOLERANCE * max(map(abs, atoms))).all(1)
        low, high = self.bounds(z.shape[1])
        room = TOLERANCE * (high - low if math.isfinite(high - low) else 1.0)
        return ((z >= low - room) & (z <= high + room)).all(1)


@lru_cache(maxsize=64)
def scipy_frozen(family: stats.rv_continuous, *parameters: Any, **named: Any) -> Any:
    """Return a frozen scipy distribution; cached, because making one takes 0.4 ms."""
    return family(*parameters, **named)


def _empty(n: int, latent_dim: int, device: torch.device | str) -> torch.Tensor:
    return torch.empty(n, latent_dim, device=device)


@PRIORS.register(
    "uniform",
    title="Uniform",
    paper="Goodfellow et al. 2014, arXiv:1406.2661",
    equation=r"p(z)=\tfrac{1}{2a},\quad |z|\le a \\ a=\texttt{half\_width}",
)
@dataclass(frozen=True)
class Uniform(Prior):
    """Every value between two bounds is equally likely; the usual choice of the 2014 paper."""

    half_width: float = knob(1.0, low=0.1, high=10.0, help="z lies between −this and +this.")

    def sample(self, n, latent_dim, rng, device="cpu") -> Latents:
        return _empty(n, latent_dim, device).uniform_(
            -self.half_width, self.half_width, generator=rng
        )

    def marginal(self, latent_dim):
        return scipy_frozen(stats.uniform, -self.half_width, 2 * self.half_width)


@PRIORS.register(
    "gaussian",
    title="Gaussian",
    paper="Radford et al. 2016, arXiv:1511.06434",
    equation=r"p(z)=\frac{1}{\sqrt{2\pi}\,s}\,e^{-z^2/2s^2} \\ s=\texttt{std}",
)
@dataclass(frozen=True)
class Gaussian(Prior):
    """The bell curve around 0, the same in every direction; today's usual choice."""

    isotropic = True
    std: float = knob(1.0, low=0.1, high=10.0, help="Standard deviation of each coordinate.")

    def sample(self, n, latent_dim, rng, device="cpu") -> Latents:
        return _empty(n, latent_dim, device).normal_(0.0, self.std, generator=rng)

    def marginal(self, latent_dim):
        return scipy_frozen(stats.norm, 0.0, self.std)


@PRIORS.register(
    "exponential",
    title="Exponential",
    equation=r"p(z)=\tfrac1b\,e^{-z/b},\quad z\ge 0 \\ b=\texttt{scale}",
)
@dataclass(frozen=True)
class Exponential(Prior):
    """One-sided: many small values, few large ones, none below 0."""

    scale: float = knob(1.0, low=0.1, high=10.0, help="Mean of each coordinate.")

    def sample(self, n, latent_dim, rng, device="cpu") -> Latents:
        return _empty(n, latent_dim, device).exponential_(1 / self.scale, generator=rng)

    def marginal(self, latent_dim):
        return scipy_frozen(stats.expon, scale=self.scale)


@PRIORS.register(
    "laplace",
    title="Laplace",
    equation=r"p(z)=\tfrac1{2b}\,e^{-|z|/b} \\ b=\texttt{scale}",
)
@dataclass(frozen=True)
class Laplace(Prior):
    """A sharp peak at 0 with tails heavier than the Gaussian's."""

    scale: float = knob(1.0, low=0.1, high=10.0, help="Mean distance from 0.")

    def sample(self, n, latent_dim, rng, device="cpu") -> Latents:
        # The difference of two exponentials of the same scale is Laplace.
        rate = 1 / self.scale
        first = _empty(n, latent_dim, device).exponential_(rate, generator=rng)
        return first - _empty(n, latent_dim, device).exponential_(rate, generator=rng)

    def marginal(self, latent_dim):
        return scipy_frozen(stats.laplace, scale=self.scale)


@PRIORS.register(
    "triangular",
    title="Triangular",
    equation=r"p(z)=\frac{a-|z|}{a^2},\quad |z|\le a \\ a=\texttt{half\_width}",
)
@dataclass(frozen=True)
class Triangular(Prior):
    """Falls in a straight line from 0 to both ends: the sum of two uniform numbers."""

    half_width: float = knob(1.0, low=0.1, high=10.0, help="z lies between −this and +this.")

    def sample(self, n, latent_dim, rng, device="cpu") -> Latents:
        half = self.half_width / 2
        first = _empty(n, latent_dim, device).uniform_(-half, half, generator=rng)
        return first + _empty(n, latent_dim, device).uniform_(-half, half, generator=rng)

    def marginal(self, latent_dim):
        return scipy_frozen(stats.triang, 0.5, -self.half_width, 2 * self.half_width)


@PRIORS.register(
    "student_t",
    title="Student's t",
    paper="sampled as in Bailey 1994, Math. Comp. 62(206), eq. 4",
    equation=r"p(z)=c_\nu\Bigl(1+\tfrac{z^2}{\nu}\Bigr)^{-\frac{\nu+1}2}"
    r" \\ c_\nu=\frac{\Gamma(\frac{\nu+1}2)}{\sqrt{\nu\pi}\,\Gamma(\frac\nu2)} \\ \nu=\texttt{df}",
)
@dataclass(frozen=True)
class StudentT(Prior):
    """Heavy tails: now and then a value far out, which the generator has to place somewhere."""

    df: float = knob(
        5.0, low=1.0, high=100.0, label="degrees of freedom", help="Fewer, heavier tails."
    )

    def sample(self, n, latent_dim, rng, device="cpu") -> Latents:
        return sample_student_t((n, latent_dim), self.df, rng, device)

    def marginal(self, latent_dim):
        return scipy_frozen(stats.t, self.df)


@PRIORS.register(
    "bernoulli",
    title="Bernoulli ±1",
    equation=r"P(z=1)=p \\ P(z=-1)=1-p",
)
@dataclass(frozen=True)
class Bernoulli(Prior):
    """A coin a coordinate: G can make no more than 2^latent_dim different samples."""

    p: float = knob(0.5, low=0.01, high=0.99, help="Probability of +1.")

    def sample(self, n, latent_dim, rng, device="cpu") -> Latents:
        return _empty(n, latent_dim, device).bernoulli_(self.p, generator=rng) * 2 - 1

    def marginal(self, latent_dim):
        return stats.rv_discrete(values=([-1, 1], [1 - self.p, self.p]))

    def support(self, latent_dim):
        return {-1.0: 1 - self.p, 1.0: self.p}


@PRIORS.register(
    "sphere",
    title="Sphere",
    paper="White 2016, arXiv:1609.04468",
    equation=r"z=\texttt{radius}\cdot\sqrt{d_z}\;\frac{u}{\lVert u\rVert} \\ u\sim N(0,I)",
)
@dataclass(frozen=True)
class Sphere(Prior):
    """Uniform on a sphere of radius √latent_dim, where high-dimensional Gaussians live anyway."""

    isotropic = True
    radius: float = knob(1.0, low=0.1, high=10.0, help="Radius in units of √latent_dim.")

    def _radius(self, latent_dim: int) -> float:
        return self.radius * math.sqrt(latent_dim)

    def sample(self, n, latent_dim, rng, device="cpu") -> Latents:
        z = _empty(n, latent_dim, device).normal_(generator=rng)
        return torch.nn.functional.normalize(z, dim=1) * self._radius(latent_dim)

    def marginal(self, latent_dim):
        radius = self._radius(latent_dim)
        if latent_dim == 1:
            return stats.rv_discrete(values=([-radius, radius], [0.5, 0.5]))
        shape = (latent_dim - 1) / 2
        return scipy_frozen(stats.beta, shape, shape, loc=-radius, scale=2 * radius)

    def support(self, latent_dim):
        radius = self._radius(latent_dim)
        return {-radius: 0.5, radius: 0.5} if latent_dim == 1 else None

    def clip(self, z):
        return z

    def contains(self, z):
        radius = self._radius(z.shape[1])
        return (z.norm(dim=1) - radius).abs() < TOLERANCE * radius


def sample_student_t(
    shape: tuple[int, ...], df: float, rng: torch.Generator, device: torch.device | str
) -> torch.Tensor:
    """Draw from Student's t with `df` degrees of freedom (Bailey 1994, Math. Comp. 62(206)).

    T = √(df · (U^(−2/df) − 1)) · cos(2πV), with U and V uniform on (0, 1).
    """
    u = 1 - torch.rand(shape, generator=rng, device=device)  # (0, 1]: no division by 0
    v = torch.rand(shape, generator=rng, device=device)
    return torch.sqrt(df * torch.expm1(-2 / df * torch.log(u))) * torch.cos(2 * torch.pi * v)
