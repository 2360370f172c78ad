"""Saves a run into its folder at intervals, in a separate thread, and applies the retention."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gan_core.data.image_grid import png
from gan_core.evaluation.report import EvaluationReport
from gan_core.runtime.files import write_atomically
from gan_core.runtime.memory import release_memory
from gan_core.storage import checkpoint, run_data
from gan_core.storage.evaluations import read_evaluations, write_evaluations
from gan_core.storage.metrics_table import csv_of, table_of
from gan_core.storage.pending_save import PendingSave
from gan_core.storage.retention import apply_retention
from gan_core.storage.run_folder import CONFIG, METRICS, PAST, STEPS, TIMELINE, RunFolder
from gan_core.storage.run_lock import RunLockedError
from gan_core.storage.run_metadata import RunMetadata
from gan_core.storage.run_name import OwnName
from gan_core.storage.run_owner import is_owner, write_owner
from gan_core.storage.save_error import sentence_of
from gan_core.storage.step_file import StepFile
from gan_core.training.monitoring.snapshot import STATISTICS, Snapshot
from gan_core.training.monitoring.step_log import StepLog, Steps
from gan_core.training.trainer import Trainer

AUTOSAVE_SECONDS = 30.0
"""Seconds of training between two saves."""

PAST_BYTES = 24 * 2**20
"""Bytes; states in memory with a larger sum are not written."""


class RunSaver:
    """Saves one run. After a failure `problem` is a sentence; training may go on."""

    def __init__(
        self,
        trainer: Trainer,
        folder: RunFolder,
        name: str | None = None,
        every: float = AUTOSAVE_SECONDS,
        parent: str | None = None,
        owner: str | None = None,
        title: str | None = None,
    ) -> None:
        self.folder = folder
        self._own_name = OwnName(folder, trainer, title)
        self.every = every
        self.problem: str | None = None
        self._owner = owner
        """The secret of the browser that owns the run; None for the command line."""
        known, name = folder.metadata(), name or self._own_name.latest
        now = time.time()
        self.about = known or RunMetadata(
            name, now, now, trainer.step_count, trainer.config.to_dict(), {}, parent
        )
        self._name_on_disk = self.about.name
        self.saved: tuple[int, int] | None = None
        """Number of steps, and of updates of D, at the last save."""
        if known is not None and known.step == trainer.step_count:
            self.saved = _moment(trainer)
        self._trainer = trainer
        self._trained = trainer.engine_selector.trained
        exists = folder.checkpoint_path(trainer.step_count).exists()
        self._whole = trainer.step_count if exists else None
        """Step of a checkpoint that has just been read or written, so it is not damaged."""
        self._captured, self._written = 0, 0
        self.evaluations = tuple(read_evaluations(folder.path))
        """The evaluations that were read, or written last."""
        self._timeline_steps: tuple[int, ...] = ()
        """The steps of the grids that were written last."""
        self._step_file = StepFile(folder.path / STEPS, STATISTICS)
        self._step_log = trainer.statistics.step_log = StepLog()
        self._lock = threading.Lock()
        self._writer: threading.Thread | None = None

    @property
    def step(self) -> int:
        """The run's step."""
        return self._trainer.step_count

    @property
    def due(self) -> bool:
        """Whether the run has trained for `every` seconds since the last save."""
        return self._trainer.engine_selector.trained - self._trained >= self.every

    @property
    def unsaved(self) -> bool:
        """Whether the run has changed since the last save."""
        return self.saved != _moment(self._trainer)

    def save(
        self,
        snapshot: Snapshot | None = None,
        measured: float | None = None,
        wait: bool = True,
        evaluations: Sequence[EvaluationReport] = (),
    ) -> bool:
        """Save the run; return False if that failed (see `problem`).

        `snapshot` is drawn as the run's picture. `measured` is the metric of this step that selects
        the best checkpoint; `evaluations` may have it of this and earlier steps. With `wait` false
        a thread writes the files; if an earlier one is still writing, nothing is saved now.
        """
        if self._writer is not None and self._writer.is_alive() and not wait:
            return True
        capture = self._capture(snapshot, measured, tuple(evaluations))
        self._trained = self._trainer.engine_selector.trained
        if wait:
            self._write(capture)
        else:
            self._writer = threading.Thread(target=self._write_and_tidy, args=(capture,))
            self._writer.start()
        return self.problem is None

    def wait(self) -> None:
        """Wait until the writing thread has ended."""
        if self._writer is not None:
            self._writer.join()

    def close(self) -> None:
        """Wait until the writing thread has ended, and release the folder."""
        self.wait()
        self.folder.release_lock()

    def save_evaluations(self, evaluations: Sequence[EvaluationReport]) -> bool:
        """Save evaluations of a run that is saved otherwise; return False if that failed."""
        with self._lock:
            try:
                self._write_evaluations(tuple(evaluations))
                self.about = self._with_measured(self.about, evaluations)
                self._write_metadata(self.about)
            except OSError as error:
                self.problem = sentence_of(error, self.folder.path)
        return self.problem is None

    def single_steps(self, first: int, last: int) -> Steps:
        """Return the statistics (`STATISTICS`) of every step from `first` to `last` that is known.

        Branches know those since they began.
        """
        with self._lock:
            return self._step_file.read(first, last, self._step_log.unwritten())

    def lacks(self, evaluations: Sequence[EvaluationReport]) -> bool:
        """Return whether the folder does not have these evaluations yet."""
        return tuple(evaluations) != self.evaluations

    def _capture(
        self,
        snapshot: Snapshot | None,
        measured: float | None,
        evaluations: tuple[EvaluationReport, ...],
    ) -> PendingSave:
        trainer = self._trainer
        with trainer.lock:
            content = checkpoint.capture(trainer)
            timeline = content["state"]["timeline"]  # it is written once, not in every checkpoint
            content["state"]["timeline"] = timeline | {"moments": []}
            past = checkpoint.past_of(trainer, PAST_BYTES)
            self.about = self._with_measured(self._about_now(snapshot, measured), evaluations)
            self._captured += 1
            moment = _moment(trainer)
            table = table_of(trainer)
            return PendingSave(
                *(content, past, timeline, snapshot, table, self.about, moment),
                *(self._captured, evaluations, self._step_log.unwritten()),
            )

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
            name=self._own_name.follow(old.name),
            changes=tuple(self._trainer.config_changes),
        )

    def _with_measured(
        self, about: RunMetadata, evaluations: Sequence[EvaluationReport]
    ) -> RunMetadata:
        """Add the metric that selects the best checkpoint, of all steps that have a checkpoint."""
        best_by = self._trainer.config.dataset.kind.best_by
        there = {kept.step for kept in self.folder.checkpoints} | {about.step}
        found = {
            str(report.step): report.values[best_by].value
            for report in evaluations
            if report.step in there and best_by in report.values
        }
        found = {step: value for step, value in found.items() if np.isfinite(value)}
        return replace(about, measured={**about.measured, **found})

    def _write_evaluations(self, evaluations: tuple[EvaluationReport, ...]) -> None:
        if self.lacks(evaluations):
            write_evaluations(self.folder.path, evaluations)
            self.evaluations = evaluations

    def _write_and_tidy(self, capture: PendingSave) -> None:
        """Write the files in a thread, then release memory, which a page that trains never does."""
        self._write(capture)
        release_memory()

    def _write(self, capture: PendingSave) -> None:
        with self._lock:
            if capture.number < self._written:  # a later capture was written first
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
        if self._owner is not None and not is_owner(folder.path, self._owner):
            write_owner(folder.path, self._owner)
        apply_retention(folder, about.measured, self._whole)
        self._write_timeline(capture.timeline)
        self._step_file.append(capture.steps)
        self._step_log.forget(capture.steps)
        run_data.write_record(folder.path, self._trainer.config.dataset)
        write_atomically(folder.checkpoint_path(capture.step), checkpoint.to_bytes(capture.content))
        self._whole = capture.step
        self._forget_after(capture.step)
        experiment = json.dumps(about.experiment, indent=2, ensure_ascii=False) + "\n"
        write_atomically(folder.path / CONFIG, experiment.encode())
        write_atomically(folder.path / METRICS, csv_of(capture.table))
        self._write_evaluations(capture.evaluations)
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
        self._write_metadata(about)
        apply_retention(folder, about.measured, self._whole)

    def _write_metadata(self, about: RunMetadata) -> None:
        """Write `run.json`; name, note and tags that the user has given there since stay."""
        there = self.folder.read_metadata()
        if there is not None:
            own = {"note": there.note, "tags": there.tags, "favourite": there.favourite}
            about, self.about = replace(about, **own), replace(self.about, **own)
        if there is not None and there.name != self._name_on_disk:
            about = replace(about, name=there.name)
            self.about = replace(self.about, name=there.name)
        self.folder.write_metadata(about)
        self._name_on_disk = about.name

    def _write_timeline(self, timeline: dict[str, Any]) -> None:
        """Write the grids if others are kept now; before the checkpoint that belongs to them."""
        steps = tuple(row[0] for row in timeline["moments"])
        if steps and steps != self._timeline_steps:
            content = checkpoint.to_bytes({"timeline": timeline})
            write_atomically(self.folder.path / TIMELINE, content)
            self._timeline_steps = steps

    def _forget_after(self, step: int) -> None:
        """Delete checkpoints and samples of later steps, from before the run was rolled back."""
        for kept in self.folder.checkpoints:
            if kept.step > step:
                kept.path.unlink(missing_ok=True)
        for drawn in (self.folder.path / "samples").glob("step-*.png"):
            if drawn.stem.removeprefix("step-").isdecimal() and int(drawn.stem[5:]) > step:
                drawn.unlink(missing_ok=True)


def _moment(trainer: Trainer) -> tuple[int, int]:
    return trainer.step_count, trainer.updates_d
