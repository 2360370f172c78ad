"""The tiles that every live page has: the step, and the steps a second."""

from __future__ import annotations

from gan_core.training.monitoring.snapshot import Snapshot
from ui.run.page_run import PageRun


def common_tiles(run: PageRun, snapshot: Snapshot) -> list[dict[str, object]]:
    """Return the tiles of the displayed step and of the run's speed."""
    return [_step_tile(run, snapshot), _speed_tile(run)]


def _step_tile(run: PageRun, snapshot: Snapshot) -> dict[str, object]:
    doing = "training" if run.playback.running else "as it was" if run.past_trainer else "paused"
    watched = f", {run.num_watchers} watching" if run.num_watchers else ""
    return {
        "label": "step",
        "value": f"{snapshot.step:,}",
        "note": f"{doing}{watched}; {snapshot.updates_d:,} D updates",
        "stamp": run.playback.last_step_at,
    }


def _speed_tile(run: PageRun) -> dict[str, object]:
    timer = run.playback.frame_timer
    share = timer.training_share()
    value, note = "–", "; not timed yet"
    if timer.step_seconds:
        per_second = 1 / timer.step_seconds
        value = f"{per_second:,.0f}" if per_second >= 10 else f"{per_second:.1f}"
        note = ""
    if share is not None:
        note = f"; {share:.0%} training"
    return {"label": "steps a second", "value": value, "note": run.trainer.engine + note}
