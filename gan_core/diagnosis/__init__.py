"""The doctor: how a run is, in plain words, with the evidence and what may help."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.diagnosis import architecture_rules, game_rules, sample_rules
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
    "architecture_rules",
    "diagnose",
    "game_rules",
    "indicators_of",
    "reference_of",
    "sample_rules",
]

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
    wait = indicators.samples.min_steps
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
    on_its_way = indicators.samples.is_on_its_way
    title = "Nothing wrong, but not there yet" if on_its_way else "Nothing wrong"
    return Diagnosis(HEALTHY, title, _healthy_sentence(indicators), evidence)


def _healthy_sentence(indicators: Indicators) -> str:
    """Return what speaks for the run, with its numbers."""
    advantage = indicators.d_advantage
    if advantage is None:
        return indicators.samples.healthy_sentence("")
    steps = f"over the last {indicators.window:,} steps"
    return indicators.samples.healthy_sentence(
        f"D has won {max(advantage, 0):.0%} of its game {steps}"
    )
