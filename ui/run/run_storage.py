"""The storage of a run: its folder, and when it is saved."""

from __future__ import annotations

import threading
import time

from gan_core import Trainer
from gan_core.evaluation.report import EvaluationReport
from gan_core.storage.run_folder import RunFolder
from gan_core.storage.run_saver import RunSaver
from gan_core.storage.runs_folder import new_folder
from gan_core.training.monitoring.snapshot import Snapshot

MIN_STEPS_KEPT = 1_000
"""A run that was never saved and has fewer steps is not kept when another one takes its place."""

PAUSE_SAVE_SECONDS = 5.0
"""Seconds between two saves at a pause: a step a click would write the run at every click."""


class RunStorage:
    """Saves one trainer into one run folder."""

    def __init__(
        self,
        trainer: Trainer,
        folder: RunFolder | None = None,
        parent: str | None = None,
        name: str | None = None,
        owner: str | None = None,
        title: str | None = None,
    ) -> None:
        self.trainer = trainer
        folder = folder or new_folder()
        self.saver = RunSaver(trainer, folder, name, parent=parent, owner=owner, title=title)
        self.given_up = False
        """Whether a failed save was reported once, so that the run may be dropped unsaved."""
        self._last_pause_save = -PAUSE_SAVE_SECONDS
        self._timer: threading.Timer | None = None
        """Saves the run at rest."""

    @property
    def id(self) -> str:
        """The run's id, which is in the link."""
        return self.saver.folder.id

    @property
    def problem(self) -> str | None:
        """A sentence, if the run could not be saved."""
        return self.saver.problem

    @property
    def has_unsaved_work(self) -> bool:
        """Whether something would be lost with this run."""
        if not self.saver.unsaved or not self.trainer.step_count:
            return False
        return self.saver.saved is not None or self.trainer.step_count > MIN_STEPS_KEPT

    def close(self) -> None:
        """Release the run's folder, after a save in progress has ended."""
        if self._timer is not None:
            self._timer.cancel()
        self.saver.close()

    def autosave(self, latest: Snapshot | None, reports: list[EvaluationReport]) -> None:
        """Save, in a thread, if it is time."""
        if self.saver.due:
            self.save(latest, reports, wait=False)

    def save_at_pause(self, latest: Snapshot | None, reports: list[EvaluationReport]) -> None:
        """Save, in a thread: at once, or a little later if there has just been a pause."""
        is_saved = not self.saver.unsaved and not self.saver.lacks(reports)
        if not self.trainer.step_count or is_saved or self._timer is not None:
            return
        wait = max(0.0, self._last_pause_save + PAUSE_SAVE_SECONDS - time.monotonic())

        def save() -> None:
            self._timer, self._last_pause_save = None, time.monotonic()
            self.save(latest, reports)

        self._timer = threading.Timer(wait, save)
        self._timer.daemon = True  # a server that ends saves everything itself
        self._timer.start()

    def save(
        self, latest: Snapshot | None, reports: list[EvaluationReport], wait: bool = True
    ) -> bool:
        """Save the run if it has changed since; return False if that failed, see `problem`."""
        if self.saver.unsaved:
            return self.saver.save(latest, self._best_metric(latest), wait, reports)
        return self.saver.save_evaluations(reports) if self.saver.lacks(reports) else True

    def _best_metric(self, latest: Snapshot | None) -> float | None:
        """Return the metric of this very step by which checkpoints are compared, if any."""
        best_by = self.trainer.config.dataset.kind.best_by
        if latest is None or latest.step != self.trainer.step_count:
            return None
        return latest.metrics.get(best_by)
