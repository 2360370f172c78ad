"""The families of runs on which the doctor is examined: settings meant to be well, or ill.

Each draws its own settings from ranges, so that no two runs of a family are alike.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from gan_core.data.digits import bundled_digits
from gan_core.data.packs import new_pack

Experiment = dict[str, Any]
Draw = Callable[[np.random.Generator], Experiment]

NONE = {"name": "none"}
FEW_DIGITS = (5, 9)


class Family(NamedTuple):
    """Runs meant to be of one kind, for so many steps; `weight` orders them by their duration."""

    kind: str
    name: str
    draw: Draw
    steps: int = 1_200
    weight: int = 1


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


def well_pictures(rng: np.random.Generator, **more: Any) -> Experiment:
    lr = log_uniform(rng, 4e-4, 8e-4)
    return {
        "dataset": {"name": "mnist"},
        "architecture": {"generator": mlp(2, 128), "discriminator": mlp(2, 128)},
        "regularizer": {"name": "r1", "gamma": float(rng.uniform(0.5, 2.0))},
        "optimizer_g": adam(lr, 0.5, 0.999),
        "optimizer_d": adam(lr, 0.5, 0.999),
    } | more


def well_small_cnn(rng: np.random.Generator) -> Experiment:
    lr = log_uniform(rng, 8e-4, 1.2e-3)
    parts = {"generator": {"name": "cnn", "channels": 8}}
    parts |= {"discriminator": {"name": "cnn", "channels": 8}}
    rates = {"optimizer_g": adam(lr, 0.5, 0.999), "optimizer_d": adam(lr, 0.5, 0.999)}
    return {"dataset": {"name": "mnist"}, "architecture": parts} | rates


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


def strong_d_on_digits(rng: np.random.Generator, loss: str, slow: float) -> Experiment:
    return {
        "dataset": {"name": "mnist"},
        "architecture": {"generator": mlp(2, 96), "discriminator": mlp(2, 128)},
        "loss": loss,
        "regularizer": NONE,
        "optimizer_g": adam(slow * float(rng.uniform(0.5, 2)), 0.5, 0.999),
        "optimizer_d": adam(log_uniform(rng, 1e-3, 3e-3), 0.5, 0.999),
        "n_critic": int(rng.integers(2, 4)),
    }


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


def collapsing_digits(rng: np.random.Generator, **more: Any) -> Experiment:
    """G learns ten times as fast as D: all samples run after what fools D now."""
    return {
        "dataset": {"name": "mnist"},
        "architecture": {"generator": mlp(2, 128), "discriminator": mlp(2, 128)},
        "regularizer": NONE,
        "optimizer_g": adam(log_uniform(rng, 3e-3, 6e-3), 0.5, 0.999),
        "optimizer_d": adam(log_uniform(rng, 1.5e-4, 3e-4), 0.5, 0.999),
    } | more


def digits_with_momentum(rng: np.random.Generator) -> Experiment:
    lr = log_uniform(rng, 8e-4, 1.5e-3)
    rates = {"optimizer_g": adam(lr, 0.9, 0.999), "optimizer_d": adam(lr, 0.9, 0.999)}
    return collapsing_digits(rng, **rates)


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


def exploding_digits(rng: np.random.Generator) -> Experiment:
    rate = {"name": "sgd", "lr": log_uniform(rng, 10, 60)}
    return collapsing_digits(rng, optimizer_g=rate, optimizer_d=rate)


def few_values(rng: np.random.Generator) -> Experiment:
    bits = int(rng.integers(1, 4))
    return mild(rng, prior={"name": "bernoulli"}, latent_dim=bits)


def few_digits(rng: np.random.Generator) -> Experiment:
    """A handful of real digits, all of them memorised before long."""
    digits = bundled_digits().images
    chosen = rng.choice(len(digits), int(rng.integers(*FEW_DIGITS)), replace=False)
    with new_pack(1, 28) as writer:
        writer.append(digits[torch.from_numpy(chosen)].numpy())
        pack = writer.keep("a few digits", {})
    return well_pictures(
        rng, dataset={"name": "folder", "upload": pack}, batch_size=len(chosen), latent_dim=16
    )


def law(name: str, **bounds: tuple[float, float]) -> Draw:
    low, high = ({k: b[i] for k, b in bounds.items()} for i in (0, 1))
    return partial(well_law, name=name, low=low, high=high)


LIMITED = {"name": "gradient_penalty", "strength": 10.0, "one_sided": True}
BATCH_NORM = {
    "generator": mlp(2, 128, normalisation="batch"),
    "discriminator": mlp(2, 128, dropout=0.3),
}

FAMILIES: tuple[Family, ...] = (
    Family("healthy", "defaults", mild),
    Family("healthy", "uniform", law("uniform", low=(-2, 3), width=(2, 5))),
    Family("healthy", "exponential", law("exponential", scale=(0.8, 3.0))),
    Family("healthy", "lognormal", law("lognormal", mu=(0.0, 1.0), sigma=(0.3, 0.6))),
    Family("healthy", "student_t", law("student_t", df=(4.0, 20.0), loc=(-3, 3), scale=(0.7, 2))),
    Family("healthy", "mixture", well_mixture, 1_500),
    Family("healthy", "hinge", partial(well_loss, loss="hinge")),
    Family("healthy", "least_squares", partial(well_loss, loss="least_squares")),
    Family("healthy", "minimax", partial(well_loss, loss="minimax")),
    Family(
        "healthy",
        "wasserstein",
        partial(well_loss, loss="wasserstein", regularizer=LIMITED, n_critic=3),
        900,
        2,
    ),
    Family(
        "healthy",
        "pairing",
        partial(
            well_loss, loss="relativistic_pairing", regularizer={"name": "r1_r2", "gamma": 0.5}
        ),
    ),
    Family("healthy", "no penalty", partial(mild, regularizer=NONE)),
    Family("healthy", "no average", partial(mild, ema_decay=0.0)),
    Family("healthy", "ten bits", partial(mild, prior={"name": "bernoulli"}, latent_dim=10)),
    Family("healthy", "digits, MLP", well_pictures, 800, 4),
    Family(
        "healthy",
        "digits, least squares",
        partial(well_pictures, loss="least_squares", architecture=BATCH_NORM, regularizer=NONE),
        1_000,
        4,
    ),
    Family("healthy", "digits, small CNN", well_small_cnn, 400, 5),
    Family(
        "healthy",
        "several Gaussian noise numbers",
        partial(mild, prior={"name": "gaussian"}, latent_dim=4),
    ),
    Family("g_starved", "minimax, SGD", starved, 500),
    Family("g_starved", "minimax, Adam", starved_adam, 500),
    Family(
        "g_starved",
        "digits, minimax",
        partial(strong_d_on_digits, loss="minimax", slow=1e-4),
        400,
        4,
    ),
    Family("d_too_strong", "non-saturating", partial(strong_d, loss="non_saturating"), 500),
    Family("d_too_strong", "least squares", partial(strong_d, loss="least_squares"), 500),
    Family("d_too_strong", "hinge", partial(strong_d, loss="hinge"), 500),
    Family(
        "d_too_strong",
        "digits",
        partial(strong_d_on_digits, loss="non_saturating", slow=1e-5),
        400,
        4,
    ),
    Family("mode_collapse", "mixture, fast G", collapsing_mixture),
    Family("mode_collapse", "narrow bells", smearing_mixture),
    Family("mode_collapse", "digits, fast G", collapsing_digits, 700, 4),
    Family("mode_collapse", "digits, momentum", digits_with_momentum, 700, 4),
    Family("oscillating", "momentum", swaying),
    Family("oscillating", "learning rates", swaying_by_rates),
    Family(
        "oscillating", "Wasserstein, no penalty", partial(swaying_wasserstein, regularizer=NONE)
    ),
    Family(
        "oscillating",
        "Wasserstein, clipped",
        partial(swaying_wasserstein, regularizer={"name": "weight_clipping", "limit": 0.1}),
    ),
    Family("oscillating", "textbook", textbook_wobble, 2_400, 2),
    Family("diverging", "SGD", partial(exploding, name="sgd", low=30.0, high=100.0), 500),
    Family("diverging", "Adam", partial(exploding, name="adam", low=3.0, high=30.0), 500),
    Family("diverging", "digits, SGD", exploding_digits, 300, 1),
    Family("cannot_reach", "bits", few_values, 800),
    Family("memorising", "a few digits", few_digits, 1_000, 4),
)
