"""What a data set is: a law on the line whose density is known, or a set of pictures."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch

from gan_core.data.kind import DataKind, kind_named
from gan_core.data.pixels import to_samples
from gan_core.registry import Component, Registry
from gan_core.shapes import Classes, Factors, Grid, Pixels, Samples

DATASETS = Registry("dataset")

Progress = Callable[[float, str], None]
"""Called with a share from 0 to 1 and a sentence."""


@runtime_checkable
class Preparation(Protocol):
    """What has to be done once before a data set can be opened: a download, a composition."""

    title: str
    """A sentence for the page: what is not there yet."""
    action: str
    """What the button says: `Download 12 MB`."""

    def is_there(self) -> bool: ...

    def run(self, progress: Progress | None = None) -> None:
        """Do it; what breaks off leaves nothing behind.

        Raises:
            ValueError: if it cannot be done; the sentence says why.
        """


@runtime_checkable
class BatchSource(Protocol):
    """Where a trainer draws its real batches from."""

    def batch(self, n: int, rng: torch.Generator) -> Samples:
        """Draw `n` real samples independently, with replacement, on the trainer's device."""


@dataclass(frozen=True)
class Dataset(Component):
    """What the generator shall imitate."""

    kind_name: ClassVar[str]
    """The name of its kind of data, one of `gan_core.kinds`."""
    default_standardise: ClassVar[str] = "none"
    upload_format: ClassVar[str | None] = None
    """How a user brings the data, "table" or "images"; None if they are there already."""

    @property
    def kind(self) -> DataKind:
        """Everything in which kinds of data differ."""
        return kind_named(self.kind_name)

    @property
    @abstractmethod
    def sample_shape(self) -> tuple[int, ...]:
        """The shape of one sample: `(1,)`, or `(channels, height, width)`."""

    @property
    def size(self) -> int | None:
        """How many samples there are; None if there is no end of them."""
        return None

    def mean_and_std(self) -> tuple[float, float]:
        """Return the mean and standard deviation by which D's input may be standardized."""
        return 0.0, 1.0

    def compile_stand_in(self) -> dict[str, Any]:
        """Return the simplest data set, as in JSON, whose compiled step is the same."""
        return self.to_dict()

    @property
    def preparation(self) -> Preparation | None:
        """What has to be done before `open` works, or None if all is there."""
        return None

    @property
    def factors(self) -> Mapping[str, tuple[str, ...]]:
        """What is known of each picture, by the field's name: the names of its values."""
        return {}

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes that networks may be told, or () if there are none."""
        return next(iter(self.factors.values())) if len(self.factors) == 1 else ()

    @abstractmethod
    def open(self, device: torch.device) -> BatchSource:
        """Return the source of real batches on `device`.

        Raises:
            ValueError: if the data cannot be had; the sentence says why.
        """


@runtime_checkable
class Distribution(Protocol):
    """A distribution on the line; scipy's frozen distributions are laws."""

    def pdf(self, x: Grid) -> Grid: ...
    def cdf(self, x: Grid) -> Grid: ...
    def ppf(self, q: Grid) -> Grid: ...
    def mean(self) -> float: ...
    def std(self) -> float: ...
    def stats(self, moments: str) -> tuple[float, float, float]: ...


@dataclass(frozen=True)
class Distribution1D(Dataset):
    """A law on the line with known density, distribution function and sampler."""

    kind_name = "one_dim"
    default_standardise = "discriminator"

    @property
    def sample_shape(self):
        return (1,)

    def mean_and_std(self):
        distribution = self.distribution()
        return float(distribution.mean()), float(distribution.std())

    def compile_stand_in(self):
        return {"name": "normal"}

    @abstractmethod
    def distribution(self) -> Distribution:
        """Return density, distribution function, quantiles, mean and standard deviation."""

    @abstractmethod
    def sample(self, n: int, rng: torch.Generator, device: torch.device | str = "cpu") -> Samples:
        """Draw `n` independent numbers, of shape (n, 1), with `rng`, which lives on `device`."""

    def moments(self) -> dict[str, float]:
        """Return mean, standard deviation and skewness; NaN for one that does not exist."""
        return dict(_moments(self))

    def open(self, device):
        return DistributionSource(self, device)


