"""What a data set is: a law on the line whose density is known, or a set of pictures."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import torch

from gan_core.registry import Component, Registry
from gan_core.shapes import Classes, Grid, Pixels, Samples

DATASETS = Registry("dataset")

Progress = Callable[[float, str], None]
"""Called with a share from 0 to 1 and a sentence."""


@runtime_checkable
class Source(Protocol):
    """Where a trainer draws its real batches from."""

    def batch(self, n: int, rng: torch.Generator) -> Samples:
        """Draw `n` real samples independently, with replacement, on the trainer's device."""


@dataclass(frozen=True)
class Dataset(Component):
    """What the generator shall imitate."""

    pictures: ClassVar[bool] = False
    default_standardise: ClassVar[str] = "none"

    @property
    @abstractmethod
    def sample_shape(self) -> tuple[int, ...]:
        """The shape of one sample: `(1,)`, or `(channels, height, width)`."""

    @property
    def size(self) -> int | None:
        """How many samples there are; None if there is no end of them."""
        return None

    @abstractmethod
    def open(self, device: torch.device) -> Source:
        """Return the source of real batches on `device`.

        Raises:
            ValueError: if the data cannot be had; the sentence says why.
        """


@runtime_checkable
class Law(Protocol):
    """A distribution on the line; scipy's frozen distributions are laws."""

    def pdf(self, x: Grid) -> Grid: ...
    def cdf(self, x: Grid) -> Grid: ...
    def ppf(self, q: Grid) -> Grid: ...
    def mean(self) -> float: ...
    def std(self) -> float: ...
    def stats(self, moments: str) -> tuple[float, float, float]: ...


@dataclass(frozen=True)
class Target(Dataset):
    """A law on the line with known density, distribution function and sampler."""

    default_standardise = "discriminator"

    @property
    def sample_shape(self):
        return (1,)

    @abstractmethod
    def law(self) -> Law:
        """Return density, distribution function, quantiles, mean and standard deviation."""

    @abstractmethod
    def sample(self, n: int, rng: torch.Generator, device: torch.device | str = "cpu") -> Samples:
        """Draw `n` independent numbers, of shape (n, 1), with `rng`, which lives on `device`."""

    def moments(self) -> dict[str, float]:
        """Return mean, standard deviation and skewness; NaN for one that does not exist."""
        mean, variance, skew = self.law().stats(moments="mvs")
        return {"mean": float(mean), "std": float(variance) ** 0.5, "skew": float(skew)}

    def open(self, device):
        return TargetSource(self, device)


@dataclass(frozen=True)
class TargetSource:
    """Fresh draws from a target."""

    target: Target
    device: torch.device

    def batch(self, n: int, rng: torch.Generator) -> Samples:
        return self.target.sample(n, rng, self.device)


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Pictures of one size in memory, with their labels."""

    images: Pixels
    labels: Classes

    def to(self, device: torch.device) -> PictureSet:
        return PictureSet(self.images.to(device), self.labels.to(device))

    def batch(self, n: int, rng: torch.Generator) -> Samples:
        index = torch.randint(len(self.images), (n,), generator=rng, device=self.images.device)
        return self.images[index].float().div_(127.5).sub_(1)
