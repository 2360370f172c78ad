"""Saves a run into its folder, now and then, in a thread of its own; thins what is kept."""

from __future__ import annotations

import csv
import errno
import io
import json
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gan_core.config import ExperimentConfig
from gan_core.data.image_grid import png
from gan_core.runtime.files import write_atomically
from gan_core.runtime.memory import release_memory
from gan_core.storage import checkpoint
from gan_core.storage.retention import apply_retention
from gan_core.storage.run_folder import (
    CONFIG,
    GIVEN_ID,
    METRICS,
    PAST,
    RunFolder,
    RunMetadata,
    sanitize_name,
)
from gan_core.storage.run_lock import RunLockedError
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.training.trainer import Trainer

AUTOSAVE_SECONDS = 30.0
"""Of training between two saves."""

RETRY_NOTICE = (
    "Training goes on, and what was saved before is whole. It is tried again at every autosave."
)

PAST_BYTES = 24 * 2**20
"""States in memory that weigh more than this together are not written."""


@dataclass(frozen=True, eq=False)
class PendingSave:
    """A run at one moment, copied, to be written when there is time."""

    content: dict[str, Any]
    past: list[dict[str, Any]] | None
    snapshot: Snapshot | None
    table: dict[str, np.ndarray]
    about: RunMetadata
    moment: tuple[int, int]
    """The steps and D's updates."""
    number: int
    """Later captures of a run have greater ones."""

    @property
    def step(self) -> int:
        return self.about.step


class RunSaver:
    """Saves one run. `problem` is a sentence if that fails; training need not stop for it."""

    def __init__(
        self,
        trainer: Trainer,
        folder: RunFolder,
        name: str | None = None,
        every: float = AUTOSAVE_SECONDS,
        parent: str | None = None,
    ) -> None:
        self.folder = folder
        self.every = every
        self.problem: str | None = None
        known, name = folder.metadata(), name or name_of(folder, trainer.config)
        now = time.time()
        self.about = known or RunMetadata(
            name, now, now, trainer.step_count, trainer.config.to_dict(), {}, parent
        )
        self.saved: tuple[int, int] | None = None
        """The steps and D's updates of what was saved last."""
        if known is not None and known.step == trainer.step_count:
            self.saved = _moment(trainer)
        self._trainer = trainer
        self._trained = trainer.engine_selector.trained
        exists = folder.checkpoint_path(trainer.step_count).exists()
        self._whole = trainer.step_count if exists else None
        """The step of a checkpoint that has just been read or written."""
        self._captured, self._written = 0, 0
        self._lock = threading.Lock()
        self._writer: threading.Thread | None = None

    @property
    def step(self) -> int:
        """The run's step."""
        return self._trainer.step_count

    @property
    def due(self) -> bool:
        """Whether it has trained for so long since the last save."""
        return self._trainer.engine_selector.trained - self._trained >= self.every

    @property
    def unsaved(self) -> bool:
        """Whether the run is not as it was saved last."""
        return self.saved != _moment(self._trainer)

    def save(
        self, snapshot: Snapshot | None = None, measured: float | None = None, wait: bool = True
    ) -> bool:
        """Save the run as it is; return False if it could not be saved, see `problem`.

        `snapshot` is what is drawn. `measured` is the number, of this very step, by which the
        best checkpoint is chosen. With `wait` false it is written by a thread, unless the last
        one is still at it.
        """
        if self._writer is not None and self._writer.is_alive() and not wait:
            return True
        capture = self._capture(snapshot, measured)
        self._trained = self._trainer.engine_selector.trained
        if wait:
            self._write(capture)
        else:
            self._writer = threading.Thread(target=self._write_and_tidy, args=(capture,))
            self._writer.start()
        return self.problem is None

    def wait(self) -> None:
        """Wait until nothing is being written."""
        if self._writer is not None:
            self._writer.join()

    def close(self) -> None:
        """Let others have the folder, once nothing is being written."""
        self.wait()
        self.folder.release_lock()

    def _capture(self, snapshot: Snapshot | None, measured: float | None) -> PendingSave:
        trainer = self._trainer
        with trainer.lock:
            content = checkpoint.capture(trainer)
            past = checkpoint.past_of(trainer, PAST_BYTES)
            self.about = self._about_now(snapshot, measured)
            self._captured += 1
            moment = _moment(trainer)
            table = table_of(trainer)
            return PendingSave(content, past, snapshot, table, self.about, moment, self._captured)

    def _about_now(self, snapshot: Snapshot | None, measured: float | None) -> RunMetadata:
        old, step = self.about, self._trainer.step_count
        metrics = {} if snapshot is None else snapshot.metrics | snapshot.statistics
        there = {kept.step for kept in self.folder.checkpoints if kept.step < step}
        kept = {at: value for at, value in old.measured.items() if int(at) in there}
        if measured is not None and np.isfinite(measured):
            kept[str(step)] = measured
        return replace(
            old,
            saved=time.time(),
            step=step,
            experiment=self._trainer.config.to_dict(),
            metrics={name: v for name, v in metrics.items() if np.isfinite(v)} or old.metrics,
            measured=kept,
        )

    def _write_and_tidy(self, capture: PendingSave) -> None:
        """Write it, in a thread; then let go of what is garbage: a page in training never does."""
        self._write(capture)
        release_memory()

    def _write(self, capture: PendingSave) -> None:
        with self._lock:
            if capture.number < self._written:  # a later one has overtaken it
                return
            try:
                self._write_files(capture)
            except OSError as error:
                self.problem = sentence_of(error, self.folder.path)
            except RunLockedError as error:
                self.problem = str(error)
            else:
                self.problem, self.saved = None, capture.moment
                self._written = capture.number

    def _write_files(self, capture: PendingSave) -> None:
        folder, about = self.folder, capture.about
        folder.create()
        folder.acquire_lock()
        apply_retention(folder, about.measured, self._whole)
        write_atomically(folder.checkpoint_path(capture.step), checkpoint.to_bytes(capture.content))
        self._whole = capture.step
        self._forget_after(capture.step)
        experiment = json.dumps(about.experiment, indent=2, ensure_ascii=False) + "\n"
        write_atomically(folder.path / CONFIG, experiment.encode())
        write_atomically(folder.path / METRICS, csv_of(capture.table))
        if capture.past is None:
            (folder.path / PAST).unlink(missing_ok=True)
        else:
            write_atomically(folder.path / PAST, checkpoint.to_bytes({"past": capture.past}))
        if capture.snapshot is not None:
            kind = self._trainer.config.dataset.kind
            drawn = kind.draw(capture.snapshot)
            name = f"step-{capture.snapshot.step:08d}.png"
            write_atomically(folder.path / "samples" / name, png(drawn))
            write_atomically(folder.path / "thumbnail.png", png(kind.thumbnail(capture.snapshot)))
        renamed = folder.read_metadata()
        if renamed is not None and renamed.name != about.name:
            about = replace(about, name=renamed.name)
            self.about = replace(self.about, name=renamed.name)
        folder.write_metadata(about)
        apply_retention(folder, about.measured, self._whole)

    def _forget_after(self, step: int) -> None:
        """Remove what lies ahead of a run that has gone back, or could not be read."""
        for kept in self.folder.checkpoints:
            if kept.step > step:
                kept.path.unlink(missing_ok=True)
        for drawn in (self.folder.path / "samples").glob("step-*.png"):
            if drawn.stem.removeprefix("step-").isdecimal() and int(drawn.stem[5:]) > step:
                drawn.unlink(missing_ok=True)


