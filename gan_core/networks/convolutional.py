"""Convolutional networks for pictures of 28×28."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from gan_core.networks.base import (
    ACTIVATIONS,
    DISCRIMINATORS,
    GENERATORS,
    Discriminator,
    Generator,
    SeededDropout,
)
from gan_core.networks.dense import Logit
from gan_core.registry import knob


def check_28(network: str, sample_shape: tuple[int, ...]) -> None:
    """Raises: ValueError: unless `sample_shape` is (channels, 28, 28)."""
    if len(sample_shape) != 3 or sample_shape[1:] != (28, 28):
        shape = " × ".join(map(str, sample_shape))
        raise ValueError(f"{network} needs pictures of 28 × 28; this data set has {shape}.")


def dcgan_init(network: nn.Module) -> nn.Module:
    """Draw weights from N(0, 0.02²) and batch norm's scales from N(1, 0.02²) (arXiv:1511.06434)."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, 0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d | nn.BatchNorm1d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
            nn.init.zeros_(layer.bias)
    return network


@GENERATORS.register("dcgan", title="DCGAN", paper="Radford et al. 2016, arXiv:1511.06434")
@dataclass(frozen=True)
class DCGANGenerator(Generator):
    """Transposed convolutions that double the picture, 7 → 14 → 28, with batch norm."""

    channels: int = knob(32, low=4, high=256, log=True, help="Channels before the last layer.")

    def check_shape(self, sample_shape):
        check_28("dcgan", sample_shape)

    def build(self, latent_dim, sample_shape):
        wide, narrow = 2 * self.channels, self.channels
        return dcgan_init(
            nn.Sequential(
                nn.Unflatten(1, (latent_dim, 1, 1)),
                nn.ConvTranspose2d(latent_dim, wide, 7, 1, 0, bias=False),
                nn.BatchNorm2d(wide),
                nn.ReLU(),
                nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False),
                nn.BatchNorm2d(narrow),
                nn.ReLU(),
                nn.ConvTranspose2d(narrow, sample_shape[0], 4, 2, 1, bias=False),
                nn.Tanh(),
            )
        )


@DISCRIMINATORS.register("dcgan", title="DCGAN", paper="Radford et al. 2016, arXiv:1511.06434")
@dataclass(frozen=True)
class DCGANDiscriminator(Discriminator):
    """Strided convolutions that halve the picture, 28 → 14 → 7, with batch norm in the middle."""

    channels: int = knob(32, low=4, high=256, log=True, help="Channels of the first layer.")

    def check_shape(self, sample_shape):
        check_28("dcgan", sample_shape)

    def build(self, sample_shape, rng):
        narrow, wide = self.channels, 2 * self.channels
        return dcgan_init(
            nn.Sequential(
                nn.Conv2d(sample_shape[0], narrow, 4, 2, 1, bias=False),
                nn.LeakyReLU(0.2),
                nn.Conv2d(narrow, wide, 4, 2, 1, bias=False),
                nn.BatchNorm2d(wide),
                nn.LeakyReLU(0.2),
                nn.Conv2d(wide, 1, 7, 1, 0, bias=False),
                nn.Flatten(),
                Logit(),
            )
        )


class Upsample(nn.Module):
    """Every pixel becomes a square of two by two."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.interpolate(x, scale_factor=2, mode="nearest")


@GENERATORS.register("cnn", title="CNN", paper="upsampling as in Odena et al. 2016, Distill")
@dataclass(frozen=True)
class CNNGenerator(Generator):
    """A linear layer, then upsampling and plain convolutions: no checkerboard patterns."""

    channels: int = knob(32, low=4, high=256, log=True, help="Channels before the last layer.")
    activation: str = knob("leaky_relu", choices=tuple(ACTIVATIONS), help="Between the layers.")
    normalisation: str = knob("batch", choices=("none", "batch"), help="After each convolution.")

    def check_shape(self, sample_shape):
        check_28("cnn", sample_shape)

    def build(self, latent_dim, sample_shape):
        wide, narrow = 2 * self.channels, self.channels
        layers = [nn.Linear(latent_dim, wide * 7 * 7), nn.Unflatten(1, (wide, 7, 7))]
        for inputs, outputs in ((wide, wide), (wide, narrow)):
            layers += [Upsample(), nn.Conv2d(inputs, outputs, 3, padding=1)]
            if self.normalisation == "batch":
                layers.append(nn.BatchNorm2d(outputs))
            layers.append(ACTIVATIONS[self.activation]())
        layers += [nn.Conv2d(narrow, sample_shape[0], 3, padding=1), nn.Tanh()]
        return nn.Sequential(*layers)


@DISCRIMINATORS.register(
    "cnn", title="CNN", paper="LeCun et al. 1998; spectral norm arXiv:1802.05957"
)
@dataclass(frozen=True)
class CNNDiscriminator(Discriminator):
    """Two strided convolutions and a linear layer, with dropout or spectral norm if asked for."""

    channels: int = knob(32, low=4, high=256, log=True, help="Channels of the first layer.")
    activation: str = knob("leaky_relu", choices=tuple(ACTIVATIONS), help="Between the layers.")
    normalisation: str = knob(
        "none", choices=("none", "spectral"), help="Of every layer's weights."
    )
    dropout: float = knob(0.3, low=0.0, high=0.8, help="Share of features left out at random.")

    def check_shape(self, sample_shape):
        check_28("cnn", sample_shape)

    def build(self, sample_shape, rng):
        wide, narrow = 2 * self.channels, self.channels
        limit = spectral_norm if self.normalisation == "spectral" else nn.Identity()
        layers: list[nn.Module] = []
        for inputs, outputs in ((sample_shape[0], narrow), (narrow, wide)):
            layers += [limit(nn.Conv2d(inputs, outputs, 5, stride=2, padding=2))]
            layers += [ACTIVATIONS[self.activation]()]
            if self.dropout:
                layers.append(SeededDropout(self.dropout, rng))
        return nn.Sequential(*layers, nn.Flatten(), limit(nn.Linear(wide * 7 * 7, 1)), Logit())
