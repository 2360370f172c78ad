"""Runs without the dashboard: a folder with config, metrics, samples and a checkpoint."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from gan_core import checkpoints
from gan_core.config import ExperimentConfig
from gan_core.data import Dataset
from gan_core.data.base import Progress
from gan_core.data.store import write_atomically
from gan_core.device import resolve_device
from gan_core.export import sample_pixels
from gan_core.frozen import load_generator
from gan_core.grids import grid
from gan_core.metrics import METRICS
from gan_core.snapshot import STATISTICS, LineView, Snapshot
from gan_core.trainer import Trainer

CHECKPOINT, GENERATOR = "checkpoint.safetensors", "generator.safetensors"
CSV_ROWS = 200
SAMPLE_PICTURES = 10
WIDTH, HEIGHT = 640, 320
REAL_COLOR, FAKE_COLOR = (26, 134, 208), (232, 113, 10)


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


def train(
    config: ExperimentConfig,
    steps: int,
    out: Path,
    device: str = "cpu",
    progress: Callable[[Snapshot], None] = lambda snapshot: None,
    engine: str = "auto",
) -> Trainer:
    """Train for `steps` steps and write the run to the folder `out`, which must be new or empty.

    `metrics.csv` gets about `CSV_ROWS` rows, `samples/` about `SAMPLE_PICTURES` pictures.
    `progress` is called with the snapshot behind each row.

    Raises:
        ValueError: if the folder is in use, or if the numbers diverge; what was trained until
            then is kept.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} is not an empty folder; choose another one.")
    trainer = Trainer(config, device, engine)
    (out / "samples").mkdir(parents=True, exist_ok=True)
    (out / "config.json").write_text(config.to_json(), encoding="utf-8")
    row_every = max(1, steps // CSV_ROWS)
    picture_every = max(1, steps // SAMPLE_PICTURES)
    columns = ["step", "samples_seen", *STATISTICS, *METRICS.names()]
    with (out / "metrics.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, columns, restval="")
        rows.writeheader()
        while True:
            snapshot = trainer.snapshot()
            counted = {"step": snapshot.step, "samples_seen": snapshot.samples_seen}
            rows.writerow(counted | snapshot.statistics | snapshot.metrics)
            if snapshot.step % picture_every == 0 or snapshot.step >= steps:
                picture(snapshot).save(out / "samples" / f"step-{snapshot.step:08d}.png")
            progress(snapshot)
            if snapshot.step >= steps or trainer.breakdown:
                break
            to_row = row_every - snapshot.step % row_every
            to_picture = picture_every - snapshot.step % picture_every
            trainer.step(min(to_row, to_picture, steps - snapshot.step))
    checkpoints.save(trainer, out / CHECKPOINT)
    write_atomically(out / GENERATOR, trainer.frozen().to_bytes())
    if trainer.timeline.moments:
        write_atomically(out / "timeline.gif", trainer.timeline.movie())
    if trainer.breakdown:
        raise ValueError(trainer.breakdown.sentence())
    return trainer


def open_run(run: Path, device: str = "cpu") -> Trainer:
    """Return the run that `train` wrote to the folder `run`.

    Raises:
        ValueError: if there is none, or its checkpoint is damaged.
    """
    if not (run / CHECKPOINT).is_file():
        raise ValueError(f"{run} is not the folder of a run: it has no {CHECKPOINT}.")
    return checkpoints.load(run / CHECKPOINT, device)


def sample_picture(run: Path, n: int, seed: int = 0, device: str = "cpu") -> Image.Image:
    """Draw `n` samples from a run's folder, or from an exported generator, as one picture.

    Raises:
        ValueError: if there is no generator, or if it makes numbers.
    """
    path = run / GENERATOR if run.is_dir() else run
    generator = load_generator(path, resolve_device(device))
    if len(generator.sample_shape) != 3:
        raise ValueError(f"{path} makes numbers, not pictures; use `evaluate` to see how good.")
    return grid(sample_pixels(generator, n, seed))


def picture(snapshot: Snapshot) -> Image.Image:
    """Return the samples as a picture: a grid, or both densities on the line."""
    if snapshot.line is not None:
        return draw_line(snapshot.line)
    return grid(snapshot.samples)


def draw_line(view: LineView) -> Image.Image:
    """Return the target's density (blue) and the generated one (orange) over the axis."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    top = 1.1 * max(view.p_real.max(), view.p_fake.max())
    across = np.linspace(0, WIDTH - 1, len(view.x))
    for density, color in ((view.p_real, REAL_COLOR), (view.p_fake, FAKE_COLOR)):
        up = (HEIGHT - 1) * (1 - density / top)
        pen.line(list(zip(across.tolist(), up.tolist(), strict=True)), fill=color, width=3)
    return image
