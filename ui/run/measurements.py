"""Measurements of a run and trials on copies of it, taken in slices between its frames."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from gan_core import Trainer
from gan_core.diagnosis import Remedy, Trial, try_remedies
from gan_core.evaluation.evaluate import Evaluation, as_bytes
from gan_core.evaluation.nearest_neighbors import NeighborReport, neighbor_search
from gan_core.evaluation.report import EvaluationReport
from gan_core.runtime.tasks import SlicedTask, Task
from gan_core.shapes import Samples

T = TypeVar("T")

MAX_REPORTS = 500


class Measurements:
    """Measures one trainer: how good G is, which real pictures are nearest, and which remedy helps.

    `every` is the number of steps after which the quality is measured by itself; None for never.
    """

    def __init__(self, trainer: Trainer, every: int | None = None) -> None:
        self.every = every
        self._task: SlicedTask | None = None
        """The measurement in progress, or the last one."""
        self.reports: list[EvaluationReport] = []
        self.nearest: tuple[Samples, NeighborReport] | None = None
        self.nearest_step = 0
        """The step of the samples that were compared."""
        self._tried: Hashable = None
        """What the latest trial of remedies was begun for."""
        self._trial: Trial | None = None
        self._trial_task: SlicedTask | None = None
        self._trainer = trainer
        self._measured_step = 0

    @property
    def busy(self) -> bool:
        """Whether something is being measured."""
        return self._task is not None and self._task.active

    @property
    def progress(self) -> tuple[float, str] | None:
        """The fraction done of the measurement in progress, and its message; None if idle."""
        if not self.busy:
            return None
        words = f"Step {self._measured_step:,}: {self._task.message or 'beginning'}"
        return min(self._task.fraction, 1.0), words

    @property
    def error(self) -> str | None:
        """A sentence, if the last measurement failed."""
        return None if self.busy or self._task is None else self._task.error

    def work(self, seconds: float) -> bool:
        """Take slices of the measurement in progress; return whether that ended it."""
        if not self.busy:
            return False
        self._task.work(seconds)
        return not self._task.active

    def evaluate(self, displayed: Trainer | None = None) -> None:
        """Begin to measure how good the generator is now, or was when displayed, unless busy."""
        if self.busy:
            return
        trainer = displayed or self._trainer
        evaluation = Evaluation(trainer.frozen_generator(), trainer.config.dataset, trainer.source)

        def keep(quality: EvaluationReport) -> None:
            if quality.step > self._trainer.step_count:  # the run has gone back since
                return
            others = [report for report in self.reports if report.step != quality.step]
            in_order = sorted([*others, quality], key=lambda report: report.step)
            self.reports = in_order[-MAX_REPORTS:]

        self._begin(evaluation.slices(), keep, trainer.step_count)

    def _begin(self, work: Task[T], keep: Callable[[T], None], step: int) -> None:
        self._task, self._measured_step = SlicedTask(work, keep), step

    def reports_until(self, step: int) -> list[EvaluationReport]:
        """Return the evaluations of the steps up to this one."""
        return [report for report in self.reports if report.step <= step]

    def is_due(self, before: int) -> bool:
        """Return whether the run has passed a multiple of `every` since step `before`."""
        if not self.every or self.busy:
            return False
        return self._trainer.step_count // self.every > before // self.every

    def compare(
        self, numbers: list[int], label: int | None = None, displayed: Trainer | None = None
    ) -> None:
        """Begin to look for the real pictures nearest to some places of the grid, unless busy.

        The grid shows each sample in its own class, or all in the class `label`. The samples are
        those of the run now, or as it is displayed.
        """
        if self.busy:
            return
        trainer = displayed or self._trainer
        step = trainer.step_count
        pixels = as_bytes(trainer.generate_fixed(label))[numbers]

        def keep(found: NeighborReport) -> None:
            if step <= self._trainer.step_count:
                self.nearest, self.nearest_step = (pixels, found), step

        work = neighbor_search(pixels, trainer.config.dataset, trainer.source, trainer.device)
        self._begin(work, keep, step)

    def try_remedies(self, subject: Hashable, remedies: Sequence[Remedy]) -> None:
        """Begin to try remedies on copies of the run, unless busy or done for this `subject`."""
        if self.busy or not remedies or self._tried == subject:
            return

        def keep(trial: Trial) -> None:
            self._trial = trial

        self._tried, self._trial = subject, None
        self._begin(try_remedies(self._trainer, remedies), keep, self._trainer.step_count)
        self._trial_task = self._task

    def trial_of(self, subject: Hashable) -> Trial | None:
        """Return what came of the trial for this subject; None if there was none yet."""
        return self._trial if self._tried == subject else None

    def is_trying(self, subject: Hashable) -> bool:
        """Whether remedies are being tried for this subject."""
        return self.tries_remedies and self._tried == subject

    @property
    def tries_remedies(self) -> bool:
        """Whether the measurement in progress is a trial of remedies."""
        return self.busy and self._task is self._trial_task

    def truncate_after(self, step: int) -> None:
        """Drop what was measured at later steps: the run has gone back."""
        self.reports = self.reports_until(step)
        if self.nearest_step > step:
            self.nearest = None
