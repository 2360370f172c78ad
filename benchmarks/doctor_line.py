"""Runs on the line that are meant to be well, or ill in one way; each draws its own settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

Experiment = dict[str, Any]
Draw = Callable[[np.random.Generator], Experiment]

NONE = {"name": "none"}


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def adam(lr: float, beta1: float = 0.0, beta2: float = 0.9) -> Experiment:
    return {"name": "adam", "lr": lr, "beta1": beta1, "beta2": beta2}


def mlp(depth: int, width: int, **more: Any) -> Experiment:
    return {"name": "mlp", "depth": depth, "width": width, **more}


def normal(rng: np.random.Generator) -> Experiment:
    std = float(rng.uniform(0.8, 2.0))
    return {"name": "normal", "mean": float(rng.uniform(-4, 4) * std), "std": std}


def mild(rng: np.random.Generator, **more: Any) -> Experiment:
    """The defaults with rates, batch and seed around them."""
    lr = log_uniform(rng, 2e-3, 4e-3)
    batch = int(rng.choice([64, 128, 256]))
    rates = {"optimizer_g": adam(lr), "optimizer_d": adam(lr)}
    return {"dataset": normal(rng), "batch_size": batch} | rates | more


def well_law(rng: np.random.Generator, name: str, low: Experiment, high: Experiment) -> Experiment:
    knobs = {knob: float(rng.uniform(low[knob], high[knob])) for knob in low}
    return mild(rng, dataset={"name": name, **knobs})


def well_mixture(rng: np.random.Generator) -> Experiment:
    spacing = float(rng.uniform(2.5, 4.0))
    bells = {"modes": int(rng.integers(2, 4)), "spacing": spacing, "std": spacing / 6}
    parts = {"generator": mlp(2, 64)}
    return mild(rng, dataset={"name": "normal_mixture", **bells}, architecture=parts)


def well_loss(rng: np.random.Generator, loss: str, **more: Any) -> Experiment:
    return mild(rng, loss=loss, **more)


def far_normal(rng: np.random.Generator) -> Experiment:
    return {"name": "normal", "mean": float(rng.uniform(5, 12)), "std": float(rng.uniform(0.6, 1))}


def strong_d(rng: np.random.Generator, loss: str, **more: Any) -> Experiment:
    """D learns fast, without a penalty, several updates a step; G slowly."""
    return {
        "dataset": far_normal(rng),
        "loss": loss,
        "regularizer": NONE,
        "optimizer_g": adam(log_uniform(rng, 5e-6, 2e-5)),
        "optimizer_d": adam(log_uniform(rng, 5e-3, 2e-2)),
        "n_critic": int(rng.integers(2, 5)),
    } | more


def starved(rng: np.random.Generator) -> Experiment:
    slow = {"name": "sgd", "lr": log_uniform(rng, 5e-3, 2e-2)}
    return strong_d(rng, "minimax", optimizer_g=slow)


def starved_adam(rng: np.random.Generator) -> Experiment:
    slow = adam(log_uniform(rng, 2e-5, 2e-4), 0.5, 0.999)
    fast = adam(log_uniform(rng, 1e-2, 3e-2), 0.5, 0.999)
    return strong_d(rng, "minimax", optimizer_g=slow, optimizer_d=fast)


def collapsing_mixture(rng: np.random.Generator) -> Experiment:
    """Bells far apart, a G that learns faster than D."""
    std = float(rng.uniform(0.3, 0.6))
    bells = {"modes": int(rng.integers(3, 6)), "spacing": std * float(rng.uniform(14, 20))}
    return {
        "dataset": {"name": "normal_mixture", "std": std, **bells},
        "regularizer": NONE,
        "optimizer_g": adam(log_uniform(rng, 5e-3, 1.5e-2)),
        "optimizer_d": adam(log_uniform(rng, 5e-4, 2e-3)),
    }


def smearing_mixture(rng: np.random.Generator) -> Experiment:
    """Narrow bells and a G of one hidden layer, which cannot part the noise so sharply."""
    std = float(rng.uniform(0.25, 0.4))
    bells = {"modes": 5, "spacing": std * float(rng.uniform(25, 35)), "std": std}
    return mild(rng, dataset={"name": "normal_mixture", **bells})


def swaying(rng: np.random.Generator, **more: Any) -> Experiment:
    """Momentum, neither penalty nor average."""
    lr = log_uniform(rng, 8e-3, 1.5e-2)
    return {
        "dataset": normal(rng),
        "regularizer": NONE,
        "ema_decay": 0.0,
        "optimizer_g": adam(lr, float(rng.uniform(0.8, 0.92)), 0.999),
        "optimizer_d": adam(lr, float(rng.uniform(0.8, 0.92)), 0.999),
    } | more


def swaying_by_rates(rng: np.random.Generator) -> Experiment:
    fast, slow = log_uniform(rng, 2e-2, 4e-2), log_uniform(rng, 8e-3, 1.2e-2)
    return swaying(rng, optimizer_g=adam(fast, 0.5, 0.999), optimizer_d=adam(slow, 0.5, 0.999))


def swaying_wasserstein(rng: np.random.Generator, regularizer: Experiment) -> Experiment:
    lr = log_uniform(rng, 3e-3, 8e-3)
    rates = {"optimizer_g": adam(lr), "optimizer_d": adam(lr)}
    return swaying(rng, loss="wasserstein", regularizer=regularizer, **rates)


def textbook_wobble(rng: np.random.Generator) -> Experiment:
    rate = adam(log_uniform(rng, 4e-4, 8e-4), 0.5, 0.999)
    parts = {"standardise": "none"}
    target = {"name": "normal", "mean": float(rng.uniform(3, 5)), "std": 1.25}
    return swaying(rng, optimizer_g=rate, optimizer_d=rate, architecture=parts, dataset=target)


def exploding(rng: np.random.Generator, name: str, low: float, high: float) -> Experiment:
    rates = [{"name": name, "lr": log_uniform(rng, low, high)} for _ in range(2)]
    return {"dataset": normal(rng), "optimizer_g": rates[0], "optimizer_d": rates[1]}


def few_values(rng: np.random.Generator) -> Experiment:
    bits = int(rng.integers(1, 4))
    return mild(rng, prior={"name": "bernoulli"}, latent_dim=bits)


def law(name: str, **bounds: tuple[float, float]) -> Draw:
    low, high = ({k: b[i] for k, b in bounds.items()} for i in (0, 1))
    return partial(well_law, name=name, low=low, high=high)
