"""Settings that change during a run, and those that may not."""

import math

import pytest
import torch

from gan_core import Trainer
from gan_core.config import MUTABLE_FIELDS
from gan_core.losses import LOSSES
from tests.helpers.trainers import are_equal, assert_same, config_of, restore_trainer, weights


def test_update_keeps_weights_moments_and_history():
    trainer = restore_trainer()
    trainer.step(5)
    before = trainer.state_dict()
    changes = {
        "loss": "hinge",
        "regularizer": {"name": "r1", "gamma": 2.0},
        "optimizer_g": {"name": "adam", "lr": 0.123, "beta1": 0.4, "beta2": 0.8},
        "batch_size": 8,
        "n_critic": 2,
        "ema_decay": 0.5,
        "instance_noise": 0.1,
        "precision": "bf16",
        "fresh_noise": True,
    }
    assert set(changes) == MUTABLE_FIELDS - {"optimizer_d"}
    trainer.update_config(config_of(**changes))
    after = trainer.state_dict()
    groups = [state["optimizer_g"].pop("param_groups") for state in (before, after)]
    none, changes = (state.pop("changes") for state in (before, after))
    assert before.pop("losses") == [(0, "non_saturating")]
    assert after.pop("losses") == [(0, "non_saturating"), (5, "hinge")]
    assert (none, changes[0], {step for step, _ in changes}) == ([], (5, "Hinge"), {5})
    assert_same(before, after)
    assert before["optimizer_g"]["state"][0]["exp_avg_sq"].any()
    assert groups[1][0]["lr"] == 0.123
    assert tuple(groups[1][0]["betas"]) == (0.4, 0.8)
    trainer.step(2)
    assert (trainer.updates_d, trainer.samples_seen) == (5 + 4, 5 * 16 + 4 * 8)


def test_updated_run_is_the_run_of_the_new_settings():
    """Two runs whose settings meet go on alike."""
    new = config_of(loss="hinge", n_critic=2, ema_decay=0.5, regularizer="dragan", batch_size=8)
    old = restore_trainer()
    old.step(3)
    fresh = Trainer(new)
    fresh.load_state_dict(old.state_dict())
    old.update_config(new)
    assert old.config_changes[:2] == [(3, "Hinge"), (3, "DRAGAN")]
    fresh.config_changes = list(old.config_changes)
    old.step(5)
    fresh.step(5)
    assert_same(old.state_dict(), fresh.state_dict())


def test_update_of_the_optimizers_kind_starts_its_moments_anew():
    trainer = restore_trainer()
    trainer.step(3)
    before = weights(trainer.generator)
    trainer.update_config(config_of(optimizer_g={"name": "rmsprop", "lr": 0.01}))
    assert are_equal(before, weights(trainer.generator))
    assert trainer.optimizer_g.state_dict()["state"] == {}
    assert trainer.optimizer_d.state_dict()["state"] != {}
    trainer.step()
    assert not are_equal(before, weights(trainer.generator))


@pytest.mark.parametrize("loss", LOSSES.names())
def test_settings_may_change_between_the_halves_of_a_step(loss):
    trainer = restore_trainer()
    trainer.step_discriminator()
    trainer.update_config(config_of(loss=loss, batch_size=8, instance_noise=0.1, ema_decay=0.5))
    trainer.step_generator()
    assert trainer.step(2) == 2
    assert trainer.samples_seen == 16 + 8 + 8
    assert all(map(math.isfinite, trainer.snapshot().statistics.values()))


def test_pairs_are_pairs_when_the_batch_changes_between_the_halves():
    """G is judged on 16 pairs, of which D, blind to x, can tell nothing: log 2 each."""
    trainer = restore_trainer(loss="relativistic_pairing")
    trainer.step_discriminator()
    trainer.update_config(config_of(loss="relativistic_pairing", batch_size=8))
    seen = []
    with torch.no_grad():
        for parameter in trainer.discriminator.parameters():
            parameter.zero_()
        trainer.discriminator.register_forward_hook(lambda _, x, y: seen.append(len(y)))
    trainer.step_generator()
    assert seen[0] == 2 * 16
    assert trainer.snapshot().statistics["loss_g"] == pytest.approx(math.log(2))


def test_average_can_be_switched_off_and_on():
    trainer = restore_trainer()
    trainer.step(3)

    def shows_generator_itself():
        return torch.equal(trainer.generate(trainer.fixed_z), trainer.generator(trainer.fixed_z))

    assert not shows_generator_itself()
    trainer.update_config(config_of(ema_decay=0.0))
    assert shows_generator_itself()
    trainer.step(3)
    trainer.update_config(config_of(ema_decay=0.9))
    assert shows_generator_itself()
    trainer.step(3)
    assert not shows_generator_itself()


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"latent_dim": 2},
        {"prior": "gaussian"},
        {"dataset": "uniform"},
        {"architecture": {"generator": {"name": "mlp", "width": 7}}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_update_refuses_what_needs_a_new_run(change):
    trainer = restore_trainer()
    trainer.step(2)
    before = trainer.state_dict()
    (name,) = change
    with pytest.raises(ValueError, match=f"^{name} cannot change during a run"):
        trainer.update_config(config_of(**change))
    assert_same(trainer.state_dict(), before)
    assert trainer.config == config_of()
