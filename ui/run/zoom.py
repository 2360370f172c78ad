"""The stretches of steps to which a page's charts are zoomed, and the finer curves drawn there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gan_core.training.monitoring.history import Bins, curves_of
from gan_core.training.monitoring.snapshot import STATISTICS, Snapshot

if TYPE_CHECKING:
    from ui.run.page_run import PageRun
    from ui.run.watched_run import WatchedRun

ZOOM_BINS = 500
"""Bins of a curve in a stretch; one of so many steps is drawn step by step."""

MAX_READ = 20_000
"""Steps of the longest stretch that is read from the file of single steps."""


class Zoom:
    """The stretches of one page's charts."""

    def __init__(self) -> None:
        self._stretches: dict[str, tuple[int, int]] = {}

    def set(self, chart: str, ends: Sequence[float] | None) -> None:
        """Zoom a chart to the steps between `ends`, or to all of them."""
        self._stretches.pop(chart, None)
        if ends is not None and max(ends) >= 0:
            self._stretches[chart] = max(int(min(ends)), 0), int(max(ends)) + 1

    def statistics(self, run: PageRun | WatchedRun, snapshot: Snapshot, chart: str) -> Snapshot:
        """Return the snapshot with finer curves of the statistics where a chart is zoomed."""
        if chart not in self._stretches:
            return snapshot
        first, last = self._stretches[chart]
        last, trainer = min(last, snapshot.step), run.displayed
        with trainer.lock:
            part, stride = trainer.history.curves(ZOOM_BINS, first, last), trainer.history.stride
        if stride > 1 and last - first <= MAX_READ:
            steps = run.single_steps(first, last)
            bins = Bins.of_rows(steps.step, steps.table.astype(float))
            part = part.with_part(curves_of(bins, STATISTICS, 1, ZOOM_BINS))
        return replace(snapshot, curves=snapshot.curves.with_part(part))

    def metrics(self, run: PageRun | WatchedRun, snapshot: Snapshot, chart: str) -> Snapshot:
        """Return the snapshot with finer curves of the metrics where a chart is zoomed."""
        if chart not in self._stretches:
            return snapshot
        trainer = run.displayed
        with trainer.lock:
            part = trainer.metric_history.curves(ZOOM_BINS, *self._stretches[chart])
        return replace(snapshot, metric_curves=snapshot.metric_curves.with_part(part))
