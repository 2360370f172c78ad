"""A diagnosis: how a run is, in plain words, with the evidence and what may help."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.diagnosis.evidence import Evidence
from gan_core.diagnosis.remedies import Remedy
from gan_core.diagnosis.rule import MAX_REMEDIES

HEALTHY, TOO_EARLY, CANNOT_SAY = "healthy", "too_early", "cannot_say"


@dataclass(frozen=True)
class Diagnosis:
    """How a run is: a condition's name, or `healthy`, `cannot_say` or `too_early`.

    `evidence` holds the rows of every rule by its condition's title, those that did not trip too.
    """

    condition: str
    title: str
    sentence: str
    evidence: tuple[tuple[str, tuple[Evidence, ...]], ...]
    candidates: tuple[Remedy, ...] = ()
    """All remedies that change something, the best known first."""

    @property
    def is_ill(self) -> bool:
        """Whether a condition holds."""
        return self.condition not in (HEALTHY, TOO_EARLY, CANNOT_SAY)

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """The remedies that are known to help most."""
        return self.candidates[:MAX_REMEDIES]
