"""`sample`: new images from a run or from a generator file."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from gan_core.data.image_grid import grid
from gan_core.evaluation.export import sample_pixels
from gan_core.evaluation.frozen_generator import load_generator
from gan_core.runtime.device import resolve_device
from gan_core.storage.run_folder import GENERATOR
from gan_core.storage.runs_folder import open_run


def sample_picture(run: Path, n: int, seed: int = 0, device: str = "cpu") -> Image.Image:
    """Draw `n` samples from a run's folder, or from an exported generator, as one picture.

    Raises:
        ValueError: if there is no generator, or if it generates numbers instead of images.
    """
    if run.is_dir() and not (run / GENERATOR).is_file():
        generator = open_run(run, device, needs_data=False).frozen_generator()
    else:
        path = run / GENERATOR if run.is_dir() else run
        generator = load_generator(path, resolve_device(device))
    if len(generator.sample_shape) != 3:
        raise ValueError(f"{run} makes numbers, not pictures; use `evaluate` to see how good.")
    return grid(sample_pixels(generator, n, seed))
