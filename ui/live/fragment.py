"""The fragment that draws a run, then trains it, many times a second."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gan_core.training.monitoring.snapshot import Snapshot
from ui.run.page_run import PageRun
from ui.session import open_runs, state
from ui.session.late_imports import import_for_first_step, import_in_background

PAUSING_MESSAGE = (
    "Pausing after this half step: the update of D or of G that is in progress cannot be cut short."
)

TICK_SECONDS = 0.05
"""Seconds after which the browser asks for the next frame; requests that come early wait."""

MEASURING_SECONDS, PAUSED_MEASURING_SECONDS = 0.05, 0.3
"""Seconds of a frame that go into measurements, while the run trains and while it rests."""

TRIAL_SECONDS = 0.2
"""The same for a trial of remedies: an ill run loses nothing when it waits for help."""

SLOW_STEP_SECONDS = 0.3
"""Seconds from which on a step has a bar; Pause is not answered before its half has ended."""

PAUSING_TICK_SECONDS = 0.5


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
    pausing = playback.wait_for_pause(SLOW_STEP_SECONDS) and run.drawn is not None
    tick = TICK_SECONDS if is_busy else tick_at_rest
    clicks = iter([True])

    @st.fragment(run_every=PAUSING_TICK_SECONDS if pausing else tick)
    def frame() -> None:
        if not open_runs.is_current(run):
            st.rerun()
        began = time.perf_counter()
        message = playback.queue_message()
        with st.container(key="live_message"):  # beside the doctor's buttons: nothing moves
            top = st.empty()  # one element, whatever stands there
        if message:
            top.caption(message)
        serves_a_click = next(clicks, False)
        if pausing and playback.is_pausing:
            top.caption(PAUSING_MESSAGE)
            draw(run, run.drawn)
            return
        if pausing and not serves_a_click:
            st.rerun()
        show_fraction = _step_bar(run, top)
        run.drawn = run.history.displayed_snapshot()
        draw(run, run.drawn)
        ended = False
        if playback.running:
            playback.frame_timer.add_frame(began, time.perf_counter() - began)
            import_for_first_step()
            ended = playback.train(state.steps_per_frame(), show_fraction, frame_seconds)
        else:
            run.autosave_if_idle()
        measured = run.measurements.work(_measuring_seconds(run))
        if ended or (measured and not playback.running):
            st.rerun()  # only now: a rerun from here while a click is served would repeat it

    with st.container(key="live_part"):
        frame()
    import_in_background()


def _measuring_seconds(run: PageRun) -> float:
    """Return how much of this frame goes into measurements."""
    if not run.playback.running:
        return PAUSED_MEASURING_SECONDS
    return TRIAL_SECONDS if run.measurements.tries_remedies else MEASURING_SECONDS


def _step_bar(run: PageRun, place: DeltaGenerator) -> Callable[[float], None]:
    """Return a function that shows the fraction of a step: as a bar where steps are slow."""
    usual = run.playback.frame_timer.step_seconds
    if usual < SLOW_STEP_SECONDS or not run.playback.running:
        return lambda fraction: None
    words = f"This step: first D is updated, then G. Usually it takes {usual:.1f} s."
    place.progress(0.0, words)
    return lambda fraction: place.progress(fraction, words)
