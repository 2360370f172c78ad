"""Runs on digits that are meant to be well, or ill in one way; each draws its own settings."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from benchmarks.doctor_line import NONE, Experiment, adam, log_uniform, mlp
from gan_core.data.importing.packs import new_pack
from gan_core.data.mnist import bundled_digits

FEW_DIGITS = (5, 9)


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


def exploding_digits(rng: np.random.Generator) -> Experiment:
    rate = {"name": "sgd", "lr": log_uniform(rng, 10, 60)}
    return collapsing_digits(rng, optimizer_g=rate, optimizer_d=rate)


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
