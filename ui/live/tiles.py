"""The tiles that every live page has: the step, and the steps a second."""

from __future__ import annotations

from gan_core.training.monitoring.snapshot import Snapshot
from ui.run.page_run import PageRun
from ui.run.watched_run import WatchedRun

LONG_STEP_SECONDS = 2.0
"""Seconds without a frame after which the tile says how long the step has run."""

PAUSING = "pausing after this half step"


def common_tiles(run: PageRun, snapshot: Snapshot) -> list[dict[str, object]]:
    """Return the tiles of the displayed step and of the run's speed."""
    return [_step_tile(run, snapshot), _speed_tile(run)]


def _step_tile(run: PageRun | WatchedRun, snapshot: Snapshot) -> dict[str, object]:
    watched = f", {run.num_watchers} watching" if run.num_watchers else ""
    tile = {
        "label": "step",
        "value": f"{snapshot.step:,}",
        "note": f"{_doing(run)}{watched}; {snapshot.updates_d:,} D updates",
        "stamp": run.playback.last_step_at,
    }
    if run.trains_here and run.playback.running:
        usual = run.playback.frame_timer.step_seconds
        tile["clock"] = {"after": LONG_STEP_SECONDS, "usual": round(usual, 2) or None}
    return tile


def _doing(run: PageRun | WatchedRun) -> str:
    if run.playback.is_pausing:
        return PAUSING
    doing = "training" if run.playback.running else "as it was" if run.looks_back else "paused"
    progress = run.measurements.progress if run.trains_here else None
    return doing if progress is None else f"{doing}, measuring ({progress[0]:.0%})"


def _speed_tile(run: PageRun) -> dict[str, object]:
    if run.looks_back:
        return {"label": "steps a second", "value": "–", "note": "not measured at earlier steps"}
    timer = run.playback.frame_timer
    share = timer.training_share()
    value, note = "–", "; not timed yet"
    if timer.step_seconds:
        per_second = 1 / timer.step_seconds
        value = f"{per_second:,.0f}" if per_second >= 10 else f"{per_second:.2g}"
        note = ""
    if share is not None:
        note = f"; {share:.0%} training"
    return {"label": "steps a second", "value": value, "note": run.trainer.engine + note}
