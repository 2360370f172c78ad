"""Base classes of data sets: distributions on the line with a known density, and images."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import torch

from gan_core.data.class_index import ClassIndex
from gan_core.data.kind import DataKind, kind_named
from gan_core.data.own_data import OwnData
from gan_core.data.pixels import to_samples
from gan_core.registry import Component, Registry
from gan_core.shapes import Classes, Factors, Grid, Pixels, Samples

DATASETS = Registry("dataset")

Progress = Callable[[float, str], None]
"""Function that is called with a fraction from 0 to 1 and a sentence."""


@runtime_checkable
class Preparation(Protocol):
    """Work that is needed once before a data set can be opened, such as a download."""

    title: str
    """Sentence for the page about the missing data."""
    action: str
    """Label of the button, such as `Download 12 MB`."""

    def is_there(self) -> bool: ...

    def run(self, progress: Progress | None = None) -> None:
        """Do the work; if it fails, no file is left.

        Raises:
            ValueError: if it fails; the message gives the reason.
        """


@runtime_checkable
class BatchSource(Protocol):
    """Source of a trainer's real batches."""

    def batch(self, n: int, rng: torch.Generator) -> Samples:
        """Draw `n` real samples independently, with replacement, on the trainer's device."""


@dataclass(frozen=True)
class Dataset(OwnData, Component):
    """A data set: the target that the generator learns to imitate."""

    kind_name: ClassVar[str]
    """Name of its kind of data, one of `gan_core.kinds`."""
    default_standardise: ClassVar[str] = "none"

    @property
    def kind(self) -> DataKind:
        """The data set's kind of data, with all that depends on it."""
        return kind_named(self.kind_name)

    @property
    @abstractmethod
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample: `(1,)`, or `(channels, height, width)`."""

    @property
    def size(self) -> int | None:
        """Number of samples; None if it is unlimited."""
        return None

    def mean_and_std(self) -> tuple[float, float]:
        """Return the mean and standard deviation that may standardize D's input."""
        return 0.0, 1.0

    def compile_stand_in(self) -> dict[str, Any]:
        """Return, as in JSON, the simplest data set that has the same compiled step."""
        return self.to_dict()

    @property
    def preparation(self) -> Preparation | None:
        """Work that is needed before `open`, or None."""
        return None

    @property
    def factors(self) -> Mapping[str, tuple[str, ...]]:
        """Known factors of each picture: factor name → names of its values."""
        return {}

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes for conditional networks; () if there are none."""
        return next(iter(self.factors.values())) if len(self.factors) == 1 else ()

    @abstractmethod
    def open(self, device: torch.device) -> BatchSource:
        """Return the source of real batches on `device`.

        Raises:
            ValueError: if the data are missing; the message gives the reason.
        """


@runtime_checkable
class Distribution(Protocol):
    """A distribution on the line, with the methods of scipy's frozen distributions."""

    def pdf(self, x: Grid) -> Grid: ...
    def cdf(self, x: Grid) -> Grid: ...
    def ppf(self, q: Grid) -> Grid: ...
    def mean(self) -> float: ...
    def std(self) -> float: ...
    def stats(self, moments: str) -> tuple[float, float, float]: ...


@dataclass(frozen=True)
class Distribution1D(Dataset):
    """A distribution on the line with known density, distribution function and sampler."""

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
        """Draw `n` independent numbers, of shape (n, 1); `rng` is on `device`."""

    def moments(self) -> dict[str, float]:
        """Return mean, standard deviation and skewness; NaN if one does not exist."""
        return dict(_moments(self))

    def part(self, index: np.ndarray) -> Distribution1D:
        """Return the target that has only the values at `index`; itself if it has no such."""
        return self

    def open(self, device):
        return DistributionSource(self, device)


@lru_cache(maxsize=64)
def _moments(target: Distribution1D) -> Mapping[str, float]:
    mean, variance, skew = target.distribution().stats(moments="mvs")
    return {"mean": float(mean), "std": float(variance) ** 0.5, "skew": float(skew)}


@dataclass(frozen=True)
class DistributionSource:
    """Source that draws new samples from a distribution."""

    target: Distribution1D
    device: torch.device

    def batch(self, n: int, rng: torch.Generator) -> Samples:
        return self.target.sample(n, rng, self.device)


@runtime_checkable
class ImageSource(BatchSource, Protocol):
    """Source of real pictures with numbers from 0 and, if known, factors."""

    factors: Factors | None
    """Known factors of the pictures: one column per factor in the data set's `factors`."""

    def __len__(self) -> int: ...

    def pixels(self, index: Classes) -> Pixels:
        """Return the pictures at `index`, as they are stored."""

    def labelled_batch(self, n: int, rng: torch.Generator) -> tuple[Samples, Classes]:
        """Draw the same pictures as `batch` would, with each picture's first factor."""

    def batch_of_classes(self, labels: Classes, rng: torch.Generator) -> Samples:
        """Draw a picture of each label's class, with replacement."""


@dataclass(frozen=True)
class ImageDataset(Dataset):
    """A data set of pictures of one size, stored as bytes."""

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
    """Source that draws pictures with replacement by their numbers.

    With `flips`, each picture of a batch is mirrored left to right with probability ½.
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
        """Device of the pictures."""

    @property
    def labels(self) -> Classes:
        """First factor of every picture."""
        return self.factors[:, 0]

    def batch(self, n: int, rng: torch.Generator) -> Samples:
        return self._draw(n, rng)[0]

    def labelled_batch(self, n: int, rng: torch.Generator) -> tuple[Samples, Classes]:
        samples, index = self._draw(n, rng)
        return samples, self.labels[index]

    @cached_property
    def _of_class(self) -> ClassIndex:
        return ClassIndex.of(self.labels)

    def batch_of_classes(self, labels: Classes, rng: torch.Generator) -> Samples:
        return self._samples(self._of_class.draw(labels, rng), rng)

    def _draw(self, n: int, rng: torch.Generator) -> tuple[Samples, Classes]:
        index = torch.randint(len(self), (n,), generator=rng, device=self.device)
        return self._samples(index, rng), index

    def _samples(self, index: Classes, rng: torch.Generator) -> Samples:
        samples = to_samples(self.pixels(index))
        if self.flips:
            mirrored = torch.rand(len(index), generator=rng, device=samples.device) < 0.5
            samples = torch.where(mirrored[:, None, None, None], samples.flip(3), samples)
        return samples


@dataclass(frozen=True, eq=False)
class ImageTensors(StoredImages):
    """Pictures of one size in memory, with their factors."""

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
    """Return whether the data set can be opened now."""
    return dataset.preparation is None


def prepare(dataset: Dataset, progress: Progress | None = None) -> None:
    """Download or compose the missing data of a data set.

    Raises:
        ValueError: if that fails.
    """
    if dataset.preparation is not None:
        dataset.preparation.run(progress)
