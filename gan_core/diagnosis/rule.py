"""A condition: evidence against thresholds, a sentence, and what may help.

A condition reads vital signs and compares them with its thresholds, which are its knobs. It holds
when all of its rows trip, and abstains, with no rows, where its signs mean nothing. What moves
comes before what lies there: samples that sway cannot be judged by one look.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from gan_core.diagnosis.evidence import Evidence
from gan_core.diagnosis.indicators import Indicators
from gan_core.diagnosis.remedies import Remedy, RemedyFactory, choose_remedies
from gan_core.registry import Component, Registry

CONDITIONS = Registry("condition")
MAX_REMEDIES = 2


@dataclass(frozen=True)
class Finding:
    """A condition that holds: a sentence with the run's numbers, and what may help."""

    condition: str
    title: str
    sentence: str
    candidates: tuple[Remedy, ...]


@dataclass(frozen=True)
class Condition(Component):
    """Something that can be wrong with a run."""

    at_once: ClassVar[bool] = False
    """Whether it can be recognised before the run has taken many steps."""
    any_row: ClassVar[bool] = False
    """Whether one row that trips is enough."""
    candidates: ClassVar[tuple[RemedyFactory, ...]] = ()
    """Remedies that may help, the best first."""

    @abstractmethod
    def evidence(self, indicators: Indicators) -> tuple[Evidence, ...]:
        """Return every comparison, or () where it abstains."""

    @abstractmethod
    def sentence(self, indicators: Indicators) -> str:
        """Return a plain sentence about the fault, with the run's numbers."""

    def prescriptions(self, indicators: Indicators) -> tuple[RemedyFactory, ...]:
        """Return remedies that may help this run, the best first."""
        return self.candidates

    def holds(self, rows: tuple[Evidence, ...]) -> bool:
        """Return whether this evidence, at least one row, is enough."""
        tripped = [row.tripped for row in rows]
        return any(tripped) if self.any_row else all(tripped)

    def check(self, indicators: Indicators) -> Finding | None:
        """Return the finding, or None."""
        rows = self.evidence(indicators)
        if not rows or not self.holds(rows):
            return None
        remedies = choose_remedies(indicators.config, self.prescriptions(indicators))
        return Finding(self.name, self.title, self.sentence(indicators), remedies)


def patience_row(indicators: Indicators, patience: int) -> Evidence:
    """Return evidence that a run is old enough for a condition that healthy runs may begin with."""
    age, words = float(indicators.age), "steps since the last change"
    return Evidence(words, age, float(patience), True, "this run")


def steps_text(indicators: Indicators) -> str:
    return f"the last {indicators.window:,} steps"


def d_outputs_text(indicators: Indicators) -> str:
    """Return D's mean answers in words."""
    real, fake = indicators.statistics["d_real"], indicators.statistics["d_fake_before"]
    return f"D(x) {real:.2f}, D(G(z)) {fake:.2f} over {steps_text(indicators)}"
