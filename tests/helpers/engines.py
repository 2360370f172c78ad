"""Experiments that every engine is tested with, and the distance between two runs."""

import itertools

import pytest
import torch
from torch.utils._pytree import tree_leaves

from gan_core import ExperimentConfig, Trainer
from gan_core.optimizers import OPTIMIZERS
from gan_core.regularizers import REGULARIZERS
from gan_core.training.engines.functional_step import state_tensors_of

ADAM = {"name": "adam", "lr": 2e-4, "beta1": 0.5, "beta2": 0.999}
LINE = {"optimizer_g": ADAM, "optimizer_d": ADAM, "batch_size": 64}
DIGITS = {"dataset": "mnist", "batch_size": 8, "latent_dim": 8}
SMALL_CONV = {"name": "dcgan", "channels": 8}
RUNS = {
    "line": {},
    "line, D twice": {"n_critic": 2},
    "standardised both": {"architecture": {"standardise": "both"}},
    "mixture, Laplace noise, blurred": {
        "dataset": "normal_mixture",
        "prior": "laplace",
        "instance_noise": 0.2,
        "regularizer": "dragan",
    },
    "no average": {"ema_decay": 0.0},
    "batch norm": {
        "architecture": {
            "generator": {"name": "mlp", "normalisation": "batch"},
            "discriminator": {"name": "mlp", "normalisation": "batch"},
        }
    },
    "spectral norm, dropout": {
        "architecture": {
            "discriminator": {"name": "mlp", "normalisation": "spectral", "dropout": 0.3}
        }
    },
    "DCGAN": DIGITS | {"architecture": {"generator": SMALL_CONV, "discriminator": SMALL_CONV}},
    "DCGAN, told the class": DIGITS
    | {
        "architecture": {
            "generator": SMALL_CONV,
            "discriminator": SMALL_CONV,
            "conditional": True,
        }
    },
    "fresh noise": {"fresh_noise": True, "n_critic": 2},
    "told the class, paired, fresh noise": DIGITS
    | {
        "architecture": {
            "generator": {"name": "mlp", "width": 16},
            "discriminator": {"name": "mlp", "width": 16},
            "conditional": True,
        },
        "loss": "relativistic_pairing",
        "fresh_noise": True,
    },
    "ResNet": DIGITS
    | {
        "architecture": {
            "generator": {"name": "resnet", "channels": 8},
            "discriminator": {"name": "resnet", "channels": 8},
        }
    },
}


def config_of(**given):
    return ExperimentConfig.from_dict(given)


def losses_of(trainer):
    """The losses of the latest step."""
    found = trainer.statistics.compute()
    return found["loss_d"].item(), found["loss_g"].item()


def numbers(optimizers):
    """Every number that training changes."""
    return torch.cat([t.flatten().double() for t in tree_leaves(state_tensors_of(optimizers))])


def apart(one, other, steps):
    """How far the losses of two runs come apart."""
    worst = 0.0
    for _ in range(steps):
        pairs = zip(one(), other(), strict=True)
        worst = max(worst, *(abs(a - b) for a, b in pairs))
    return worst


def reach(config, steps):
    """How far rounding alone drives two runs apart; at least 1e-4.

    Beside a kink of a network's activation a change in the last bit is no small change.
    """
    plain, beside = stepper(Trainer(config, engine="eager")), stepper(nudged(config))
    return max(1e-4, 3 * apart(plain, beside, steps))


def stepper(trainer):
    def step():
        trainer.step()
        return losses_of(trainer)

    return step


def nudged(config):
    """The plain loop, begun with D's weights a unit in the last place beside."""
    trainer = Trainer(config, engine="eager")
    with torch.no_grad():
        for weight in trainer.discriminator.parameters():
            weight.mul_(1 + torch.finfo(torch.float32).eps)
    return trainer


RATES = {"adam": ADAM, "sgd": {"name": "sgd", "lr": 1e-3}, "rmsprop": {"name": "rmsprop"}}


TINY = {
    "generator": {"name": "mlp", "depth": 1, "width": 8},
    "discriminator": {"name": "mlp", "depth": 1, "width": 16},
}


def equal_to_the_plain_step(played, loss, steps, weights_within):
    """Compare `played(config)` with the eager loop for every regularizer and optimizer."""
    for regularizer, optimizer in itertools.product(REGULARIZERS.names(), OPTIMIZERS.names()):
        rate = RATES[optimizer]
        parts = {"loss": loss, "regularizer": regularizer, "architecture": TINY, "batch_size": 16}
        config = config_of(**parts, optimizer_g=rate, optimizer_d=rate)
        other, plain = played(config), Trainer(config, engine="eager")
        assert apart(other.step, stepper(plain), steps) < 1e-4, (regularizer, optimizer)
        found, expected = numbers(other.trainer.optimizers), numbers(plain.optimizers)
        assert (found - expected).abs().max() < weights_within * (1 + expected.abs().max())


def halves_and_a_state(trainer, engine, within):
    """Interleave halves with whole steps, go back to a state; return both sequels' losses."""
    plain = Trainer(trainer.config, trainer.device.type, engine="eager")
    for t in (trainer, plain):
        t.step(5)
        asked = iter([False])
        assert t.step(1, lambda asked=asked: next(asked)) == 0
        assert t.step_fraction == pytest.approx(1 / 3)
        t.step_generator()
        t.step_discriminator()
        t.step(5)
    assert losses_of(trainer) == pytest.approx(losses_of(plain), abs=within)
    state = trainer.state_dict()
    trainer.step(20)
    later = losses_of(trainer)
    trainer.load_state_dict(state)
    assert trainer.engine == engine
    trainer.step(20)
    return later, losses_of(trainer)
