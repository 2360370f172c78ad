"""Stacked MNIST: three digits in one color picture, which gives 1,000 countable modes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from gan_core.data.base import DATASETS, ImageDataset, ImageTensors, StoredImages
from gan_core.data.mnist import Mnist
from gan_core.registry import knob
from gan_core.shapes import Factors

TRIPLES = 25_600


@dataclass(frozen=True, eq=False)
class StackedSet(StoredImages):
    """Triples of gray pictures as red, green and blue, composed at each access.

    `triples` holds the numbers of three of `layers` per picture; pixels are repeated `scale` times.
    """

    layers: ImageTensors
    triples: Factors
    scale: int = 1

    def __len__(self) -> int:
        return len(self.triples)

    @property
    def device(self):
        return self.triples.device

    @cached_property
    def factors(self) -> Factors:
        """Classes of the three layers."""
        return self.layers.labels[self.triples]

    def to(self, device: torch.device) -> StackedSet:
        return replace(self, layers=self.layers.to(device), triples=self.triples.to(device))

    def pixels(self, index):
        stacked = self.layers.images[self.triples[index]].squeeze(2)
        if self.scale == 1:
            return stacked
        return stacked.repeat_interleave(self.scale, 2).repeat_interleave(self.scale, 3)


@DATASETS.register(
    "stacked_mnist",
    title="Stacked digits (1,000 modes)",
    paper="Metz et al. 2017, arXiv:1611.02163",
)
@dataclass(frozen=True)
class StackedMnist(ImageDataset):
    """Three MNIST digits as red, green and blue: 25,600 fixed triples for 1,000 numbers."""

    factors = {colour: tuple("0123456789") for colour in ("red", "green", "blue")}
    resolution: int = knob(
        32, choices=(32, 64), help="Pixels a side; 64 repeats each pixel of 32 twice."
    )
    subset: str = knob(
        "bundled", choices=("bundled", "full"), help="From 5,000 digits, or from 60,000 (12 MB)."
    )

    @property
    def digits(self) -> Mnist:
        return Mnist(subset=self.subset, resolution=32)

    @property
    def sample_shape(self):
        return (3, self.resolution, self.resolution)

    @property
    def size(self):
        return TRIPLES

    @property
    def preparation(self):
        return self.digits.preparation

    def load(self):
        layers = self.digits.load()
        triples = np.random.default_rng(0).integers(len(layers), size=(TRIPLES, 3))
        return StackedSet(layers, torch.from_numpy(triples), self.resolution // 32)
