"""A verdict that stays, and remedies that are tried before they are offered."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gan_core import ExperimentConfig, Trainer
from gan_core.diagnosis import (
    CANNOT_SAY,
    HEALTHY,
    TOO_EARLY,
    Diagnosis,
    SteadyDiagnosis,
    can_try,
    try_remedies,
)
from gan_core.diagnosis import remedies as prescribe
from gan_core.diagnosis.remedies import choose_remedies
from gan_core.diagnosis.steady import DROPPED, RAISED
from gan_core.runtime.tasks import run_to_end

HEALED = Diagnosis(HEALTHY, "Nothing wrong", "All is well.", ())
EARLY = Diagnosis(TOO_EARLY, "Too early to say", "I wait.", ())
SWAYING = Diagnosis("oscillating", "Oscillating", "It sways.", ())
RUNAWAY = Diagnosis("diverging", "Diverging", "It overshoots.", ())
UNKNOWN = Diagnosis(CANNOT_SAY, "Cannot say", "Who knows?", ())


def shown(found, every=25, subject="run"):
    """Return the conditions that are shown after each of some looks."""
    steady = SteadyDiagnosis()
    looks = enumerate(found, 1)
    return [steady.see(one, subject, every * i).condition for i, one in looks]


def test_an_alarm_needs_two_looks_and_stays_for_five():
    assert (RAISED, DROPPED) == (2, 5)
    assert shown([HEALED, SWAYING, HEALED, SWAYING]) == [HEALTHY] * 4
    assert shown([HEALED, SWAYING, SWAYING]) == [HEALTHY, HEALTHY, "oscillating"]
    falls = shown([EARLY, SWAYING, *[HEALED] * 5])
    assert falls == [TOO_EARLY, *["oscillating"] * 5, HEALTHY]
    # A batch of two: the verdict changes at every look, the remedy's button stays.
    flickering = shown([EARLY, *[SWAYING, HEALED] * 10])
    assert flickering == [TOO_EARLY, *["oscillating"] * 20]


def test_what_is_plain_is_shown_at_once():
    assert shown([HEALED, RUNAWAY]) == [HEALTHY, "diverging"]
    assert shown([SWAYING, EARLY, UNKNOWN]) == ["oscillating", TOO_EARLY, CANNOT_SAY]
    steady = SteadyDiagnosis()
    assert steady.see(SWAYING, "run", 500).condition == "oscillating"
    assert steady.see(HEALED, "another run", 525).condition == HEALTHY
    steady.see(SWAYING, "third", 500)
    assert steady.see(HEALED, "third", 300).condition == HEALTHY  # it has gone back


def test_a_verdict_that_stays_says_that_the_last_look_does_not_confirm_it():
    steady = SteadyDiagnosis()
    steady.see(SWAYING, "run", 100)
    fresh = replace(HEALED, evidence=(("Oscillating", ()),))
    held = steady.see(fresh, "run", 125)
    assert held.condition == "oscillating"
    assert "does not confirm" in held.sentence
    assert held.evidence == fresh.evidence
    # A page at rest is drawn many times at one step: that is one look.
    for _ in range(20):
        held = steady.see(fresh, "run", 125)
    assert held.condition == "oscillating"


# Remedies are tried on copies


def trainer_of(**experiment):
    torch.set_num_threads(1)
    return Trainer(ExperimentConfig.from_dict(experiment), device="cpu", engine="eager")


STEEP = {"name": "sgd", "lr": 5.0}


@pytest.mark.slow
def test_the_first_remedy_is_one_that_works():
    """With SGD at a rate of 5, half of it diverges again, and so does a quarter."""
    trainer = trainer_of(optimizer_g=STEEP, optimizer_d=STEEP)
    trainer.step(100)
    assert trainer.failure is not None
    remedies = choose_remedies(trainer.config, (prescribe.quarter_rates, prescribe.stabilize))
    trial = run_to_end(try_remedies(trainer, remedies))
    assert trial.unchanged.broke_down
    outcomes = {remedy.label: outcome for remedy, outcome in trial.tried}
    assert outcomes["Both learning rates ÷ 4"].broke_down
    assert [r.label for r in trial.working] == ["Calm both: usual learning rates"]
    assert "broke down" in trial.sentence()
    trainer.update_config(trial.working[0].config)
    trainer.step(300)
    assert trainer.failure is None


@pytest.mark.slow
def test_trying_changes_no_bit_of_the_run():
    tried, alone = (trainer_of(seed=7, optimizer_g={"name": "adam", "lr": 0.05}) for _ in range(2))
    for trainer in (tried, alone):
        trainer.step(40)
    work = try_remedies(tried, choose_remedies(tried.config, (prescribe.stabilize,)))
    next(work)  # in slices, between the steps of the run
    tried.step(20)
    trial = run_to_end(work)
    alone.step(20)
    weights = zip(tried.generator.parameters(), alone.generator.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in weights)
    assert np.isfinite(trial.unchanged.distance)
    assert trial.unchanged.steps == 340


def test_only_what_is_measured_can_be_tried():
    assert can_try(trainer_of())
    small = {"name": "mlp", "depth": 1, "width": 16}
    parts = {"generator": small, "discriminator": small}
    assert not can_try(trainer_of(dataset="mnist", architecture=parts))
