"""The parts of a page's run that playback, time travel and the page share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

import numpy as np

from gan_core import ExperimentConfig, Trainer
from gan_core.diagnosis import SteadyDiagnosis
from gan_core.evaluation.report import EvaluationReport
from gan_core.networks import LayerRow
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.training.monitoring.step_log import Steps
from ui.confirmation import Confirmation
from ui.run.measurements import Measurements
from ui.run.run_storage import RunStorage
from ui.run.tutorial_state import TutorialState
from ui.run.zoom import Zoom


@dataclass
class View:
    """How the pictures of a run are shown."""

    side: int = 8
    size: int = 560
    label: int | None = None
    panel: str | None = None
    zoom: Zoom = field(default_factory=Zoom)


@dataclass(eq=False)
class RunBase:
    """A trainer with its storage, its measurements, and the messages of its page."""

    page: str
    trainer: Trainer
    owner: str | None = None
    """The secret of the browser that owns the run."""
    title: str | None = None
    """The title of the preset that it began with; None if its settings give its name."""
    storage: RunStorage | None = None
    measurements: Measurements | None = None
    tutorial: TutorialState = field(default_factory=TutorialState)
    layers: dict[str, list[LayerRow]] = field(default_factory=dict)
    real: dict[tuple[int, int | None], np.ndarray] = field(default_factory=dict)
    """The real samples that are shown, by their count and the class that was chosen."""
    view: View = field(default_factory=View)
    cached_snapshot: Snapshot | None = None
    """The run's latest snapshot."""
    drawn: Snapshot | None = None
    """The snapshot that the page drew last: the latest one, or of an earlier step."""
    watchers: WeakSet[Any] = field(default_factory=WeakSet)
    """The pages of other visitors who watch this one."""
    watching_seconds: float = 0.01
    """Processor time of one frame of one watcher, smoothed."""
    past_trainer: Trainer | None = None
    """The run as it was at an earlier step, as long as the page displays that step."""
    past_snapshot: Snapshot | None = None
    past_visits: int = 0
    """Raised when the page leaves an earlier step, so that its slider stands at the end again."""
    proposed: ExperimentConfig | None = None
    """The set-up that waits for the visitor's consent to a new run."""
    notice: str | None = None
    info: str | None = None
    """A line below the page's buttons; it stays until the run is trained on."""
    revision: int = 0
    """Raised to give the page new widgets, which show the run's config."""
    remedy: Confirmation = field(default_factory=Confirmation)
    """The remedy that waits for the visitor's consent to a new run."""
    steady: SteadyDiagnosis = field(default_factory=SteadyDiagnosis)
    """What the doctor says about the run."""
    remedy_applied: bool = False
    """Whether a remedy was applied that the page does not show yet."""

    def __post_init__(self) -> None:
        self.layers = self.trainer.layers()
        title, owner = self.title, self.owner
        self.storage = self.storage or RunStorage(self.trainer, title=title, owner=owner)
        self.measurements = Measurements(self.trainer)
        self.measurements.reports = self._kept_reports()

    def _kept_reports(self) -> list[EvaluationReport]:
        """Return the evaluations in the run's folder, up to the present step."""
        return [kept for kept in self.storage.saver.evaluations if kept.step <= self.step]

    @property
    def id(self) -> str:
        """The run's name in links and on the disk."""
        return self.storage.id

    @property
    def step(self) -> int:
        """The number of training steps taken."""
        return self.trainer.step_count

    @property
    def config(self) -> ExperimentConfig:
        """The run's present set-up."""
        return self.trainer.config

    @property
    def num_fixed(self) -> int:
        """The number of samples that the run makes of its fixed noise."""
        return len(self.trainer.fixed_z)

    @property
    def num_watchers(self) -> int:
        """The number of other visitors who watch."""
        return len(self.watchers)

    @property
    def displayed(self) -> Trainer:
        """The trainer that the page displays: of an earlier step, or the present one."""
        return self.past_trainer or self.trainer

    @property
    def trains_here(self) -> bool:
        """Whether this page trains the run; a watcher's page does not."""
        return True

    @property
    def looks_back(self) -> bool:
        """Whether the page displays an earlier step."""
        return self.past_trainer is not None

    @property
    def newest_only(self) -> str | None:
        """Why a control that acts on the newest step alone is grey; None if it is not."""
        if not self.looks_back:
            return None
        return (
            f"You look at step {self.displayed.step_count:,}; this acts on step {self.step:,}. "
            "Go to the newest step to use it."
        )

    @property
    def reports(self) -> list[EvaluationReport]:
        """The evaluations up to the displayed step, in the order of their steps."""
        return self.measurements.reports_until(self.displayed.step_count)

    @property
    def chart_revision(self) -> str:
        """A text that changes when zoom and legend of the charts should start afresh."""
        return f"{self.page}.{id(self.trainer)}"

    def replace_trainer(self, trainer: Trainer, storage: RunStorage) -> None:
        """Put another trainer in the place of this run's."""
        self.storage.close()
        self.trainer, self.storage = trainer, storage
        self.layers = self.trainer.layers()
        self.real, self.cached_snapshot, self.drawn = {}, None, None
        self.past_trainer = self.past_snapshot = None
        self.proposed = self.notice = self.info = None
        self.measurements = Measurements(trainer, self.measurements.every)
        self.tutorial = TutorialState()
        self.remedy.clear()

    def display(self, past: Trainer | None) -> None:
        """Display the run as it was at an earlier step, or as it is now.

        All that a page shows of a run, judges or offers as a file is that of `displayed`; what
        was computed from the moment displayed before is dropped.
        """
        before = self.displayed.config, self.looks_back
        self.past_trainer, self.past_snapshot = past, None
        self.tutorial.forget_moment()
        if (self.displayed.config, self.looks_back) != before:
            self.show_config()

    def leave_past(self) -> None:
        """Display the run as it is now, if the page displays an earlier step."""
        if self.looks_back:
            self.display(None)
            self.past_visits += 1

    def evaluate(self) -> None:
        """Begin to measure the displayed generator; the step that is measured is saved, too."""
        self.measurements.evaluate(self.displayed)
        if self.step:
            self.save(wait=False)

    def single_steps(self, first: int, last: int) -> Steps:
        """Return the statistics of every step from `first` to `last` that is known."""
        return self.storage.saver.single_steps(first, last)

    def save(self, wait: bool = True) -> bool:
        """Save the run; return False if that failed, see `storage.problem`."""
        latest = self.cached_snapshot or self.refresh()  # without one it would have no thumbnail
        return self.storage.save(latest, self.measurements.reports, wait)

    def autosave(self) -> None:
        """Save the run in a thread, if it is time."""
        self.storage.autosave(self.cached_snapshot, self.measurements.reports)

    def refresh(self) -> Snapshot:
        """Make a snapshot of the run as it is now, and keep it as the one drawn last."""
        self.cached_snapshot = self.trainer.snapshot()
        return self.cached_snapshot

    def change(self, config: ExperimentConfig, label: str) -> None:
        """Go on with changed settings, and mark the step in the charts.

        Raises:
            ValueError: if a setting differs that needs a new run.
        """
        changes = self.trainer.config_changes
        known = len(changes)
        step = self.step
        self.trainer.update_config(config)
        changes[known:] = [(step, label)]
        self.cached_snapshot = None

    def real_samples(self, n: int, label: int | None = None) -> np.ndarray:
        """Return the same `n` real samples at every call, as `Trainer.real_samples` does."""
        if (n, label) not in self.real:
            self.real = {(n, label): self.trainer.real_samples(n, label)}
        return self.real[n, label]

    def show_config(self) -> None:
        """Make the widgets show the displayed config, not the choices made since."""
        self.proposed = None
        self.revision += 1
