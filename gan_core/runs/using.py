"""What can be done with a run's folder beside training; and what has to be there before it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from gan_core.data import Dataset
from gan_core.data.base import Progress
from gan_core.device import resolve_device
from gan_core.export import sample_pixels
from gan_core.frozen import load_generator
from gan_core.grids import grid
from gan_core.runs.folder import GENERATOR, RunFolder, find
from gan_core.trainer import Trainer


def located(run: str) -> RunFolder:
    """Return the run that somebody at this machine means: by its folder, or by its id.

    Raises:
        ValueError: if there is none.
    """
    if Path(run).is_dir():
        return RunFolder(Path(run))
    found = find(run)
    if found is None:
        raise ValueError(f"{run} is neither the folder of a run nor the id of one.")
    return found


def is_ready(dataset: Dataset) -> bool:
    """Say whether the data set can be opened at once."""
    return dataset.preparation is None


def prepare(dataset: Dataset, progress: Progress | None = None) -> None:
    """Download or compose what the data set needs and has not got.

    Raises:
        ValueError: if that fails.
    """
    if dataset.preparation is not None:
        dataset.preparation.fetch(progress)


def open_run(run: Path, device: str = "cpu") -> Trainer:
    """Return the run in the folder `run`, at its newest whole checkpoint.

    Raises:
        ValueError: if there is none.
    """
    return RunFolder(run).open(device)[0]


def sample_picture(run: Path, n: int, seed: int = 0, device: str = "cpu") -> Image.Image:
    """Draw `n` samples from a run's folder, or from an exported generator, as one picture.

    Raises:
        ValueError: if there is no generator, or if it makes numbers.
    """
    if run.is_dir() and not (run / GENERATOR).is_file():
        generator = open_run(run, device).frozen()
    else:
        path = run / GENERATOR if run.is_dir() else run
        generator = load_generator(path, resolve_device(device))
    if len(generator.sample_shape) != 3:
        raise ValueError(f"{run} makes numbers, not pictures; use `evaluate` to see how good.")
    return grid(sample_pixels(generator, n, seed))
