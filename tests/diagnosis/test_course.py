"""Where the samples of a run on numbers have come to: what must never be called nothing wrong."""

from dataclasses import replace

import numpy as np
import pytest

from gan_core import ExperimentConfig, Trainer
from gan_core.diagnosis import CANNOT_SAY, HEALTHY, diagnose, indicators_of, reference_of
from gan_core.evaluation.metrics import measure
from gan_core.training.monitoring.density_view import PlotAxis, kde
from tests.helpers.preset_verdicts import CLAIMS, verdict

NORMAL = {"name": "normal", "mean": 0.0, "std": 2.0}
TWO_BELLS = {"name": "normal_mixture", "modes": 2, "spacing": 8.0, "std": 0.5}


def seen(looks, loss_d=None, every=25, **experiment):
    """Return the diagnosis of a run whose samples were `looks`, each of shape (n,), one each look.

    `loss_d` is D's loss all along.
    """
    trainer = Trainer(ExperimentConfig.from_dict({"dataset": NORMAL} | experiment))
    snapshot, target = trainer.snapshot(), trainer.config.dataset
    steps = every * np.arange(1, len(looks) + 1)
    metrics = [measure(samples, target) for samples in looks]
    rows = {name: np.array([m[name] for m in metrics]) for name in metrics[0]}
    rows |= {"step": steps, "mean": np.array([x.mean() for x in looks])}
    rows["std"] = np.array([x.std() for x in looks])
    last = int(steps[-1])
    history = {name: np.full(last, np.nan) for name in snapshot.history}
    history |= {"step": np.arange(1, last + 1), "d_real": np.full(last, 0.5)}
    history |= {"d_fake_before": np.full(last, 0.5)}
    history["loss_d"] = np.full(last, 2 * np.log(2) if loss_d is None else loss_d)
    made = replace(
        snapshot,
        step=last,
        samples=looks[-1],
        metrics=metrics[-1],
        metric_history=rows,
        history=history,
        density=replace(snapshot.density, p_fake=kde(looks[-1], PlotAxis.around(target))),
    )
    return diagnose(indicators_of(trainer, made, reference_of(trainer)))


def bell(mean=0.0, std=2.0, n=4_000):
    """Return samples of a bell curve with exactly this mean and standard deviation."""
    z = np.random.default_rng(5).normal(size=n)
    return mean + std * (z - z.mean()) / z.std()


def test_samples_like_the_target_are_well():
    assert seen([bell()] * 16).condition == HEALTHY


def test_samples_that_run_away_are_found():
    # Standard deviations off, at successive looks.
    away = [3.7, 8, 13, 18, 22, 26]
    diagnosis = seen([bell(2 * off) for off in away], every=60)
    assert diagnosis.condition == "running_away"
    assert diagnosis.candidates
    assert seen([bell(2 * off) for off in reversed(away)], every=60).condition != "running_away"


@pytest.mark.parametrize("off", [2.0, 2_346.0])
def test_samples_that_stand_still_far_off_are_found(off):
    diagnosis = seen([bell(2 * off)] * 16)
    assert diagnosis.condition == "standing_still"
    assert f"{off:,.2f} std off" in diagnosis.sentence


def test_a_d_that_is_fooled_is_found():
    guess = 2 * np.log(2)
    diagnosis = seen([bell(1.0, 1.6)] * 16, loss_d=1.3 * guess)
    assert diagnosis.condition == "d_fooled"
    assert diagnosis.candidates[0].config.n_critic == 3
    # Where the samples are the target's, a D that lags behind does no harm.
    assert seen([bell()] * 16, loss_d=1.3 * guess).condition == HEALTHY


def test_a_peak_where_the_target_is_flat_is_found():
    """Mean and spread fit, more or less; half of the samples are heaped."""
    heaped = np.concatenate([bell(0, 0.25), bell(0.0, 1.75)])
    diagnosis = seen([heaped] * 16)
    assert heaped.std() / 2 == pytest.approx(0.62, abs=0.02)
    assert diagnosis.condition == "wrong_shape"


def test_a_bridge_between_two_bells_is_found():
    split = np.concatenate([bell(-4, 0.5), bell(4, 0.5)])
    bridge = np.random.default_rng(6).uniform(-3, 3, 2_000)
    assert seen([split] * 16, dataset=TWO_BELLS).condition == HEALTHY
    diagnosis = seen([np.concatenate([split, bridge])] * 16, dataset=TWO_BELLS)
    assert diagnosis.condition == "wrong_shape"
    assert "17% of them lie between the bells" in diagnosis.sentence


def test_what_comes_nearer_is_not_ill_and_not_yet_well():
    nearer = [bell(2 * off) for off in np.linspace(3, 0.5, 16)]
    diagnosis = seen(nearer)
    assert diagnosis.condition == CANNOT_SAY
    assert diagnosis.sentence.startswith("Not there yet: Wasserstein-1 is 0.8")  # the usual one
    assert diagnosis.candidates == ()


def test_with_few_looks_there_is_no_telling():
    assert seen([bell()] * 3, every=100).condition == CANNOT_SAY
    assert "3 looks" in seen([bell()] * 3, every=100).sentence
    assert seen([bell()] * 4, every=100).condition == HEALTHY


# The presets: what their cards say and what the doctor says


QUICK = ("first_normal", "silent_loss", "coin")
"""Presets whose claim shows soon; the others are in `benchmarks/doctor_presets.py`."""


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_the_doctor_agrees_with_the_card(name):
    claim = CLAIMS[name]
    assert verdict(name, claim.step, seed=0).condition in claim.verdicts
