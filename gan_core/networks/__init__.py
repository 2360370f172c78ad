"""Generators and discriminators; importing the package registers all of them."""

# The order of these imports is the order of the menus.
from gan_core.networks import mlp, convolutional, resnet  # isort: skip
from gan_core.networks.base import (
    DISCRIMINATORS,
    GENERATORS,
    Discriminator,
    Generator,
    LayerRow,
    build_seeded,
    layer_table,
)
from gan_core.networks.conditional import build_discriminator, build_generator

__all__ = [
    "DISCRIMINATORS",
    "GENERATORS",
    "Discriminator",
    "Generator",
    "LayerRow",
    "build_discriminator",
    "build_generator",
    "build_seeded",
    "convolutional",
    "layer_table",
    "mlp",
    "resnet",
]
