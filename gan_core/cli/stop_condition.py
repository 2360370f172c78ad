"""Evaluation steps of a run without the dashboard, and the condition that stops it there."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass

from gan_core.data import Dataset
from gan_core.data.kind import all_kinds
from gan_core.evaluation.evaluate import SAMPLES, SEED
from gan_core.runtime.tasks import run_to_end
from gan_core.training.monitoring.snapshot import STATISTICS, Snapshot
from gan_core.training.trainer import Trainer

SNAPSHOT_BITS, EVALUATION_BITS = 6, 3
"""There are at most 2 ** (bits - 1) evaluations per octave of steps; each takes seconds."""

RELATIONS = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
CONDITION = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*")


def is_eval_step(step: int, bits: int = SNAPSHOT_BITS) -> bool:
    """Return whether metrics are measured at a step: one of 32 evenly spaced ones per octave.

    So a resumed run measures at the same steps as an uninterrupted one.
    """
    return step % max(1, 2 ** (step.bit_length() - bits)) == 0


def next_eval_step(step: int) -> int:
    """Return the first step after this one at which metrics are measured."""
    return next(later for later in range(step + 1, 2 * step + 3) if is_eval_step(later))


@dataclass(frozen=True)
class StopCondition:
    """A statistic or metric, and the bound that it has to reach."""

    name: str
    relation: str
    bound: float

    @classmethod
    def parse(cls, text: str) -> StopCondition:
        """Parse a condition such as `wasserstein_1<0.05`.

        Raises:
            ValueError: if it is not a condition; names what is possible.
        """
        names = list(
            dict.fromkeys(
                name
                for kind in all_kinds()
                for name in (*kind.snapshot_metrics, *kind.evaluation_metrics)
            )
        )
        names += STATISTICS
        match = CONDITION.fullmatch(text)
        if match is None or match[1] not in names:
            raise ValueError(
                f"stop-when = {text[:80]!r} is not a condition such as wasserstein_1<0.05; "
                f"names are {', '.join(names)}, relations {' '.join(RELATIONS)}."
            )
        try:
            return cls(match[1], match[2], float(match[3]))
        except ValueError:
            raise ValueError(f"stop-when: {match[3]!r} is not a number.") from None

    def validate(self, dataset: Dataset) -> None:
        """Raises: ValueError: if the data set has no such metric; names those it has."""
        kind = dataset.kind
        names = [*kind.snapshot_metrics, *kind.evaluation_metrics, *STATISTICS]
        if self.name not in names:
            raise ValueError(
                f"stop-when: {self.name} is not measured on {dataset.name}; "
                f"names there are {', '.join(names)}."
            )

    def check(self, trainer: Trainer, snapshot: Snapshot) -> str | None:
        """Return a sentence if the condition holds at the trainer's step; `snapshot` is of it.

        Checked only at evaluation steps (32 per octave of steps; 4 per octave for metrics that need
        an evaluation), so a resumed run stops at the same step as an uninterrupted one.

        Raises:
            ValueError: if pictures of this kind have no such metric.
        """
        if not is_eval_step(snapshot.step):
            return None
        value = (snapshot.statistics | snapshot.metrics).get(self.name)
        kind = trainer.config.dataset.kind
        if self.name in kind.evaluation_metrics and is_eval_step(snapshot.step, EVALUATION_BITS):
            value = self._evaluate(trainer)
        if value is None or not RELATIONS[self.relation](value, self.bound):
            return None
        return f"{self.name} = {value:.4g}: {self.name} {self.relation} {self.bound:g} holds."

    def _evaluate(self, trainer: Trainer) -> float:
        dataset = trainer.config.dataset
        work = dataset.kind.evaluate(
            trainer.frozen_generator(), dataset, trainer.source, SAMPLES, SEED
        )
        values = run_to_end(work).values
        if self.name not in values:
            raise ValueError(
                f"stop-when: {self.name} is not measured on {dataset.name}; "
                f"names there are {', '.join([*values, *STATISTICS])}."
            )
        return values[self.name].value
