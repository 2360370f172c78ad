"""Set-ups drawn at random, as a user of the page might put them together, and what became of them.

`draw` takes each part of an experiment from the registries and each rate from two decades.
`state_of` says how near a generator has come, by two distances that neither a rule of the doctor
nor the page reads, on samples that no one else sees.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from benchmarks.doctor_line import Experiment, log_uniform
from gan_core import Trainer
from gan_core.data import Distribution1D
from gan_core.losses import LOSSES
from gan_core.priors import PRIORS
from gan_core.registry import knobs
from gan_core.regularizers import REGULARIZERS
from gan_core.shapes import Values

WELL, ILL, HALF = "well", "ill", "half well"
FRESH = 5_000
CELLS = 25
STEPS = (300, 1_000)

RATES = {"adam": 2e-3, "rmsprop": 1e-3, "sgd": 5e-2}
"""The middle of the two decades from which an optimizer's learning rate is drawn."""

ENERGY = (0.12, 0.2)
MISPLACED = (0.2, 0.33)
"""Well up to the first value, ill from the second one."""


class Distance(NamedTuple):
    """How far samples are from the target.

    `energy` is the energy distance √(2 ∫ (F_g − F_r)² dx / σ) (Székely & Rizzo 2013): for two
    bell curves a little apart, 0.75 of the shift in standard deviations. `misplaced` is the share
    of the samples that would have to be moved for each of 25 equally likely cells of the target
    to get its share.
    """

    energy: float
    misplaced: float

    @property
    def state(self) -> str:
        """Well, half well or ill; NaN is ill."""
        if self.energy <= ENERGY[0] and self.misplaced <= MISPLACED[0]:
            return WELL
        return HALF if self.energy < ENERGY[1] and self.misplaced < MISPLACED[1] else ILL


def distance(samples: Values, target: Distribution1D) -> Distance:
    """Return how far numbers of shape (n,) are from the target."""
    ordered, n = np.sort(samples), len(samples)
    if not np.isfinite(ordered).all():
        return Distance(float("nan"), float("nan"))
    law = target.distribution()
    quantiles = np.asarray(law.ppf((np.arange(n) + 0.5) / n), dtype=float)
    both = np.sort(np.concatenate([ordered, quantiles]))
    gap = np.searchsorted(ordered, both, "right") - np.searchsorted(quantiles, both, "right")
    energy = 2 * np.sum((gap[:-1] / n) ** 2 * np.diff(both)) / float(law.std())
    edges = np.unique(law.ppf(np.arange(1, CELLS) / CELLS))
    expected = np.diff(law.cdf(edges), prepend=0.0, append=1.0)
    found = np.bincount(np.searchsorted(edges, ordered), minlength=len(expected)) / n
    return Distance(float(np.sqrt(energy)), float(np.abs(found - expected).sum() / 2))


def distance_of(trainer: Trainer) -> Distance:
    """Return how far samples that were drawn for this question alone are from the target."""
    return distance(trainer.sample(FRESH).squeeze(1).double().cpu().numpy(), trainer.config.dataset)


def median(seen: list[Distance]) -> Distance:
    """Return the median of each distance; NaN if one of them is."""
    return Distance(*np.median(np.array(seen), axis=0).tolist())


def draw(rng: np.random.Generator) -> Experiment:
    """Return any experiment on numbers."""

    def any_of(*names: Any) -> Any:
        return names[int(rng.integers(len(names)))]

    normalisation = any_of("none", "none", "none", "batch", "layer", "spectral")
    rates = [_optimizer(rng), _optimizer(rng)]
    optimizer_g, optimizer_d = any_of(rates, rates[:1] * 2)
    return {
        "dataset": _target(rng),
        "prior": {"name": any_of("uniform", "gaussian", any_of(*PRIORS.names()))},
        "latent_dim": any_of(1, 1, 2, 4, 8),
        "architecture": {
            "generator": _network(rng) | {"normalisation": normalisation},
            "discriminator": _network(rng)
            | {"normalisation": any_of("none", "none", "none", "layer", "spectral")},
            "standardise": any_of("discriminator", "discriminator", "both", "none"),
        },
        "loss": {"name": any_of(*LOSSES.names())},
        "regularizer": _regularizer(rng, any_of(*REGULARIZERS.names())),
        "optimizer_g": optimizer_g,
        "optimizer_d": optimizer_d,
        "n_critic": any_of(1, 1, 1, 2, 3, 5),
        "batch_size": int(log_uniform(rng, 16, 512)),
        "ema_decay": any_of(0.0, 0.99, 0.99, 0.998),
        "instance_noise": any_of(0.0, 0.0, 0.0, 0.3),
        "seed": int(rng.integers(2**31)),
    }


def draw_steps(rng: np.random.Generator) -> int:
    """Return for how long a run is trained, in steps."""
    return 25 * round(log_uniform(rng, *STEPS) / 25)


def _target(rng: np.random.Generator) -> Experiment:
    std = log_uniform(rng, 0.5, 3.0)
    mean = float(rng.uniform(-4, 4)) * std
    bells = {"modes": int(rng.integers(2, 6)), "spacing": std * float(rng.uniform(2.5, 12))}
    targets = (
        *[{"name": "normal", "mean": mean, "std": std}] * 3,
        {"name": "uniform", "low": mean, "width": 3 * std},
        {"name": "exponential", "scale": std},
        {"name": "lognormal", "mu": float(rng.uniform(0, 1)), "sigma": float(rng.uniform(0.2, 1))},
        {"name": "student_t", "df": float(rng.uniform(3, 20)), "loc": mean, "scale": std},
        {"name": "normal_mixture", "std": std / 2, "center": mean / 4, **bells},
        {"name": "normal_mixture", "std": std / 2, "center": mean / 4, **bells},
    )
    return targets[int(rng.integers(len(targets)))]


def _network(rng: np.random.Generator) -> Experiment:
    activations = ("leaky_relu", "leaky_relu", "relu", "tanh", "silu", "elu")
    return {
        "name": "mlp",
        "depth": int(rng.integers(1, 4)),
        "width": int(log_uniform(rng, 16, 128)),
        "activation": activations[int(rng.integers(len(activations)))],
    }


def _regularizer(rng: np.random.Generator, name: str) -> Experiment:
    """Return it with its usual strength, or up to a decade away from it."""
    drawn: Experiment = {"name": name}
    for knob in ("strength", "gamma", "limit"):
        if knob in knobs(REGULARIZERS[name]):
            usual = getattr(REGULARIZERS.create(name), knob)
            drawn[knob] = usual * log_uniform(rng, 0.2, 5.0)
    return drawn


def _optimizer(rng: np.random.Generator) -> Experiment:
    name = ("adam", "adam", "adam", "rmsprop", "sgd")[int(rng.integers(5))]
    drawn: Experiment = {"name": name, "lr": RATES[name] * log_uniform(rng, 0.1, 10.0)}
    if name == "adam":
        drawn["beta1"] = (0.0, 0.0, 0.5, 0.5, 0.9)[int(rng.integers(5))]
        drawn["beta2"] = (0.9, 0.999)[int(rng.integers(2))]
    return drawn