@lru_cache(maxsize=64)
def _moments(target: Distribution1D) -> Mapping[str, float]:
    mean, variance, skew = target.distribution().stats(moments="mvs")
    return {"mean": float(mean), "std": float(variance) ** 0.5, "skew": float(skew)}


@dataclass(frozen=True)
class DistributionSource:
    """Fresh draws from a target."""

    target: Distribution1D
    device: torch.device

    def batch(self, n: int, rng: torch.Generator) -> Samples:
        return self.target.sample(n, rng, self.device)


@runtime_checkable
class ImageSource(BatchSource, Protocol):
    """Real pictures that can be counted, looked up and, if `factors` says so, told apart."""

    factors: Factors | None
    """What is known of each picture: a column for each of the data set's `factors`."""

    def __len__(self) -> int: ...

    def pixels(self, index: Classes) -> Pixels:
        """Return the pictures at `index`, as they are stored."""

    def labelled_batch(self, n: int, rng: torch.Generator) -> tuple[Samples, Classes]:
        """Draw as `batch` does (the same pictures), with each picture's first factor."""


@dataclass(frozen=True)
class ImageDataset(Dataset):
    """A set of pictures of one size, held as bytes."""

    kind_name = "images"

    @abstractmethod
    def load(self) -> ImageSource:
        """Return the pictures, on the CPU.

        Raises:
            ValueError: if they are not on this machine.
        """

    def open(self, device: torch.device) -> ImageSource:
        return self.load().to(device)


class StoredImages:
    """Batches drawn with replacement from pictures that are looked up by number.

    With `flips`, batches mirror each picture left to right with probability ½.
    """

    factors: Factors | None
    flips: bool = False

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def pixels(self, index: Classes) -> Pixels:
        """Return the pictures at `index`, as they are stored."""

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where the pictures are."""

    @property
    def labels(self) -> Classes:
        """The first factor of every picture."""
        return self.factors[:, 0]

    def batch(self, n: int, rng: torch.Generator) -> Samples:
        return self._draw(n, rng)[0]

    def labelled_batch(self, n: int, rng: torch.Generator) -> tuple[Samples, Classes]:
        samples, index = self._draw(n, rng)
        return samples, self.labels[index]

    def _draw(self, n: int, rng: torch.Generator) -> tuple[Samples, Classes]:
        index = torch.randint(len(self), (n,), generator=rng, device=self.device)
        samples = to_samples(self.pixels(index))
        if self.flips:
            mirrored = torch.rand(n, generator=rng, device=samples.device) < 0.5
            samples = torch.where(mirrored[:, None, None, None], samples.flip(3), samples)
        return samples, index


@dataclass(frozen=True, eq=False)
class ImageTensors(StoredImages):
    """Pictures of one size in memory, and what is known of each."""

    images: Pixels
    factors: Factors | None = None
    flips: bool = False

    def __len__(self) -> int:
        return len(self.images)

    @property
    def device(self):
        return self.images.device

    def to(self, device: torch.device) -> ImageTensors:
        factors = None if self.factors is None else self.factors.to(device)
        return replace(self, images=self.images.to(device), factors=factors)

    def pixels(self, index: Classes) -> Pixels:
        return self.images[index]


def is_ready(dataset: Dataset) -> bool:
    """Say whether the data set can be opened at once."""
    return dataset.preparation is None


def prepare(dataset: Dataset, progress: Progress | None = None) -> None:
    """Download or compose what the data set needs and has not got.

    Raises:
        ValueError: if that fails.
    """
    if dataset.preparation is not None:
        dataset.preparation.run(progress)
