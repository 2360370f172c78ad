"""What is measured of a run in slices, so that the page moves on meanwhile."""

from __future__ import annotations

from gan_core import Trainer
from gan_core.evaluation.evaluate import Evaluation, as_bytes
from gan_core.evaluation.nearest_neighbors import NeighborReport, neighbor_search
from gan_core.evaluation.report import EvaluationReport
from gan_core.runtime.tasks import SlicedTask
from gan_core.shapes import Samples

MAX_REPORTS = 500


class Measuring:
    """Measures one trainer: how good G is, and which real pictures are nearest to G's.

    `every` is after how many steps each the quality is measured by itself, if at all.
    """

    def __init__(self, trainer: Trainer, every: int | None = None) -> None:
        self.every = every
        self.job: SlicedTask | None = None
        """What is being measured, or was last."""
        self.qualities: list[EvaluationReport] = []
        self.resemblance: tuple[Samples, NeighborReport] | None = None
        self._trainer = trainer

    @property
    def busy(self) -> bool:
        """Whether something is being measured."""
        return self.job is not None and self.job.active

    def work(self, seconds: float) -> bool:
        """Take slices of what is being measured; return whether that ended it."""
        if not self.busy:
            return False
        self.job.work(seconds)
        return not self.job.active

    def evaluate(self) -> None:
        """Begin to measure how good the generator is now, unless busy."""
        if self.busy:
            return
        trainer = self._trainer
        evaluation = Evaluation(trainer.frozen_generator(), trainer.config.dataset, trainer.source)

        def note(quality: EvaluationReport) -> None:
            self.qualities = [*self.qualities, quality][-MAX_REPORTS:]

        self.job = SlicedTask(evaluation.slices(), note)

    def evaluate_if_due(self, before: int) -> None:
        """Begin to do so if the run has come by a step at which that is wanted since `before`."""
        if self.every and self._trainer.step_count // self.every > before // self.every:
            self.evaluate()

    def compare(self, numbers: list[int]) -> None:
        """Begin to look for the real pictures nearest to some places of the grid, unless busy."""
        if self.busy:
            return
        trainer = self._trainer
        labels = trainer.fixed_labels
        chosen = None if labels is None else labels[numbers]
        pixels = as_bytes(trainer.generate(trainer.fixed_z[numbers], chosen))

        def note(found: NeighborReport) -> None:
            self.resemblance = pixels, found

        work = neighbor_search(pixels, trainer.config.dataset, trainer.source, trainer.device)
        self.job = SlicedTask(work, note)

    def truncate_after(self, step: int) -> None:
        """Drop what was measured later: the run has gone back."""
        self.qualities = [quality for quality in self.qualities if quality.step <= step]
