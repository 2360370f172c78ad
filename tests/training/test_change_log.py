"""Every live change of a setting is kept with its step, in words."""

import pytest

from gan_core import ExperimentConfig, Trainer
from gan_core.training.monitoring.change_log import LossLog, describe_changes, used_losses

ADAM = {"name": "adam", "lr": 0.001, "beta1": 0.5, "beta2": 0.999}
BASE = {
    "dataset": "normal",
    "loss": "non_saturating",
    "regularizer": {"name": "r1", "gamma": 0.5},
    "optimizer_g": ADAM,
    "optimizer_d": ADAM,
    "batch_size": 16,
}


def config(**changes):
    return ExperimentConfig.from_dict(BASE | changes)


@pytest.mark.parametrize(
    ("changes", "texts"),
    [
        ({"loss": "hinge"}, ["Hinge"]),
        ({"batch_size": 32}, ["batch size 16 → 32"]),
        ({"n_critic": 2}, ["D updates per G update 1 → 2"]),
        ({"regularizer": {"name": "r1", "gamma": 2.0}}, ["regularizer's γ 0.5 → 2"]),
        ({"optimizer_g": ADAM | {"lr": 0.0005}}, ["G's optimizer: learning rate 0.001 → 0.0005"]),
        ({"optimizer_d": {"name": "sgd"}}, ["D's optimizer: SGD"]),
        ({"instance_noise": 0.1, "precision": "bf16"}, ["instance noise 0 → 0.1", "fp32 → bf16"]),
    ],
)
def test_changes_are_described(changes, texts):
    found = describe_changes(config(), config(**changes))
    assert len(found) == len(texts)
    for text in texts:
        assert any(line == text or line.endswith(f" {text}") for line in found), found


def test_changes_of_one_step_are_described_together():
    trainer = Trainer(config(), engine="eager")
    trainer.step(3)
    for size in (20, 24, 32):
        trainer.update_config(config(batch_size=size))
    trainer.update_config(config(batch_size=32, n_critic=2))
    assert trainer.config_changes == [
        (3, "batch size 16 → 32"),
        (3, "D updates per G update 1 → 2"),
    ]
    trainer.update_config(config(n_critic=2))
    assert trainer.config_changes == [(3, "D updates per G update 1 → 2")]
    trainer.step(1)
    trainer.update_config(config())
    assert trainer.config_changes[1:] == [(4, "D updates per G update 2 → 1")]


def test_changes_come_back_with_the_state_and_are_dropped_with_the_future():
    trainer = Trainer(config(), engine="eager")
    trainer.step(2)
    trainer.update_config(config(loss="hinge"))
    trainer.step(3)
    trainer.update_config(config(loss="hinge", batch_size=8))
    other = Trainer(config(loss="hinge", batch_size=8), engine="eager")
    other.load_state_dict(trainer.state_dict())
    assert other.config_changes == trainer.config_changes
    state = next(s for s in trainer.state_history.snapshots if s.step == 4)
    trainer.restore_to(state)
    assert trainer.config_changes == [(2, "Hinge")]
    trainer.update_config(config(loss="hinge", n_critic=3))
    assert trainer.config_changes == [(2, "Hinge"), (4, "D updates per G update 1 → 3")]


def test_a_run_knows_since_when_its_curves_are_what_they_are():
    def quantities(trainer):
        return tuple(trainer.snapshot().quantities)

    trainer = Trainer(config(), engine="eager")
    trainer.step(4)
    trainer.update_config(config(loss="minimax"))  # the cross entropy, too
    assert quantities(trainer) == (0, 0, None)
    trainer.step(2)
    trainer.update_config(config(loss="hinge"))
    trainer.step(2)
    assert quantities(trainer) == (6, 6, "Minimax")
    trainer.update_config(config(loss="wasserstein"))  # raw scores as before, another loss
    assert quantities(trainer) == (8, 6, "Hinge")
    trainer.update_config(config(loss="hinge"))  # thought better of, at the same step
    assert quantities(trainer) == (6, 6, "Minimax")
    other = Trainer(trainer.config, engine="eager")
    other.load_state_dict(trainer.state_dict())
    assert quantities(other) == quantities(trainer)
    early = next(s for s in trainer.state_history.snapshots if s.step == 5)
    assert quantities(trainer.fork(early)) == (0, 0, None)
    trainer.restore_to(early)
    assert quantities(trainer) == (0, 0, None)


def test_bins_of_another_quantity_are_not_among_the_curves():
    trainer = Trainer(config(), engine="eager")
    trainer.history.max_points = 8
    trainer.step(29)
    trainer.update_config(config(loss="hinge"))
    trainer.step(10)
    snapshot = trainer.snapshot()
    assert trainer.history.stride == 8
    assert snapshot.curves.step.tolist() == [8, 16, 24, 32, 39]
    assert snapshot.curves.after(snapshot.quantities.loss).step.tolist() == [39]


def test_a_checkpoint_of_an_earlier_version_is_cut_at_its_last_change_of_loss():
    changes = [(3, "batch size 16 → 32"), (7, "Hinge"), (9, "D updates per G update 1 → 2")]
    assert used_losses(changes, config(loss="hinge").loss) == [(7, "hinge")]
    assert used_losses(changes[:1], config().loss) == [(0, "non_saturating")]
    assert tuple(LossLog([(7, "hinge")]).quantities()) == (7, 7, None)
