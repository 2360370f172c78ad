"""What makes a run last: its folder, when it is saved, and the way back into its past."""

from __future__ import annotations

import threading
import time

from gan_core import Trainer
from gan_core.evaluation.report import EvaluationReport
from gan_core.storage import checkpoint
from gan_core.storage.run_folder import RunFolder, new_folder
from gan_core.storage.run_saver import RunSaver
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.training.monitoring.state_history import StateSnapshot

WORTH_KEEPING = 1_000
"""A run that was never saved and has fewer steps is not kept when another one takes its place."""

PAUSES_APART = 5.0
"""Seconds between two saves at a pause: a step a click would write the run at every click."""


class Keeping:
    """Keeps one trainer in one run folder, and shows its past."""

    def __init__(
        self,
        trainer: Trainer,
        folder: RunFolder | None = None,
        parent: str | None = None,
        name: str | None = None,
    ) -> None:
        self.trainer = trainer
        folder = folder or new_folder()
        self.keeper = RunSaver(trainer, folder, name, parent=parent)
        self.viewed: Trainer | None = None
        """The run as it was at the moment that is looked at, if one is."""
        self.given_up = False
        """Whether a failed save has been told, and the run may be dropped."""
        self._last_pause = -PAUSES_APART
        self._soon: threading.Timer | None = None
        """What will save the run at rest."""

    @property
    def id(self) -> str:
        """The run's id, which is in the link."""
        return self.keeper.folder.id

    @property
    def problem(self) -> str | None:
        """A sentence, if the run could not be saved."""
        return self.keeper.problem

    @property
    def worth_a_folder(self) -> bool:
        """Whether something would be lost with this run."""
        if not self.keeper.unsaved or not self.trainer.step_count:
            return False
        return self.keeper.saved is not None or self.trainer.step_count > WORTH_KEEPING

    def close(self) -> None:
        """Let go of the run's folder; what is being written is written first."""
        if self._soon is not None:
            self._soon.cancel()
        self.keeper.close()

    def autosave(self, latest: Snapshot | None, qualities: list[EvaluationReport]) -> None:
        """Save, in a thread, if it is time."""
        if self.keeper.due:
            self.save(latest, qualities, wait=False)

    def save_at_pause(self, latest: Snapshot | None, qualities: list[EvaluationReport]) -> None:
        """Save, in a thread: at once, or a little later if there has just been a pause."""
        if not self.trainer.step_count or not self.keeper.unsaved or self._soon is not None:
            return
        wait = max(0.0, self._last_pause + PAUSES_APART - time.monotonic())

        def save() -> None:
            self._soon, self._last_pause = None, time.monotonic()
            self.save(latest, qualities)

        self._soon = threading.Timer(wait, save)
        self._soon.daemon = True  # a server that ends saves everything itself
        self._soon.start()

    def save(
        self, latest: Snapshot | None, qualities: list[EvaluationReport], wait: bool = True
    ) -> bool:
        """Save the run if it is not as it was saved last; False if that failed, see `problem`."""
        if not self.keeper.unsaved:
            return True
        return self.keeper.save(latest, self._measured(latest, qualities), wait)

    def _measured(self, latest: Snapshot | None, qualities: list[EvaluationReport]) -> float | None:
        """Return the number of this very step by which checkpoints are compared, if any."""
        step = self.trainer.step_count
        if latest is not None and latest.step == step and "wasserstein_1" in latest.metrics:
            return latest.metrics["wasserstein_1"]
        if qualities and qualities[-1].step == step and "frechet" in qualities[-1].values:
            return qualities[-1].values["frechet"].value
        return None

    def steps(self) -> list[int]:
        """Return the steps to which the run can go back, oldest first; the last one is now."""
        now = self.trainer.step_count
        in_memory = {waypoint.step for waypoint in self.trainer.state_history.snapshots}
        on_disk = {kept.step for kept in self.keeper.folder.checkpoints}
        return sorted({step for step in in_memory | on_disk if step < now} | {now})

    def waypoint(self, step: int) -> StateSnapshot:
        """Return the run's latest known state up to a step, from memory or from its folder.

        Raises:
            ValueError: if there is none, or its checkpoint is damaged.
        """
        in_memory = [w for w in self.trainer.state_history.snapshots if w.step <= step]
        on_disk = [kept for kept in self.keeper.folder.checkpoints if kept.step <= step]
        if in_memory and (not on_disk or in_memory[-1].step >= on_disk[-1].step):
            return in_memory[-1]
        if not on_disk:
            raise ValueError(f"No state of the run up to step {step:,} is kept.")
        return checkpoint.state_from_checkpoint(self.trainer, checkpoint.read(on_disk[-1].path))

    def look_at(self, step: int) -> None:
        """Look at the run as it was at a step; at its last one, look at the run itself.

        Raises:
            ValueError: as `waypoint`.
        """
        self.viewed = None
        if step < self.trainer.step_count:
            self.viewed = self.trainer.fork(self.waypoint(step), engine="eager")
