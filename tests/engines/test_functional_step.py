"""The step as the compiler records it is the trainer's own step."""

import pytest
import torch

from gan_core import Trainer
from gan_core.losses import LOSSES
from gan_core.training.engines.functional_step import (
    functional_step,
    runtime_scalars,
    state_tensors_of,
)
from gan_core.training.engines.random_draws import record_draws
from tests.helpers.engines import (
    LINE,
    RUNS,
    TINY,
    apart,
    config_of,
    equal_to_the_plain_step,
    losses_of,
    numbers,
    reach,
    stepper,
)


class Recorded:
    """A trainer whose steps are played as the compiler records them."""

    def __init__(self, config):
        self.trainer = Trainer(config, engine="eager")
        self.random_draws = record_draws(self.trainer.gan)
        self.state = state_tensors_of(self.trainer.optimizers)
        settings = runtime_scalars(config, self.trainer.gan)
        self.settings = {name: torch.tensor(value) for name, value in settings.items()}
        self.steps = 0

    def step(self):
        gan, ema = self.trainer.gan, self.trainer.ema
        for _ in range(self.trainer.config.n_critic - 1):
            functional_step(gan, self.state, self.random_draws.draw_d(), self.settings, None)
        self.steps += 1
        weight = torch.tensor(0.0 if ema is None else ema.lerp_weight(self.steps))
        draws = self.random_draws.draw_d()
        draws += self.random_draws.draw_g(draws)
        row, _ = functional_step(gan, self.state, draws, self.settings, weight)
        return row[0].item(), row[4].item()


@pytest.mark.parametrize("run", RUNS)
def test_numbers_are_drawn_ahead_as_the_step_draws_them(run):
    trainer = Trainer(config_of(**RUNS[run] | {"n_critic": 1}), engine="eager")
    trainer.step(2)
    before = {name: rng.get_state() for name, rng in trainer.gan.rng.items()}
    weights = numbers(trainer.optimizers)
    random_draws = record_draws(trainer.gan)
    assert torch.equal(numbers(trainer.optimizers), weights)
    for name, rng in trainer.gan.rng.items():
        assert torch.equal(rng.get_state(), before[name])
    drawn = random_draws.draw_d()
    drawn_for_g = random_draws.draw_g(drawn)
    after = {name: rng.get_state() for name, rng in trainer.gan.rng.items()}
    for name, rng in trainer.gan.rng.items():
        rng.set_state(before[name])
    trainer.step()
    batch = trainer._batch
    for name, rng in trainer.gan.rng.items():
        assert torch.equal(rng.get_state(), after[name]), name
    if trainer.config.fresh_noise:
        assert torch.equal(drawn_for_g[random_draws.fresh_z], batch.z)
    else:
        assert random_draws.fresh_z is None
        assert torch.equal(drawn[random_draws.z], batch.z)
    assert (random_draws.labels is None) == (batch.labels is None)
    if batch.labels is not None:
        assert torch.equal(drawn[random_draws.labels], batch.labels)


@pytest.mark.parametrize("run", RUNS)
def test_the_recorded_step_is_the_step(run):
    config = config_of(**RUNS[run])
    plain, recorded = Trainer(config, engine="eager"), Recorded(config)
    for _ in range(3):
        plain.step()
        assert recorded.step() == pytest.approx(losses_of(plain), abs=1e-4)
    found, expected = numbers(recorded.trainer.optimizers), numbers(plain.optimizers)
    assert (found - expected).abs().max() < 0.01 * (1 + expected.abs().max())
    for name, rng in recorded.trainer.gan.rng.items():
        assert torch.equal(rng.get_state(), plain.gan.rng[name].get_state())


@pytest.mark.parametrize("loss", LOSSES.names())
def test_every_loss_regularizer_and_optimizer_is_recorded(loss):
    equal_to_the_plain_step(Recorded, loss, 6, 1e-3)


@pytest.mark.parametrize(
    ("loss", "regularizer"), [("minimax", "r1"), ("hinge", "gradient_penalty")]
)
def test_256_recorded_steps_stay_with_the_plain_loop(loss, regularizer):
    config = config_of(**LINE, loss=loss, regularizer=regularizer, architecture=TINY)
    found = apart(Recorded(config).step, stepper(Trainer(config, engine="eager")), 256)
    assert found < reach(config, 256)
