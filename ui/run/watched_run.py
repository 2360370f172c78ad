"""Another visitor's run as a watcher sees it: live, and read-only."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from gan_core import ExperimentConfig, Trainer
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.training.monitoring.step_log import Steps
from ui.run.page_run import PageRun
from ui.run.playback import Playback
from ui.run.run_base import View

MIN_SECONDS, MAX_SECONDS = 1.0, 32.0
"""Seconds between two frames of a watcher."""

STREAMLIT_SECONDS = 0.005
"""Processor time of a frame outside of its fragment: messages, and Streamlit's threads."""

SHARE = 0.03
"""The share of one core's time that all watchers of a run may take together."""


How = Literal["live", "saved", "elsewhere", "without_data"]
"""The owner has the run open; or it is shown as it was saved: its owner is not here, another
process has it open, or its data are not on this machine."""


def newest_step(source: PageRun) -> int | None:
    """Return the step of a run's newest checkpoint, whole or not; None if there is none."""
    return max((kept.step for kept in source.storage.saver.folder.checkpoints), default=None)


class WatchedRun:
    """What a watcher's page draws of `source`: the owner's run, or one that was read from the disk.

    It never trains, saves or changes the run. `look` holds what is drawn until the next `look`:
    the owner may reset or close the run at any time.
    """

    def __init__(self, page: str, run_id: str, source: PageRun, how: How) -> None:
        self.page, self.run_id = page, run_id
        self.source, self.how = source, how
        self.name = source.storage.saver.about.name
        self.newest = newest_step(source)
        self.view = View(source.view.side, source.view.size)
        self.past_trainer: Trainer | None = None
        self.trainer: Trainer = source.trainer
        self.snapshot: Snapshot | None = None
        self._real: dict[tuple[int, int | None], np.ndarray] = {}
        source.watchers.add(self)

    def look(self) -> bool:
        """Take up what the owner's page shows now; return False if the owner has closed the run."""
        trainer, drawn = self.source.trainer, self.source.drawn
        if trainer is None:
            return False
        if trainer is not self.trainer:
            self.trainer, self._real = trainer, {}
        self.past_trainer = self.source.past_trainer
        self.snapshot = drawn
        return True

    @property
    def seconds_between_frames(self) -> float:
        """How often a frame is drawn: so rarely that all watchers cost the owner little.

        A power of √2, so that it seldom changes.
        """
        source = self.source
        needed = len(source.watchers) * (source.watching_seconds + STREAMLIT_SECONDS) / SHARE
        halves = math.ceil(2 * math.log2(max(needed, MIN_SECONDS)))
        return min(2.0 ** (halves / 2), MAX_SECONDS)

    def add_frame(self, seconds: float) -> None:
        """Count the processor time of a frame of one watcher."""
        source = self.source
        source.watching_seconds += 0.1 * (seconds - source.watching_seconds)

    @property
    def playback(self) -> Playback:
        return self.source.playback

    @property
    def config(self) -> ExperimentConfig:
        return self.trainer.config

    @property
    def step(self) -> int:
        return self.trainer.step_count

    @property
    def num_fixed(self) -> int:
        return len(self.trainer.fixed_z)

    @property
    def trains_here(self) -> bool:
        return False

    @property
    def looks_back(self) -> bool:
        return self.past_trainer is not None

    @property
    def displayed(self) -> Trainer:
        return self.past_trainer or self.trainer

    @property
    def num_watchers(self) -> int:
        return 0 if self.how == "without_data" else len(self.source.watchers)

    @property
    def chart_revision(self) -> str:
        return f"{self.page}.{id(self.trainer)}"

    def single_steps(self, first: int, last: int) -> Steps:
        """Return the statistics of every step from `first` to `last` that is known."""
        return self.source.single_steps(first, last)

    def real_samples(self, n: int, label: int | None = None) -> np.ndarray:
        """Return the same `n` real samples as on the owner's page."""
        if (n, label) not in self._real:
            shared = self.source.real.get((n, label))
            real = self.trainer.real_samples(n, label) if shared is None else shared
            self._real = {(n, label): real}
        return self._real[n, label]
