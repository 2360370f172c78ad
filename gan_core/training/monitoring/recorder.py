"""Everything that is recorded of a run: histories, sample grids, earlier states, snapshots."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from gan_core.training.monitoring.change_log import ChangeLog, LossLog
from gan_core.training.monitoring.history import History
from gan_core.training.monitoring.sample_timeline import Timeline
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.training.monitoring.snapshot_builder import SnapshotBuilder
from gan_core.training.monitoring.state_history import StateHistory

if TYPE_CHECKING:
    from gan_core.config import ExperimentConfig
    from gan_core.training.state import TrainState


class Recorder:
    """Records one run."""

    def __init__(self, state: TrainState) -> None:
        self._state = weakref.proxy(state)  # a reference would keep the run, and all its memory
        self.timeline = Timeline()
        self.state_history = StateHistory()
        self._builder = SnapshotBuilder(state.config)
        self._change_log = ChangeLog()
        self._loss_log = LossLog([(0, state.config.loss.name)])

    @property
    def metric_history(self) -> History:
        """The metrics at the steps at which they were measured."""
        return self._builder.metric_history

    def record_state(self) -> None:
        """Keep the present state and a grid of samples, if this step's are wanted."""
        state = self._state
        if self.state_history.should_record(state.step_count):
            self.state_history.keep(state.capture_state())
        dataset = state.config.dataset
        if not dataset.kind.keeps_timeline:
            return
        if self.timeline.should_record(state.step_count):
            epoch = state.samples_seen // (dataset.size or state.config.batch_size)
            samples = state.generate(state.fixed_z, state.fixed_labels)
            self.timeline.keep(state.step_count, epoch, dataset.kind.to_frame(samples))

    def log_change(self, old: ExperimentConfig, new: ExperimentConfig) -> None:
        """Note that the settings were changed after the present step."""
        step = self._state.step_count
        self._change_log.add(self._state.config_changes, step, old, new)
        self._loss_log.note(step, new.loss.name)

    def snapshot(self, statistics: dict[str, float], remember: bool) -> Snapshot:
        """Return the run as it is now; with `remember` its metrics join the history."""
        quantities = self._loss_log.quantities()
        return self._builder.snapshot(self._state, statistics, quantities, remember)

    def truncate(self) -> None:
        """Drop everything that was recorded of steps after the present one."""
        state = self._state
        kept = [state.history, self.metric_history, self.timeline, self.state_history]
        if state.statistics.step_log is not None:
            kept.append(state.statistics.step_log)
        for record in kept:
            record.truncate_after(state.step_count)
        changes = [change for change in state.config_changes if change[0] <= state.step_count]
        state.config_changes = changes
        self._loss_log.note(state.step_count, state.config.loss.name)
        self._change_log.forget()

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of everything but the earlier states. The keys are those of checkpoints."""
        return {
            "changes": list(self._state.config_changes),
            "losses": list(self._loss_log.used),
            "history": self._state.history.to_dict(),
            "timeline": self.timeline.state_dict(),
            "metric_history": self.metric_history.to_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned; there are no earlier states then."""
        self._state.config_changes = [tuple(change) for change in state["changes"]]
        self._state.statistics.history = History.from_dict(state["history"])
        self._loss_log = LossLog([tuple(use) for use in state["losses"]])
        self._loss_log.note(self._state.step_count, self._state.config.loss.name)
        self.timeline.load_state_dict(state["timeline"])
        self._builder.metric_history = History.from_dict(state["metric_history"])
        self.state_history.truncate_after(-1)
