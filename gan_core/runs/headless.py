"""Runs without the dashboard, in the same folders: trained, resumed, sampled."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from gan_core.config import ExperimentConfig
from gan_core.data import Dataset
from gan_core.data.base import Progress
from gan_core.data.store import write_atomically
from gan_core.device import resolve_device
from gan_core.export import sample_pixels
from gan_core.frozen import load_generator
from gan_core.grids import grid
from gan_core.runs.folder import CONFIG, RunFolder
from gan_core.runs.keeper import AUTOSAVE_SECONDS, Keeper
from gan_core.runs.stopping import Condition
from gan_core.snapshot import Snapshot
from gan_core.trainer import Trainer

GENERATOR = "generator.safetensors"
ROWS_BITS = 6
NEVER = 10**15
BEST_BY = "wasserstein_1"
"""The metric of a step by which the best checkpoint is chosen, where the step has it."""

ENGINE_FROM = 5_000
"""The step at which `auto` lets the compiler take over on the line, waiting for it if need be, so
that a run is the same whenever it is interrupted. 5,000 steps take about as long as compiling."""

ENGINE_SECONDS = 600.0


class Interrupted(Exception):  # noqa: N818 - it is no error
    """The run was told to stop by a signal, and has been saved."""


@dataclass
class Orders:
    """How long to train, and how often to save.

    `steps` is the step to reach, None for no end. `stopped` is asked after every few steps.
    """

    steps: int | None = None
    seconds: float = math.inf
    until: Condition | None = None
    autosave: float = AUTOSAVE_SECONDS
    stopped: Callable[[], bool] = field(default=lambda: False)


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

    Raises:
        ValueError: if the folder is in use, or if the numbers diverge; what was trained until
            then is kept.
    """
    return begin(config, out, Orders(steps), device, progress, engine)


def begin(
    config: ExperimentConfig,
    out: Path,
    orders: Orders,
    device: str = "cpu",
    progress: Callable[[Snapshot], None] = lambda snapshot: None,
    engine: str = "auto",
) -> Trainer:
    """Begin a run in a new or empty folder, and train it as long as `orders` say.

    Raises:
        ValueError: as `train`.
        Interrupted: if it was told to stop.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} is not an empty folder; choose another one.")
    trainer = Trainer(config, device, engine, _engine_from(config, engine))
    folder = RunFolder(out)
    folder.make()
    write_atomically(out / CONFIG, config.to_json().encode())
    return _train(trainer, folder, orders, progress)


def resume(
    run: Path,
    orders: Orders,
    device: str = "cpu",
    progress: Callable[[Snapshot], None] = lambda snapshot: None,
    engine: str = "auto",
    say: Callable[[str], None] = lambda sentence: None,
) -> Trainer:
    """Go on with a run from its newest whole checkpoint; without one, from its config.

    `say` is told of every checkpoint that was left out.

    Raises:
        ValueError: if there is no run in the folder, or none of its checkpoints is whole.
        Interrupted: if it was told to stop.
    """
    folder = RunFolder(run)
    if not folder.checkpoints and (run / CONFIG).is_file():
        config = ExperimentConfig.from_json((run / CONFIG).read_text(encoding="utf-8"))
        trainer = Trainer(config, device, engine, _engine_from(config, engine))
        folder.make()
    else:
        trainer, said = folder.open(device, engine)
        for sentence in said:
            say(sentence)
        if trainer.switch.at is None:
            trainer.switch.at = _engine_from(trainer.config, engine)
    return _train(trainer, folder, orders, progress)


def _engine_from(config: ExperimentConfig, engine: str) -> int | None:
    """Return where `auto` switches: pictures gain less from the compiler than it costs."""
    if engine != "auto":
        return None
    return NEVER if config.dataset.pictures else ENGINE_FROM


def is_row(step: int) -> bool:
    """Say whether metrics are measured at a step: at 32 to 64 evenly spaced ones an octave.

    So a run that was resumed has measured at the same steps as one that was not.
    """
    return step % max(1, 2 ** (step.bit_length() - ROWS_BITS)) == 0


def next_row(step: int) -> int:
    """Return the first step after this one at which metrics are measured."""
    return next(later for later in range(step + 1, 2 * step + 3) if is_row(later))


def _train(
    trainer: Trainer, folder: RunFolder, orders: Orders, progress: Callable[[Snapshot], None]
) -> Trainer:
    keeper = Keeper(trainer, folder, folder.id, orders.autosave)
    deadline = time.monotonic() + orders.seconds
    if orders.steps is None or orders.steps > (trainer.switch.at or math.inf):
        trainer.switch.order_ahead()
    snapshot = trainer.snapshot()
    progress(snapshot)
    if keeper.unsaved:
        _save(keeper, snapshot)
    while not _reached(trainer, snapshot, orders, deadline):
        if trainer.step_count == trainer.switch.at:
            trainer.wait_for_engine(ENGINE_SECONDS)
        _advance(trainer, orders, deadline)
        if is_row(trainer.step_count) and not trainer.share_of_step:
            snapshot = trainer.snapshot()
            progress(snapshot)
        if keeper.due:
            _save(keeper, snapshot)
    if snapshot.step != trainer.step_count and not trainer.share_of_step:
        snapshot = trainer.snapshot()
        progress(snapshot)
    _save(keeper, snapshot)
    if orders.stopped():
        raise Interrupted(f"Stopped at step {trainer.step_count:,}; the run is saved.")
    _finish(trainer, folder)
    return trainer


def _advance(trainer: Trainer, orders: Orders, deadline: float) -> None:
    """Train to the next row, or less far if it is time to save or to stop."""
    here = trainer.step_count
    goals = [next_row(here)]
    if orders.steps is not None:
        goals.append(orders.steps)
    if trainer.switch.at is not None and trainer.switch.at > here:
        goals.append(trainer.switch.at)
    until = min(deadline, time.monotonic() + orders.autosave)
    trainer.step(min(goals) - here, lambda: time.monotonic() < until and not orders.stopped())


def _reached(trainer: Trainer, snapshot: Snapshot, orders: Orders, deadline: float) -> bool:
    """Say whether the run has come to its end, or was told to stop."""
    if orders.stopped() or trainer.breakdown or time.monotonic() >= deadline:
        return True
    if orders.steps is not None and trainer.step_count >= orders.steps:
        return True
    measured = snapshot.step == trainer.step_count
    return orders.until is not None and measured and orders.until.holds(snapshot)


def _save(keeper: Keeper, snapshot: Snapshot) -> None:
    measured = None
    if snapshot.step == keeper.step:
        measured = snapshot.metrics.get(BEST_BY)
    if not keeper.save(snapshot, measured):
        warnings.warn(keeper.problem, stacklevel=1)


def _finish(trainer: Trainer, folder: RunFolder) -> None:
    """Write what others can use without the laboratory; tell of numbers that broke.

    Raises:
        ValueError: if they did.
    """
    write_atomically(folder.path / GENERATOR, trainer.frozen().to_bytes())
    if trainer.timeline.moments:
        write_atomically(folder.path / "timeline.gif", trainer.timeline.movie())
    if trainer.breakdown:
        raise ValueError(trainer.breakdown.sentence())


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
