"""The charts over the steps of a run, which get finer curves where a visitor zooms in."""

from __future__ import annotations

from gan_core.training.monitoring.snapshot import Snapshot
from ui import figures
from ui.components import live_chart
from ui.figures.primitives import Figure
from ui.run.page_run import PageRun
from ui.session import state


def losses(run: PageRun, snapshot: Snapshot) -> None:
    """Draw both losses."""
    finer = run.view.zoom.statistics(run, snapshot, "losses")
    _draw(run, figures.losses(finer, run.displayed.config, run.chart_revision), "losses")


def d_outputs(run: PageRun, snapshot: Snapshot) -> None:
    """Draw D's mean outputs."""
    finer = run.view.zoom.statistics(run, snapshot, "judgements")
    _draw(run, figures.d_outputs(finer, run.displayed.config, run.chart_revision), "judgements")


def distances(run: PageRun, snapshot: Snapshot, muted: bool = False) -> None:
    """Draw the distances of numbers from their target; grey if they cannot tell."""
    finer = run.view.zoom.metrics(run, snapshot, "distances")
    _draw(run, figures.distances(finer, run.chart_revision, muted), "distances")


def _draw(run: PageRun, figure: Figure, chart: str) -> None:
    key, zoom = f"{run.page}.{chart}", run.view.zoom
    live_chart(figure, key, lambda: zoom.set(chart, state.sent_value(key, "zoom")))
