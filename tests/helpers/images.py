"""Pictures and networks with which probes and metrics are tested."""

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from gan_core.config import Architecture, ExperimentConfig
from gan_core.data import DATASETS
from gan_core.data.base import Dataset, ImageTensors
from gan_core.data.mnist import bundled_digits
from gan_core.data.pixels import to_samples
from gan_core.evaluation.evaluate import Evaluation
from gan_core.evaluation.frozen_generator import FrozenGenerator
from gan_core.evaluation.probes import (
    FactorProbe,
    FeatureExtractor,
    classifier_slices,
    probe_slices,
)
from gan_core.evaluation.report import EvaluationReport
from gan_core.runtime.tasks import run_to_end

CPU = torch.device("cpu")
DIGITS = {"digit": tuple("0123456789")}
SHAPES = {"shape": ("square", "disc", "cross"), "colour": ("red", "green", "blue", "yellow")}


@contextmanager
def only_one(lock: Path):
    """Let one process at a time in."""
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            time.sleep(0.5)
    try:
        yield
    finally:
        lock.unlink()


def digits_probe() -> FactorProbe:
    """Return the classifier of the bundled digits, trained if it is not in the data folder."""
    return run_to_end(classifier_slices(DIGITS, bundled_digits(), CPU))


def probe_of(dataset: Dataset) -> FeatureExtractor:
    """Return the probe of a data set, trained if it is not in the data folder."""
    return run_to_end(probe_slices(dataset, dataset.open(CPU), CPU))


@dataclass(frozen=True)
class Given(Dataset):
    """Pictures that a test has made; it is in no menu."""

    name = "given"
    title = "Given"
    kind_name = "images"
    held: ImageTensors | None = None
    names: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def sample_shape(self):
        return tuple(self.held.images.shape[1:])

    @property
    def size(self):
        return len(self.held)

    @property
    def factors(self):
        return dict(self.names)

    def open(self, device):
        return self.held.to(device)


def given(images, factors=None, names=None, **rest) -> Given:
    """Return a data set of these pictures."""
    return Given(ImageTensors(images, factors, **rest), tuple((names or {}).items()))


def stacked_digits(n: int, side: int = 32) -> Given:
    """Three digits, drawn at random, as red, green and blue."""
    digits = bundled_digits()
    index = torch.randint(len(digits), (n, 3), generator=torch.Generator().manual_seed(0))
    images = torch.stack([digits.images[part, 0] for part in index.T], 1)
    images = nn.functional.pad(images, (2, 2, 2, 2))
    if side == 64:
        images = images.repeat_interleave(2, 2).repeat_interleave(2, 3)
    names = dict.fromkeys(("red", "green", "blue"), tuple("0123456789"))
    return given(images, digits.labels[index], names)


def coloured_shapes(n: int, side: int = 64) -> Given:
    """Squares, discs and crosses of four colours, somewhere on grey."""
    rng = torch.Generator().manual_seed(0)
    factors = torch.stack([torch.randint(k, (n,), generator=rng) for k in (3, 4)], 1)
    colours = torch.tensor([[220, 30, 30], [30, 200, 30], [40, 40, 220], [230, 220, 40]])
    across = torch.arange(side)
    images = torch.full((n, 3, side, side), 128, dtype=torch.uint8)
    for i, (shape, colour) in enumerate(factors.tolist()):
        x, y = torch.randint(side // 3, 2 * side // 3, (2,), generator=rng).tolist()
        dx, dy = (across - x).abs()[None, :], (across - y).abs()[:, None]
        inside = (
            (dx < side / 6) & (dy < side / 6),
            dx**2 + dy**2 < (side / 5) ** 2,
            ((dx < side / 16) | (dy < side / 16)) & (dx < side / 5) & (dy < side / 5),
        )[shape]
        images[i][:, inside] = colours[colour][:, None].to(torch.uint8)
    return given(images, factors, SHAPES)


class FromList(nn.Module):
    """A generator that can show a few fixed pictures, and picks one by its noise."""

    def __init__(self, pixels: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("pictures", to_samples(pixels))
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, z):
        # Uniform noise in [-1, 1]; its first number chooses.
        place = ((z[:, 0] + 1) / 2 * len(self.pictures)).long().clamp(0, len(self.pictures) - 1)
        return self.pictures[place]


def copying(
    pixels: torch.Tensor, dataset: str | Dataset = "mnist", step: int = 7
) -> FrozenGenerator:
    """Return a generator that has nothing but these pictures."""
    config = ExperimentConfig(
        dataset=DATASETS.create(dataset) if isinstance(dataset, str) else dataset,
        architecture=replace(Architecture(), standardise="none"),
        batch_size=1,
    )
    return FrozenGenerator.of(config, FromList(pixels).eval(), 7, CPU)


def evaluated(
    frozen: FrozenGenerator, dataset: str | Dataset = "mnist", samples: int = 500
) -> EvaluationReport:
    """Return the numbers of a generator's samples against those of a data set."""
    dataset = DATASETS.create(dataset) if isinstance(dataset, str) else dataset
    return Evaluation(frozen, dataset, dataset.open(CPU), samples).run()
