"""The timeline: every grid of samples that was kept of a run."""

from __future__ import annotations

import copy

import streamlit as st

from gan_core.data.image_grid import COLUMNS
from gan_core.training.monitoring.sample_timeline import GROWTH
from ui.components import timeline
from ui.run.page_run import PageRun
from ui.run.watched_run import WatchedRun
from ui.views.panels.shared import class_names, count_columns, offer_file

REFRESH_SECONDS = 3.0
MAX_REFRESHED_BYTES = 8 * 2**20


def show(run: PageRun | WatchedRun, refreshes: bool = True) -> None:
    """Show every grid that was kept, with a slider, and offer them as files.

    With `refreshes` false newer grids come at the click of a button only.
    """
    is_refreshed = refreshes and run.playback.running and not _is_heavy(run)

    @st.fragment(run_every=REFRESH_SECONDS if is_refreshed else None)
    def grids() -> None:
        kept = run.trainer.timeline
        later = f"{GROWTH * kept.stride:.0%}"
        st.caption(
            f"All {run.num_fixed} places at steps 1, 2, 4, 8, 16 and 32; from there on each grid "
            f"is {later} later than the one before. {len(kept.frames)} grids so far."
        )
        name = f"{run.page}.timeline"
        timeline(kept.frames, name, run.chart_revision, _count_columns(run), run.view.size)

    grids()
    with st.container(horizontal=True):
        if run.playback.running and not is_refreshed:
            st.button("Show the latest", key=f"{run.page}.timeline.refresh")
        offer_file("All as GIF", "image/gif", lambda: _movie(run), f"{run.page}.gif")


def _movie(run: PageRun | WatchedRun) -> tuple[str, bytes]:
    with run.trainer.lock:  # no longer than it takes to copy a list
        step, kept = run.step, copy.copy(run.trainer.timeline)
        kept.frames = list(kept.frames)
    return f"timeline-step-{step}.gif", kept.to_gif(_count_columns(run))


def _count_columns(run: PageRun | WatchedRun) -> int:
    return count_columns(run) if class_names(run) else COLUMNS


def _is_heavy(run: PageRun | WatchedRun) -> bool:
    """Return whether the timeline is too large to be sent to the browser repeatedly."""
    return run.trainer.timeline.nbytes > MAX_REFRESHED_BYTES
