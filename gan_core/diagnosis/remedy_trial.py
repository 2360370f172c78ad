"""Tries remedies on copies of a run, so that the first one offered is one that works."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gan_core.diagnosis.remedies import Remedy
from gan_core.runtime.tasks import ProgressReport, Task
from gan_core.training.trainer import Trainer

STEPS = 300
"""Steps that each copy takes."""

SLICE = 5
LOOKS = (200, 225, 250, 275, 300)
"""Steps of a copy at which it is measured; the median counts, for a sway may look well once."""

BETTER = 0.7
"""A remedy works if its copy ends this much nearer than the copy that goes on unchanged."""

CLOSE = 0.15
"""So near, in standard deviations of the target, is near enough."""


@dataclass(frozen=True)
class Outcome:
    """What became of a copy of the run: its distance, infinite if its numbers broke down."""

    distance: float
    """Wasserstein-1 in standard deviations of the target."""
    steps: int
    """How many steps it took."""

    @property
    def broke_down(self) -> bool:
        return not math.isfinite(self.distance)

    def words(self) -> str:
        if self.broke_down:
            return f"broke down at step {self.steps:,}"
        return f"{self.distance:.2g} std"


@dataclass(frozen=True)
class Trial:
    """Remedies that were tried, the best first; `unchanged` is the copy that got none."""

    unchanged: Outcome
    tried: tuple[tuple[Remedy, Outcome], ...]

    @property
    def working(self) -> tuple[Remedy, ...]:
        """The remedies that helped."""
        return tuple(remedy for remedy, outcome in self.tried if self._works(outcome))

    def _works(self, outcome: Outcome) -> bool:
        if outcome.broke_down:
            return False
        return outcome.distance < max(BETTER * self.unchanged.distance, CLOSE)

    def words_on(self, remedy: Remedy) -> str:
        """Return what came of one of the remedies."""
        outcome = next(outcome for tried, outcome in self.tried if tried == remedy)
        return f"Tried on a copy for {STEPS} steps: {outcome.words()}."

    def sentence(self) -> str:
        """Return what the trial has shown."""
        copies = f"Tried on copies, {STEPS} steps (Wasserstein-1)"
        without = f"{self.unchanged.words()} without"
        if not self.working:
            return f"{copies}: none of {len(self.tried)} remedies helped, {without}."
        best = next(outcome for remedy, outcome in self.tried if remedy == self.working[0])
        return f"{copies}: {best.words()} with the first remedy, {without}."


def can_try(trainer: Trainer) -> bool:
    """Whether remedies can be tried: for that a snapshot has to measure how good a run is."""
    kind = trainer.config.dataset.kind
    return kind.best_by in kind.snapshot_metrics


def try_remedies(trainer: Trainer, remedies: Sequence[Remedy]) -> Task[Trial]:
    """Train a copy of the run with each remedy, and one without; the run itself stays as it is.

    A remedy that begins a new run is tried on a new run.
    """
    copies, done = 1 + len(remedies), 0
    unchanged = yield from _try(_copy(trainer), done, copies)
    tried = []
    for remedy in remedies:
        done += 1
        outcome = yield from _try(_treated(trainer, remedy), done, copies)
        tried.append((remedy, outcome))
    return Trial(unchanged, tuple(sorted(tried, key=lambda pair: pair[1].distance)))


def _copy(trainer: Trainer) -> Trainer:
    return trainer.fork(trainer.capture_state(), engine="eager")


def _treated(trainer: Trainer, remedy: Remedy) -> Trainer:
    if not remedy.live:
        return Trainer(remedy.config, trainer.device.type, engine="eager")
    copy = _copy(trainer)
    copy.update_config(remedy.config)
    return copy


def _try(copy: Trainer, done: int, copies: int) -> Task[Outcome]:
    """Train a copy in slices and return its outcome."""
    measure, seen = copy.config.dataset.kind.best_by, []
    std = copy.config.dataset.mean_and_std()[1]
    for taken in range(SLICE, STEPS + 1, SLICE):
        copy.step(SLICE)
        if taken in LOOKS:
            seen.append(copy.snapshot(remember=False).metrics[measure] / std)
        if copy.failure is not None:
            return Outcome(math.inf, copy.failure.step)
        yield ProgressReport((done + taken / STEPS) / copies, "trying remedies on copies")
    distance = float(np.median(seen))
    return Outcome(distance if math.isfinite(distance) else math.inf, copy.step_count)
