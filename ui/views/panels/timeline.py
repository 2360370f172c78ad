"""The timeline: every grid of samples that was kept of a run."""

from __future__ import annotations

import copy

import streamlit as st

from gan_core.data.image_grid import COLUMNS
from gan_core.training.monitoring.sample_timeline import GROWTH
from ui.components import timeline
from ui.run.page_run import PageRun
from ui.run.watched_run import WatchedRun
from ui.views.panels.shared import column_names, offer_file

REFRESH_SECONDS = 3.0
MAX_REFRESHED_BYTES = 8 * 2**20


def show(run: PageRun | WatchedRun, refreshes: bool = True) -> None:
    """Show every grid that was kept, with a slider, and offer them as files.

    With `refreshes` false newer grids come at the click of a button only.
    """
    is_refreshed = refreshes and run.playback.running and not _is_heavy(run)

    @st.fragment(run_every=REFRESH_SECONDS if is_refreshed else None)
    def grids() -> None:
        kept = run.displayed.timeline
        later, count = f"{GROWTH * kept.stride:.0%}", len(kept.frames)
        st.caption(
            f"All {run.num_fixed} places at steps 1, 2, 4, 8, 16 and 32; from there on each grid "
            f"is {later} later than the one before. {count} grid{'s' * (count != 1)} so far."
        )
        name = f"{run.page}.timeline"
        columns, heads = _columns(run)
        timeline(kept.frames, name, run.chart_revision, columns, run.view.size, heads)

    grids()
    with st.container(horizontal=True):
        if run.playback.running and not is_refreshed:
            st.button("Show the latest", key=f"{run.page}.timeline.refresh")
        offer_file("All as GIF", "image/gif", lambda: _movie(run), f"{run.page}.gif")


def _movie(run: PageRun | WatchedRun) -> tuple[str, bytes]:
    trainer = run.displayed
    with trainer.lock:  # no longer than it takes to copy a list
        step, kept = trainer.step_count, copy.copy(trainer.timeline)
        kept.frames = list(kept.frames)
    return f"timeline-step-{step}.gif", kept.to_gif(*_columns(run))


def _columns(run: PageRun | WatchedRun) -> tuple[int, tuple[str, ...]]:
    """Return the number of columns, and their names if each holds a class."""
    heads = column_names(run)
    return len(heads) or COLUMNS, heads


def _is_heavy(run: PageRun | WatchedRun) -> bool:
    """Return whether the timeline is too large to be sent to the browser repeatedly."""
    return run.displayed.timeline.nbytes > MAX_REFRESHED_BYTES
