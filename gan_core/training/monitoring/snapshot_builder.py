"""Makes snapshots of a run, and keeps the metrics of those it has made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_core.config import ExperimentConfig
from gan_core.training.monitoring.change_log import Quantities
from gan_core.training.monitoring.history import History
from gan_core.training.monitoring.sample_view import SampleView
from gan_core.training.monitoring.snapshot import Snapshot

if TYPE_CHECKING:
    from gan_core.training.state import TrainState

ROWS = 500
"""Rows of a history in a snapshot, which the doctor reads."""

CHART_BINS, SMALL_CHART_BINS = 80, 64
"""Bins of a curve over many steps, each drawn with its minimum, maximum and mean."""


class SnapshotBuilder:
    """Makes the snapshots of one run, always from the same noise."""

    def __init__(self, config: ExperimentConfig) -> None:
        kind = config.dataset.kind
        self.metric_history = History(kind.history_columns)
        self._view = kind.sample_view(config) or SampleView()

    def snapshot(
        self,
        state: TrainState,
        statistics: dict[str, float],
        quantities: Quantities,
        remember: bool = True,
    ) -> Snapshot:
        """Return the run as it is now.

        `statistics` are those of its last step; with `remember` the metrics join the history.
        """
        dataset = state.config.dataset
        samples = dataset.kind.to_arrays(state.generate(state.fixed_z, state.fixed_labels))
        seen = self._view.observe(state, samples)
        if remember and seen.metrics:
            self.metric_history.add(state.step_count, seen.metrics | seen.moments)
        return Snapshot(
            step=state.step_count,
            updates_d=state.updates_d,
            samples_seen=state.samples_seen,
            epoch=None if dataset.size is None else state.samples_seen / dataset.size,
            statistics=statistics,
            metrics=seen.metrics,
            noise_floors=seen.noise_floors,
            moments=seen.moments,
            samples=samples,
            history=state.history.series(ROWS),
            metric_history=self.metric_history.series(ROWS),
            curves=state.history.curves(CHART_BINS),
            metric_curves=self.metric_history.curves(SMALL_CHART_BINS),
            config_changes=list(state.config_changes),
            quantities=quantities,
            density=seen.density,
        )
