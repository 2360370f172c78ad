"""The doctor: how a run is, in plain words, with the evidence and what may help."""

from __future__ import annotations

# The order of these imports is the order in which the conditions are looked for.
from gan_core.diagnosis import architecture_rules, game_rules, sample_rules, course_rules  # isort: skip
from gan_core.diagnosis import doubt
from gan_core.diagnosis.diagnosis import CANNOT_SAY, HEALTHY, TOO_EARLY, Diagnosis
from gan_core.diagnosis.doubt import Doubt
from gan_core.diagnosis.indicators import Indicators, indicators_of, reference_of
from gan_core.diagnosis.remedies import Remedy
from gan_core.diagnosis.remedy_trial import Trial, can_try, try_remedies
from gan_core.diagnosis.rule import CONDITIONS, Condition, Evidence, Finding
from gan_core.diagnosis.steady import SteadyDiagnosis

__all__ = [
    "CANNOT_SAY",
    "CONDITIONS",
    "HEALTHY",
    "TOO_EARLY",
    "Condition",
    "Diagnosis",
    "Evidence",
    "Finding",
    "Indicators",
    "Remedy",
    "SteadyDiagnosis",
    "Trial",
    "architecture_rules",
    "can_try",
    "course_rules",
    "diagnose",
    "game_rules",
    "indicators_of",
    "reference_of",
    "sample_rules",
    "try_remedies",
]


def diagnose(indicators: Indicators) -> Diagnosis:
    """Return the first condition that holds, or that none does, or that there is no telling."""
    rules, doubted = [cls() for cls in CONDITIONS], Doubt()
    evidence = tuple((rule.title, rule.evidence(indicators)) for rule in rules)
    evidence += ((doubt.TITLE, doubted.evidence(indicators)),)
    wait = indicators.samples.min_steps
    early = indicators.age < wait
    for rule in rules:
        finding = rule.check(indicators) if rule.at_once or not early else None
        if finding is not None:
            return Diagnosis(
                finding.condition, finding.title, finding.sentence, evidence, finding.candidates
            )
    if early:
        since = "the last change" if indicators.age < indicators.step else "the beginning"
        sentence = f"I wait for {wait} steps since {since}; so far there are {indicators.age:,}."
        return Diagnosis(TOO_EARLY, "Too early to say", sentence, evidence)
    uncertain = doubted.sentence(indicators)
    if uncertain is not None:
        return Diagnosis(CANNOT_SAY, doubt.TITLE, uncertain, evidence)
    return Diagnosis(HEALTHY, "Nothing wrong", _healthy_sentence(indicators), evidence)


def _healthy_sentence(indicators: Indicators) -> str:
    """Return what speaks for the run, with its numbers."""
    advantage = indicators.d_advantage
    if advantage is None:
        return indicators.samples.healthy_sentence("")
    steps = f"over the last {indicators.window:,} steps"
    return indicators.samples.healthy_sentence(
        f"D has won {max(advantage, 0):.0%} of its game {steps}"
    )
