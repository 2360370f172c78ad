"""Settings that change while a run trains, and those that begin it anew."""

import pytest
import torch

from gan_core.data import DATASETS
from tests.helpers.pages import FRAME, quick, setting, visit

LIVE_CHANGES = {
    "optimizer_g.adam.lr": 0.01,
    "optimizer_d.adam.beta2": 0.95,
    "loss": "hinge",
    "loss.non_saturating.label_smoothing": 0.1,
    "regularizer": "gradient_penalty",
    "experiment.n_critic": 3,
    "experiment.ema_decay": 0.5,
    "experiment.instance_noise": 0.5,
    "experiment.batch_size": 64,
}


def adam_moments(trainer):
    return [
        moment.clone()
        for optimizer in (trainer.optimizer_g, trainer.optimizer_d)
        for state in optimizer.state.values()
        for moment in (state["exp_avg"], state["exp_avg_sq"])
    ]


@pytest.mark.parametrize("name", LIVE_CHANGES)
def test_live_settings_keep_the_run_and_adams_moments(name):
    opened = visit("distributions")
    opened.press("step10")
    opened.train_until_paused(most_frames=10)
    trainer, moments = opened.trainer, adam_moments(opened.trainer)
    assert any(moment.abs().sum() > 0 for moment in moments)
    opened.set(name, LIVE_CHANGES[name])
    assert setting(opened.config, name) == LIVE_CHANGES[name]
    assert opened.trainer is trainer
    assert trainer.step_count == 10
    torch.testing.assert_close(adam_moments(trainer), moments, rtol=0, atol=0)
    opened.press("train")
    assert trainer.step_count == 10 + FRAME


def test_a_learning_rate_reaches_the_optimizer_while_training():
    opened = visit("distributions")
    opened.press("train")
    trainer = opened.trainer
    opened.set("optimizer_g.adam.lr", 0.01)
    assert trainer.optimizer_g.param_groups[0]["lr"] == 0.01
    assert trainer.optimizer_d.param_groups[0]["lr"] == 0.003
    assert opened.trainer is trainer
    assert trainer.step_count == 2 * FRAME


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("experiment.latent_dim", 2),
        ("experiment.seed", 9),
        ("generator.mlp.width", 32),
        ("discriminator", "maxout_mlp"),
        ("prior", "gaussian"),
        ("dataset.normal.mean", -3.0),
        ("dataset", "uniform"),
    ],
)
def test_a_structural_change_begins_a_short_run_anew(name, value):
    opened = visit("distributions")
    opened.press("train")
    before = opened.trainer
    opened.set(name, value)
    assert not opened.at.warning
    assert opened.trainer is not before
    assert setting(opened.config, name) == value
    assert opened.run.playback.running
    assert opened.trainer.step_count == FRAME


def long_run(steps):
    """Open a run that takes itself for one of so many steps."""
    opened = visit("distributions")
    opened.trainer.step_count = steps
    return opened


def test_a_run_of_a_thousand_steps_is_dropped_at_once():
    opened = long_run(1_000)
    opened.set("experiment.seed", 9)
    assert not opened.at.warning
    assert opened.trainer.step_count == 0
    assert opened.config.seed == 9


@pytest.mark.parametrize(("name", "value"), [("experiment.seed", 9), ("dataset", "uniform")])
def test_a_longer_run_is_kept_on_request(name, value):
    opened = long_run(1_001)
    before, config = opened.trainer, opened.config
    opened.set(name, value)
    assert ["1,000 steps" in warning.value for warning in opened.at.warning] == [True]
    assert opened.trainer is before
    opened.press("train")
    assert opened.trainer is before
    assert before.step_count == 1_001 + FRAME
    opened.press("train")
    opened.answer("Keep this run")
    assert not opened.at.warning
    assert opened.trainer is before
    assert opened.config == config
    assert opened.widget(name).value == setting(config, name)
    opened.look()
    assert opened.trainer is before
    assert before.step_count == 1_001 + FRAME


@pytest.mark.parametrize(("name", "value"), [("experiment.seed", 9), ("dataset", "uniform")])
def test_a_longer_run_is_dropped_on_request(name, value):
    opened = long_run(1_001)
    before = opened.trainer
    opened.set(name, value)
    opened.answer("Start the new run")
    assert not opened.at.warning
    assert opened.trainer is not before
    assert opened.trainer.step_count == 0
    assert setting(opened.config, name) == value
    assert opened.widget(name).value == value


@pytest.mark.parametrize("running", [False, True])
def test_another_optimizer_keeps_what_both_know_and_says_the_rest(running):
    """It took its own learning rate without a word: Adam's 0.003 became RMSprop's 0.00005."""
    opened = quick("distributions")
    if running:
        opened.press("train")
    opened.set("optimizer_g.adam.lr", 0.007)
    opened.set("optimizer_g", "rmsprop")
    assert opened.config.optimizer_g.to_dict() == {"name": "rmsprop", "lr": 0.007, "alpha": 0.99}
    assert opened.widget("optimizer_g.rmsprop.lr").value == 0.007
    (said,) = [toast.value for toast in opened.at.toast]
    assert said == "G's optimizer is RMSprop now. Kept: learning rate 0.007. Newly set: alpha 0.99."
    opened.look()
    assert not opened.at.toast
    opened.set("optimizer_g", "sgd")
    opened.set("optimizer_g", "adam")
    assert opened.config.optimizer_g.lr == 0.007
    assert opened.config.optimizer_d == quick("distributions").config.optimizer_d
    assert opened.run.playback.running is running


def test_another_regularizer_and_another_loss_say_their_values():
    opened = quick("distributions")
    opened.set("regularizer.r1.gamma", 2.0)
    opened.set("regularizer", "r1_r2")
    assert opened.config.regularizer.gamma == 2.0
    assert "Kept: gamma 2." in opened.at.toast[0].value.replace("γ", "gamma")
    opened.set("regularizer", "gradient_penalty")
    (said,) = [toast.value for toast in opened.at.toast]
    assert said.startswith("Regularizer is ")
    assert "Newly set: " in said
    assert "one sided no" in said


def test_what_another_target_knows_by_the_same_name_is_its_own():
    opened = quick("distributions")
    opened.set("dataset.normal.std", 3.0)
    opened.set("dataset", "normal_mixture")
    assert opened.config.dataset == DATASETS.create("normal_mixture")
    assert not opened.at.toast
