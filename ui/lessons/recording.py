"""Recorded steps of a run, and the way from line to line within one."""

from __future__ import annotations

import time

from gan_core.explain.step_recording import record_step
from ui.run.page_run import PageRun


def record_if_due(run: PageRun) -> None:
    """Take and record one step, if the run's goal and its speed allow it.

    The frame's training then leaves the last step before a goal to the next frame.
    """
    run.tutorial.watches = True
    playback = run.playback
    if not playback.has_new_failure and playback.steps_due(time.perf_counter(), None):
        _record(run)


def move_line(run: PageRun, lines: int) -> None:
    """Pause, and display the line of the step so many lines on.

    Behind the last line, or if the run has gone on since, a new step is taken. Of a run that is
    displayed at an earlier step it is always the step after that one, taken by a copy.
    """
    run.playback.pause()
    tutorial, known = run.tutorial, run.tutorial.recording
    shown = run.displayed
    is_latest = known is not None and known.step == shown.step_count and not shown.step_fraction
    is_latest = is_latest or run.looks_back
    is_within = known is not None and tutorial.place + lines < len(known.records)
    if is_within and (is_latest or lines < 0):
        tutorial.place = max(0, tutorial.place + lines)
    else:
        _record(run)
        tutorial.place = 0
    tutorial.line_began = time.monotonic()


def _record(run: PageRun) -> None:
    trainer = run.history.copy_displayed() if run.looks_back else run.displayed
    with trainer.recover_from_oom():
        run.tutorial.recording = record_step(trainer, run.tutorial.x)
    run.playback.report_failure()
