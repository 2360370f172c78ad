"""Small experiments of every kind, for what looks at a step."""

import torch

from gan_core import ExperimentConfig, Trainer

LINE = {"dataset": "normal", "batch_size": 32}
DIGITS = {
    "dataset": "mnist",
    "batch_size": 20,
    "architecture": {
        "generator": {"name": "dcgan", "channels": 4},
        "discriminator": {"name": "dcgan", "channels": 4},
    },
}
BY_CLASS = {**DIGITS, "architecture": {**DIGITS["architecture"], "conditional": True}}
SPECTRAL = {
    **LINE,
    "architecture": {
        "discriminator": {"name": "mlp", "normalisation": "spectral", "dropout": 0.3},
    },
}
EXPERIMENTS = {
    "line": LINE,
    "spectral and dropout": SPECTRAL,
    "digits": DIGITS,
    "digits by class": BY_CLASS,
    "paired": {**LINE, "loss": "relativistic_pairing"},
    "paired, fresh noise": {**LINE, "loss": "relativistic_pairing", "fresh_noise": True},
    "critic": {**LINE, "loss": "wasserstein", "regularizer": "gradient_penalty", "n_critic": 3},
    "blurred": {**LINE, "instance_noise": 0.2},
    "clipped": {**LINE, "loss": "wasserstein", "regularizer": "weight_clipping"},
}


def restore_trainer(experiment, steps=0):
    trainer = Trainer(ExperimentConfig.from_dict(experiment))
    trainer.step(steps)
    return trainer


def flat(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()])
