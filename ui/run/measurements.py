"""Measurements of a run, taken in slices between its frames."""

from __future__ import annotations

from gan_core import Trainer
from gan_core.evaluation.evaluate import Evaluation, as_bytes
from gan_core.evaluation.nearest_neighbors import NeighborReport, neighbor_search
from gan_core.evaluation.report import EvaluationReport
from gan_core.runtime.tasks import SlicedTask
from gan_core.shapes import Samples

MAX_REPORTS = 500


class Measurements:
    """Measures one trainer: how good G is, and which real pictures are nearest to G's.

    `every` is the number of steps after which the quality is measured by itself; None for never.
    """

    def __init__(self, trainer: Trainer, every: int | None = None) -> None:
        self.every = every
        self._task: SlicedTask | None = None
        """The measurement in progress, or the last one."""
        self.reports: list[EvaluationReport] = []
        self.nearest: tuple[Samples, NeighborReport] | None = None
        self._trainer = trainer

    @property
    def busy(self) -> bool:
        """Whether something is being measured."""
        return self._task is not None and self._task.active

    @property
    def progress(self) -> tuple[float, str] | None:
        """The fraction done of the measurement in progress, and its message; None if idle."""
        if not self.busy:
            return None
        return min(self._task.fraction, 1.0), self._task.message or "beginning"

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

    def evaluate(self) -> None:
        """Begin to measure how good the generator is now, unless busy."""
        if self.busy:
            return
        trainer = self._trainer
        evaluation = Evaluation(trainer.frozen_generator(), trainer.config.dataset, trainer.source)

        def keep(quality: EvaluationReport) -> None:
            self.reports = [*self.reports, quality][-MAX_REPORTS:]

        self._task = SlicedTask(evaluation.slices(), keep)

    def is_due(self, before: int) -> bool:
        """Return whether the run has passed a multiple of `every` since step `before`."""
        if not self.every or self.busy:
            return False
        return self._trainer.step_count // self.every > before // self.every

    def compare(self, numbers: list[int], label: int | None = None) -> None:
        """Begin to look for the real pictures nearest to some places of the grid, unless busy.

        The grid shows each sample in its own class, or all in the class `label`.
        """
        if self.busy:
            return
        trainer = self._trainer
        pixels = as_bytes(trainer.generate_fixed(label))[numbers]

        def keep(found: NeighborReport) -> None:
            self.nearest = pixels, found

        work = neighbor_search(pixels, trainer.config.dataset, trainer.source, trainer.device)
        self._task = SlicedTask(work, keep)

    def truncate_after(self, step: int) -> None:
        """Drop all reports of later steps: the run has gone back."""
        self.reports = [quality for quality in self.reports if quality.step <= step]
