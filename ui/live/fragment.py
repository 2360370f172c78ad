"""The fragment that draws a run, then trains it, many times a second."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st

from gan_core.training.monitoring.snapshot import Snapshot
from ui.run.page_run import PageRun
from ui.session import open_runs, state
from ui.session.late_imports import import_for_first_step, import_in_background

TICK_SECONDS = 0.05
"""Seconds after which the browser asks for the next frame; requests that come early wait."""

MEASURING_SECONDS, PAUSED_MEASURING_SECONDS = 0.05, 0.3
"""Seconds of a frame that go into measurements, while the run trains and while it rests."""

SLOW_STEP_SECONDS = 0.3
SLOW_STEP_MESSAGE = "This step: first D is updated, then G"


def draw_and_train(
    run: PageRun,
    draw: Callable[[PageRun, Snapshot], None],
    frame_seconds: float | None = None,
    tick_at_rest: float | None = None,
) -> None:
    """Draw the run with `draw` and train it, again and again while it is running.

    `frame_seconds` is how long a frame may take, if the figures should keep pace with the run;
    `tick_at_rest` is how often it is drawn while it rests, if at all.
    """
    playback = run.playback
    is_busy = playback.running or run.measurements.busy

    @st.fragment(run_every=TICK_SECONDS if is_busy else tick_at_rest)
    def frame() -> None:
        if not open_runs.is_current(run):
            st.rerun()
        began = time.perf_counter()
        message = playback.queue_message()
        st.caption(message) if message else st.empty()  # one element in either case
        run.drawn = run.history.displayed_snapshot()
        draw(run, run.drawn)
        ended = False
        if playback.running:
            playback.frame_timer.add_frame(began, time.perf_counter() - began)
            import_for_first_step()
            ended = playback.train(state.steps_per_frame(), _step_bar(run), frame_seconds)
        else:
            run.autosave_if_idle()
        seconds = MEASURING_SECONDS if playback.running else PAUSED_MEASURING_SECONDS
        measured = run.measurements.work(seconds)
        if ended or (measured and not playback.running):
            st.rerun()  # only now: a rerun from here while a click is served would repeat it

    frame()
    import_in_background()


def _step_bar(run: PageRun) -> Callable[[float], None]:
    """Return a function that shows the fraction of a step: as a bar where steps are slow."""
    if run.playback.frame_timer.step_seconds < SLOW_STEP_SECONDS:
        return lambda fraction: None
    bar = st.progress(0.0, SLOW_STEP_MESSAGE)
    return lambda fraction: bar.progress(fraction, SLOW_STEP_MESSAGE)
