"""The doctor: how a run is, in plain words, with the evidence and what may help."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.diagnosis import game_rules, sample_rules
from gan_core.diagnosis.indicators import Indicators, indicators_of, reference_of
from gan_core.diagnosis.remedies import Remedy
from gan_core.diagnosis.rule import CONDITIONS, Condition, Evidence, Finding

__all__ = [
    "CONDITIONS",
    "HEALTHY",
    "TOO_EARLY",
    "Condition",
    "Diagnosis",
    "Evidence",
    "Finding",
    "Indicators",
    "Remedy",
    "diagnose",
    "game_rules",
    "indicators_of",
    "reference_of",
    "sample_rules",
]

EARLY, EARLY_PICTURES = 100, 200
"""Steps after the beginning, or after a change, before which there is nothing to tell."""

FAR = 0.4
"""So many standard deviations of the target are far, for the mean and for the spread."""

HEALTHY, TOO_EARLY = "healthy", "too_early"


@dataclass(frozen=True)
class Diagnosis:
    """How a run is: a condition's name, or `healthy`, or `too_early`.

    `evidence` holds the rows of every rule by its condition's title, those that did not trip too.
    """

    condition: str
    title: str
    sentence: str
    evidence: tuple[tuple[str, tuple[Evidence, ...]], ...]
    remedies: tuple[Remedy, ...] = ()


def diagnose(indicators: Indicators) -> Diagnosis:
    """Return the first condition that holds, or that none does."""
    rules = [cls() for cls in CONDITIONS]
    evidence = tuple((rule.title, rule.evidence(indicators)) for rule in rules)
    wait = EARLY if indicators.pictures is None else EARLY_PICTURES
    early = indicators.age < wait
    for rule in rules:
        finding = rule.check(indicators) if rule.at_once or not early else None
        if finding is not None:
            return Diagnosis(
                finding.condition, finding.title, finding.sentence, evidence, finding.remedies
            )
    if early:
        since = "the last change" if indicators.age < indicators.step else "the beginning"
        sentence = f"I wait for {wait} steps since {since}; so far there are {indicators.age:,}."
        return Diagnosis(TOO_EARLY, "Too early to say", sentence, evidence)
    title = "Nothing wrong, but not there yet" if _on_its_way(indicators) else "Nothing wrong"
    return Diagnosis(HEALTHY, title, _well(indicators), evidence)


def _on_its_way(indicators: Indicators) -> bool:
    """Say whether the samples' mean or spread is still far from the target's."""
    line = indicators.line
    return line is not None and (abs(line.mean) > FAR or abs(line.std - 1) > FAR)


def _well(indicators: Indicators) -> str:
    """Say what speaks for it, with the run's numbers."""
    if indicators.line is not None:
        line = indicators.line
        return (
            f"The samples' mean is {abs(line.mean):.2f} std off and their spread {line.std:.2f} of "
            f"the target's; they sway by {line.oscillation:.2f} std."
        )
    steps = f"over the last {indicators.window:,} steps"
    won = (
        ""
        if indicators.d_advantage is None
        else f"D has won {max(indicators.d_advantage, 0):.0%} of its game {steps}; "
    )
    diversity = indicators.pictures.diversity
    return f"{won}two samples differ by {diversity:.2f} of what two real pictures do."
