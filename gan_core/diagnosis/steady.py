"""A diagnosis that does not change its mind at every look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gan_core.diagnosis.diagnosis import TOO_EARLY, Diagnosis
from gan_core.diagnosis.rule import CONDITIONS

RAISED, DROPPED = 2, 5
"""Looks in a row after which an alarm is raised, and after which one is dropped."""


class SteadyDiagnosis:
    """The verdicts on one run, look after look: each stays until others have come several times.

    What can be recognised at once (a run that diverges) is shown at once, and so is a verdict on a
    run that has begun or was changed.
    """

    def __init__(self) -> None:
        self._subject: Any = None
        self._shown: Diagnosis | None = None
        self._step = -1
        self._against = 0

    def see(self, found: Diagnosis, subject: Any, step: int) -> Diagnosis:
        """Return what to show after a look at `step`; a changed `subject` is another run."""
        shown = self._shown
        if shown is None or subject != self._subject or self._is_due(found, step):
            self._shown, self._against = found, 0
        self._subject, self._step = subject, step
        if self._shown is found:
            return found
        doubted = f"{self._shown.sentence} The latest look does not confirm it yet."
        if not self._shown.is_ill:
            doubted = self._shown.sentence
        return replace(self._shown, sentence=doubted, evidence=found.evidence)

    def _is_due(self, found: Diagnosis, step: int) -> bool:
        """Whether the verdict that is shown has to give way to the one that was found."""
        shown = self._shown
        urgent = found.is_ill and CONDITIONS[found.condition].at_once
        if found.condition == shown.condition or shown.condition == TOO_EARLY or urgent:
            return True
        if found.condition == TOO_EARLY or step < self._step:
            return True
        self._against += step > self._step
        return self._against >= (DROPPED if shown.is_ill else RAISED)