def name_of(folder: RunFolder, config: ExperimentConfig) -> str:
    """Return what a run is called until somebody gives it a name: its folder has one, or it has."""
    if GIVEN_ID.fullmatch(folder.id):
        return f"{config.dataset.title}, {config.loss.title.lower()}"
    return sanitize_name(folder.id)


def _moment(trainer: Trainer) -> tuple[int, int]:
    return trainer.step_count, trainer.updates_d


def table_of(trainer: Trainer) -> dict[str, np.ndarray]:
    """Return statistics and metrics over the steps at which any was kept, NaN where not."""
    tables = [trainer.history.series(), trainer.metric_history.series()]
    steps = np.union1d(*(table["step"] for table in tables))
    made: dict[str, np.ndarray] = {"step": steps}
    for table in tables:
        places = np.searchsorted(steps, table["step"])
        for name, values in table.items():
            if name != "step":
                made[name] = np.full(len(steps), np.nan)
                made[name][places] = values
    return made


def csv_of(table: dict[str, np.ndarray]) -> bytes:
    """Return a table as CSV; what was not measured is empty."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(table)
    for row in zip(*(column.tolist() for column in table.values()), strict=True):
        rows.writerow("" if value != value else value for value in row)
    return file.getvalue().encode()


def sentence_of(error: OSError, path: Path) -> str:
    """Return what a user should know of a save that failed."""
    why = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EROFS: "the disk is read-only",
        errno.EACCES: "the folder may not be written to",
    }.get(error.errno, error.strerror or str(error))
    return f"The run could not be saved to {path.parent.name}/{path.name}: {why}. {RETRY_NOTICE}"
