"""Generators and discriminators; importing the package registers all of them."""

from gan_core.networks import convolutional, dense
from gan_core.networks.base import (
    DISCRIMINATORS,
    GENERATORS,
    Discriminator,
    Generator,
    LayerRow,
    build_seeded,
    layer_table,
)

__all__ = [
    "DISCRIMINATORS",
    "GENERATORS",
    "Discriminator",
    "Generator",
    "LayerRow",
    "build_seeded",
    "convolutional",
    "dense",
    "layer_table",
]
