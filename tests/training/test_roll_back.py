"""A run that breaks down goes back to its last healthy weights."""

import math

import numpy as np
import pytest
import torch

from gan_core.training.monitoring.failures import MAX_ABS_VALUE, BreakdownWarning
from tests.helpers.trainers import assert_same, config_of, restore_trainer, weights

WILD = {"optimizer_g": {"name": "sgd", "lr": 100.0}, "optimizer_d": {"name": "sgd", "lr": 100.0}}
CALM = {"optimizer_g": {"name": "sgd", "lr": 0.01}, "optimizer_d": {"name": "sgd", "lr": 0.01}}


def first_broken_step(trainer, most=200):
    """Return the first step with a statistic beyond all bounds, found by looking at each."""
    for _ in range(most):
        for _ in range(trainer.config.n_critic):
            trainer.step_discriminator()
        trainer.statistics._pending.clear()
        trainer.step_generator()
        latest = dict(trainer.statistics.latest)
        latest.pop("d_fake_after", None)
        if not all(v.abs() < MAX_ABS_VALUE for v in latest.values()):
            return trainer.step_count
    return None


@pytest.mark.parametrize("kind", ["tiny", "normalised"])
def test_divergence_goes_back_to_healthy_weights(kind):
    wild = config_of(kind, loss="least_squares", **WILD)
    trainer, watched = (restore_trainer(kind, loss="least_squares", **CALM) for _ in range(2))
    for t in (trainer, watched):
        t.step(40)
        t.update_config(wild)
    healthy = trainer.state_dict()
    with pytest.warns(BreakdownWarning) as warned:
        assert trainer.step(1000) == 0
    assert [str(w.message) for w in warned] == [trainer.failure.sentence()]
    assert trainer.failure.step == first_broken_step(watched)
    assert trainer.failure.healthy_step == trainer.step_count == 40
    assert f"At step {trainer.failure.step:,} " in trainer.failure.sentence()
    assert "those of step 40" in trainer.failure.sentence()
    assert_same(trainer.state_dict(), healthy)
    assert all(w.isfinite().all() for w in weights(trainer.generator))
    history = trainer.snapshot().history
    assert history["step"].tolist() == list(range(1, 41))

    trainer.update_config(config_of(kind, loss="least_squares", **CALM))
    assert trainer.step(30) == 30
    assert trainer.failure is None
    assert trainer.snapshot().history["step"][-1] == 70


def test_steps_before_the_last_good_state_are_counted():
    trainer = restore_trainer(loss="least_squares", **CALM)

    def spoil():
        if trainer.step_count == 30:
            with torch.no_grad():
                next(trainer.discriminator.parameters()).fill_(math.nan)
        return True

    with pytest.warns(BreakdownWarning, match="those of step 25 again"):
        assert trainer.step(60, spoil) == 25
    assert trainer.step_count == 25


def test_looking_at_a_run_that_diverged_shows_healthy_numbers():
    trainer = restore_trainer(loss="least_squares", **WILD)
    assert trainer.step(24) == 24
    with pytest.warns(BreakdownWarning, match="those of step 0 again"):
        snapshot = trainer.snapshot()
    assert trainer.failure is not None
    assert snapshot.step == trainer.failure.healthy_step == 0
    assert np.isfinite(snapshot.samples).all()
    assert all(map(math.isfinite, snapshot.metrics.values()))


def test_divergence_after_loading_goes_back_to_what_was_loaded():
    settings = {"loss": "least_squares"}
    saved = restore_trainer(**settings, **CALM)
    saved.step(60)
    state = saved.state_dict()
    trainer = restore_trainer(**settings, **CALM)
    trainer.load_state_dict(state)
    assert trainer.step(10) == 10
    with torch.no_grad():
        next(trainer.discriminator.parameters()).fill_(math.nan)
    trainer.step(100)
    assert trainer.failure.step == 71
    assert trainer.step_count == 60
    assert_same(trainer.state_dict(), state)


def test_huge_samples_can_be_looked_at():
    trainer = restore_trainer(ema_decay=0.0)
    with torch.no_grad():
        for parameter in trainer.generator.parameters():
            parameter.mul_(1e6)
    snapshot = trainer.snapshot()
    assert snapshot.density.outside > 0.9
    assert np.isfinite(snapshot.density.p_fake).all()


def test_momentum_switched_on_during_a_run_is_given_back_after_a_breakdown():
    calm = {"name": "sgd", "lr": 0.01, "momentum": 0.0}
    with_momentum = calm | {"momentum": 0.9}
    trainer = restore_trainer(optimizer_g=calm, optimizer_d=calm, loss="least_squares")
    trainer.step(30)
    wild = with_momentum | {"lr": 100.0}
    trainer.update_config(
        config_of(optimizer_g=wild, optimizer_d=wild, loss="least_squares"),
    )
    trainer.step(60)
    assert trainer.failure
    trainer.update_config(
        config_of(optimizer_g=with_momentum, optimizer_d=with_momentum, loss="least_squares")
    )
    assert trainer.step(60) == 60
    assert not trainer.failure
