"""One experiment as a page watches it: its life from the first step to its end."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from gan_core import ExperimentConfig, Trainer
from gan_core.training.monitoring.snapshot import Snapshot
from ui.run.frame_timer import FrameTimer
from ui.run.playback import Playback
from ui.run.run_base import RunBase
from ui.run.run_storage import RunStorage
from ui.run.time_travel import TimeTravel
from ui.run.tutorial_state import TutorialState


@dataclass(eq=False)
class PageRun(RunBase):
    """A page's run: `playback` trains it, `history` goes back to its earlier steps."""

    playback: Playback = field(init=False)
    history: TimeTravel = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.playback = Playback(self)
        self.history = TimeTravel(self)

    def restart(
        self,
        config: ExperimentConfig,
        engine_from: int | None = None,
        title: str | None = None,
    ) -> None:
        """Begin a new run; a goal that the old one was trained to holds for it too.

        The old run is saved if it is worth keeping. `engine_from` is the step at which a faster
        engine has to take over; `title` becomes the run's name.

        Raises:
            ValueError: if it cannot be made, or the old one not be saved; the old one stays.
        """
        trainer = Trainer(config, device="auto", engine_from=engine_from)
        self.save_before_discard()
        old = self.storage
        self.title = title
        self.replace_trainer(trainer, RunStorage(trainer, owner=self.owner, title=title))
        if old.saver.saved is not None and old.trainer.step_count:
            steps = old.trainer.step_count
            self.info = f"The run before this one, of {steps:,} steps, is kept on the page Runs."

    def reset(self) -> None:
        """Begin again with the same set-up and the same random numbers."""
        self._restart_or_notify(self.config, self.trainer.engine_selector.switched_at)

    def new_seed(self) -> None:
        """Begin again with other random numbers."""
        self._restart_or_notify(self.config.replace(seed=secrets.randbelow(2**31)))

    def _restart_or_notify(self, config: ExperimentConfig, engine_from: int | None = None) -> None:
        """Begin a new run; if there is no memory for it the old one stays, with a notice."""
        try:
            self.restart(config, engine_from, self.title)
        except ValueError as error:
            self.notice = str(error)
        self.show_config()

    def replace_trainer(self, trainer: Trainer, storage: RunStorage) -> None:
        """Put another trainer in the place of this run's."""
        super().replace_trainer(trainer, storage)
        self.playback.frame_timer = FrameTimer()

    def latest_snapshot(self) -> Snapshot:
        """Return the snapshot drawn last; of a run at rest, one of the very step displayed."""
        if self.looks_back:
            return self.history.displayed_snapshot()
        snapshot, trainer = self.cached_snapshot, self.trainer
        if snapshot is not None and (
            self.playback.running
            or self.playback.is_pausing  # the run can be read after the half step in progress
            or (snapshot.step, snapshot.updates_d) == (trainer.step_count, trainer.updates_d)
        ):
            return snapshot
        return self.refresh()

    def save_before_discard(self) -> None:
        """Save the run if something would be lost with it.

        Raises:
            ValueError: if that fails, the first time: a second request drops the run unsaved.
        """
        if self.storage.has_unsaved_work and not self.save() and not self.storage.given_up:
            self.storage.given_up = True
            raise ValueError(f"{self.storage.problem} Ask again to drop the run as it is.")

    def autosave_if_idle(self) -> None:
        """Save the run in a thread, if it rests and is not saved."""
        if not self.playback.running:
            self.storage.save_at_pause(self.cached_snapshot, self.measurements.reports)

    def pause_for_reload(self) -> None:
        """Pause a run whose tab was closed or loaded again; the next page says so."""
        if self.playback.running:
            self.info = (
                "The run was training when this page was opened again. It is paused; **Train** "
                "goes on."
            )
        self.playback.pause()

    def on_disconnect(self) -> None:
        """Pause and save: no browser shows the run any more."""
        self.pause_for_reload()
        if self.step:
            self.save()

    def release(self) -> None:
        """Drop every reference to what takes memory.

        Streamlit keeps a session for some time after its tab was closed, and with it the widgets
        whose callbacks are this run's.
        """
        self.storage.close()
        self.trainer = self.storage = self.measurements = None
        self.cached_snapshot = self.drawn = self.past_trainer = self.past_snapshot = None
        self.real, self.layers, self.tutorial = {}, {}, TutorialState()
