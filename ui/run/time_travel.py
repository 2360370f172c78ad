"""The way back to a run's earlier steps."""

from __future__ import annotations

from gan_core import Trainer
from gan_core.storage import checkpoint
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.training.monitoring.state_history import StateSnapshot
from ui.run.run_base import RunBase
from ui.run.run_storage import RunStorage

BACK_TO_HERE = "back to here"
"""Stands among a run's changes where it went back to an earlier step."""


class TimeTravel:
    """Displays earlier steps of a run; goes back to one, or forks a new run from it."""

    def __init__(self, run: RunBase) -> None:
        self._run = run

    def steps(self) -> list[int]:
        """Return the steps to which the run can go back, oldest first; the last one is now."""
        run = self._run
        in_memory = {state.step for state in run.trainer.state_history.snapshots}
        on_disk = {file.step for file in run.storage.saver.folder.checkpoints}
        return sorted({step for step in in_memory | on_disk if step < run.step} | {run.step})

    def state_at(self, step: int) -> StateSnapshot:
        """Return the run's latest known state up to a step, from memory or from its folder.

        Raises:
            ValueError: if there is none, or its checkpoint is damaged.
        """
        trainer, folder = self._run.trainer, self._run.storage.saver.folder
        in_memory = [state for state in trainer.state_history.snapshots if state.step <= step]
        on_disk = [file for file in folder.checkpoints if file.step <= step]
        if in_memory and (not on_disk or in_memory[-1].step >= on_disk[-1].step):
            return in_memory[-1]
        if not on_disk:
            raise ValueError(f"No state of the run up to step {step:,} is kept.")
        return checkpoint.state_from_checkpoint(trainer, checkpoint.read(on_disk[-1].path))

    def view_step(self, step: int) -> None:
        """Display the run, which rests, as it was at a step; at its last one, the run itself.

        Raises:
            ValueError: as `state_at`.
        """
        run = self._run
        past = None
        if step < run.step:
            past = run.trainer.fork(self.state_at(step), engine="eager")
        run.display(None if run.playback.running else past)  # Train was pressed meanwhile

    def displayed_snapshot(self) -> Snapshot:
        """Return a snapshot of the displayed step: an earlier one, or the present."""
        run = self._run
        if not run.looks_back:
            return run.refresh()
        run.past_snapshot = run.past_snapshot or run.past_trainer.snapshot()
        return run.past_snapshot

    def copy_displayed(self) -> Trainer:
        """Return a copy of the run at the displayed step; what trains it changes no run."""
        shown = self._run.displayed
        return shown.fork(shown.capture_state(), engine="eager")

    def restore(self) -> None:
        """Go back to the displayed step; all later steps are dropped."""
        run = self._run
        past = run.past_trainer
        if past is None:
            return
        run.trainer.restore_to(past.capture_state())
        run.trainer.config_changes.append((run.step, BACK_TO_HERE))
        run.cached_snapshot = None
        run.leave_past()
        run.measurements.truncate_after(run.step)
        run.tutorial.equilibria.truncate_after(run.step)
        run.save(wait=False)
        run.show_config()

    def fork(self) -> None:
        """Begin a new run at the displayed step; the old one is saved."""
        run = self._run
        step = run.displayed.step_count
        if not run.save():
            run.notice = run.storage.problem
            return
        try:
            trainer = run.trainer.fork(self.state_at(step))
        except ValueError as error:
            run.notice = str(error)
            return
        name = f"From step {step:,} of {run.storage.saver.about.name}"
        went_on_to = run.step
        known = run.measurements.reports_until(step)
        run.replace_trainer(trainer, RunStorage(trainer, parent=run.id, name=name, owner=run.owner))
        run.measurements.reports = known
        run.info = (
            f"This is a new run now, from step {step:,} on. The one it comes from, of "
            f"{went_on_to:,} steps, is kept on the page Runs."
        )
        run.save(wait=False)
        run.show_config()
