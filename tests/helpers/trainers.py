"""Small trainers of every kind, and how their states compare."""

import pytest
import torch

from gan_core import ExperimentConfig, Trainer

TINY = {
    "architecture": {
        "generator": {"name": "mlp", "depth": 1, "width": 6},
        "discriminator": {"name": "mlp", "depth": 1, "width": 6},
    },
    "batch_size": 16,
}
NORMALISED = {
    "latent_dim": 3,
    "architecture": {
        "generator": {"name": "mlp", "width": 6, "normalisation": "batch"},
        "discriminator": {"name": "mlp", "width": 6, "normalisation": "spectral", "dropout": 0.3},
    },
    "regularizer": "gradient_penalty",
    "instance_noise": 0.2,
}
BATCH_NORM = {
    "latent_dim": 3,
    "architecture": {
        "generator": {"name": "mlp", "width": 6, "normalisation": "spectral"},
        "discriminator": {"name": "mlp", "width": 6, "normalisation": "batch"},
    },
    "loss": "relativistic_pairing",
    "n_critic": 2,
}
PICTURES = {
    "dataset": "mnist",
    "latent_dim": 4,
    "architecture": {
        "generator": {"name": "dcgan", "channels": 4},
        "discriminator": {"name": "cnn", "channels": 4},
    },
    "batch_size": 4,
}
CONDITIONAL = PICTURES | {
    "architecture": {
        "generator": {"name": "resnet", "channels": 4},
        "discriminator": {"name": "resnet", "channels": 4},
        "conditional": True,
    },
    "loss": "relativistic_pairing",
    "regularizer": "gradient_penalty",
}
FRESH = {"fresh_noise": True, "n_critic": 2, "instance_noise": 0.1}
KINDS = {
    "tiny": {},
    "fresh noise": FRESH,
    "normalised": NORMALISED,
    "batch norm": BATCH_NORM,
    "pictures": PICTURES,
    "conditional": CONDITIONAL,
}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def config_of(kind="tiny", **changes):
    return ExperimentConfig.from_dict(TINY | KINDS[kind] | changes)


def restore_trainer(kind="tiny", **changes):
    return Trainer(config_of(kind, **changes))


def assert_same(one, other, path="state"):
    """Compare two states bit for bit."""
    assert type(one) is type(other), path
    if isinstance(one, torch.Tensor):
        assert torch.equal(one.nan_to_num(-7), other.nan_to_num(-7)), path
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key in one:
            assert_same(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), path
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same(a, b, f"{path}[{i}]")
    else:
        assert one == other or (one != one and other != other), path


def weights(network):
    return [parameter.detach().clone() for parameter in network.parameters()]


def are_equal(some, others):
    return all(map(torch.equal, some, others))
