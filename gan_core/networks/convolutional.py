"""Convolutional networks for square pictures: DCGAN at every size, and a plain CNN."""

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
from gan_core.networks.mlp import Logit
from gan_core.registry import knob

PYRAMIDS = {16: (4, 2), 28: (7, 2), 32: (4, 3), 64: (4, 4), 128: (4, 5)}
"""Side of a picture → side of the smallest map inside the networks, and doublings from there."""


def check_side(network: str, sample_shape: tuple[int, ...]) -> None:
    """Raises: ValueError: unless the pictures are square, with a side that is in `PYRAMIDS`."""
    is_square = len(sample_shape) == 3 and sample_shape[1] == sample_shape[2]
    if not is_square or sample_shape[1] not in PYRAMIDS:
        shape = " × ".join(map(str, sample_shape))
        *sides, last = PYRAMIDS
        raise ValueError(
            f"{network} needs square pictures of {', '.join(map(str, sides))} or {last} pixels; "
            f"this data set has {shape}."
        )


def widths(channels: int, stages: int) -> list[int]:
    """Return the channels of the stages from the smallest map outwards, halving each time."""
    return [channels * 2**stage for stage in reversed(range(stages))]


def leaky() -> nn.Module:
    """Return DCGAN's activation; in place, which saves a tenth of a step on a CPU."""
    return nn.LeakyReLU(0.2, inplace=True)


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


@GENERATORS.register(
    "dcgan",
    title="DCGAN",
    paper="Radford et al. 2016, arXiv:1511.06434",
    equation=r"h_0=z \\ h_l=\mathrm{ReLU}(\mathrm{BN}(W_l*^{\!\top}h_{l-1}))"
    r" \\ G(z)=\tanh(W_{L+1}*^{\!\top}h_L)",
)
@dataclass(frozen=True)
class DCGANGenerator(Generator):
    """Transposed convolutions that double the picture, 4 → 8 → … → 64, with batch norm."""

    channels: int = knob(
        32,
        low=4,
        high=256,
        log=True,
        help="Channels before the last layer; the paper has 128.",
    )

    def check_shape(self, sample_shape):
        check_side("dcgan", sample_shape)

    def build(self, latent_dim, sample_shape):
        start, stages = PYRAMIDS[sample_shape[1]]
        wide, *narrower = widths(self.channels, stages)
        first = nn.ConvTranspose2d(latent_dim, wide, start, 1, 0, bias=False)
        layers = [
            nn.Unflatten(1, (latent_dim, 1, 1)),
            first,
            nn.BatchNorm2d(wide),
            nn.ReLU(inplace=True),
        ]
        for narrow in narrower:
            layers.append(nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False))
            layers += [nn.BatchNorm2d(narrow), nn.ReLU(inplace=True)]
            wide = narrow
        layers += [nn.ConvTranspose2d(wide, sample_shape[0], 4, 2, 1, bias=False), nn.Tanh()]
        return dcgan_init(nn.Sequential(*layers))


@DISCRIMINATORS.register(
    "dcgan",
    title="DCGAN",
    paper="Radford et al. 2016, arXiv:1511.06434",
    equation=r"h_1=\phi(W_1*x) \\ h_l=\phi(\mathrm{BN}(W_l*h_{l-1})) \\ a(x)=W_{L+1}*h_L",
)
@dataclass(frozen=True)
class DCGANDiscriminator(Discriminator):
    """Strided convolutions that halve the picture, 64 → 32 → … → 4, with batch norm inside."""

    has_batch_norm = True

    channels: int = knob(
        32, low=4, high=256, log=True, help="Channels of the first layer; the usual code has 64."
    )

    def check_shape(self, sample_shape):
        check_side("dcgan", sample_shape)

    def build(self, sample_shape, rng):
        start, stages = PYRAMIDS[sample_shape[1]]
        *wider, narrow = widths(self.channels, stages)
        layers = [nn.Conv2d(sample_shape[0], narrow, 4, 2, 1, bias=False), leaky()]
        for wide in reversed(wider):
            layers.append(nn.Conv2d(narrow, wide, 4, 2, 1, bias=False))
            layers += [nn.BatchNorm2d(wide), leaky()]
            narrow = wide
        layers += [nn.Conv2d(narrow, 1, start, 1, 0, bias=False), nn.Flatten(), Logit()]
        return dcgan_init(nn.Sequential(*layers))


class Upsample(nn.Module):
    """Every pixel becomes a square of two by two."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.interpolate(x, scale_factor=2, mode="nearest")


@GENERATORS.register(
    "cnn",
    title="CNN",
    paper="upsampling as in Odena et al. 2016, Distill",
    equation=r"h_0=W_0z+b_0 \\ a_l=W_l*\mathrm{up}(h_{l-1})+b_l \\ h_l=\phi(\mathrm{BN}(a_l))"
    r" \\ G(z)=\tanh(W*h_L+b)",
)
@dataclass(frozen=True)
class CNNGenerator(Generator):
    """A linear layer, then upsampling and plain convolutions: no checkerboard patterns."""

    channels: int = knob(32, low=4, high=256, log=True, help="Channels before the last layer.")
    activation: str = knob("leaky_relu", choices=tuple(ACTIVATIONS), help="Between the layers.")
    normalisation: str = knob("batch", choices=("none", "batch"), help="After each convolution.")

    def check_shape(self, sample_shape):
        check_side("cnn", sample_shape)

    def build(self, latent_dim, sample_shape):
        start, stages = PYRAMIDS[sample_shape[1]]
        outwards = widths(self.channels, stages)
        wide, narrow = outwards[0], outwards[-1]
        layers = [nn.Linear(latent_dim, wide * start**2), nn.Unflatten(1, (wide, start, start))]
        for inputs, outputs in zip([wide, *outwards], outwards, strict=False):
            layers += [Upsample(), nn.Conv2d(inputs, outputs, 3, padding=1)]
            if self.normalisation == "batch":
                layers.append(nn.BatchNorm2d(outputs))
            layers.append(ACTIVATIONS[self.activation]())
        layers += [nn.Conv2d(narrow, sample_shape[0], 3, padding=1), nn.Tanh()]
        return nn.Sequential(*layers)


@DISCRIMINATORS.register(
    "cnn",
    title="CNN",
    paper="LeCun et al. 1998; spectral norm arXiv:1802.05957",
    equation=r"h_0=x \\ h_l=\phi(W_l*h_{l-1}+b_l) \\ a(x)=w^\top h_L+b",
)
@dataclass(frozen=True)
class CNNDiscriminator(Discriminator):
    """Strided convolutions and a linear layer, with dropout or spectral norm if asked for."""

    channels: int = knob(32, low=4, high=256, log=True, help="Channels of the first layer.")
    activation: str = knob("leaky_relu", choices=tuple(ACTIVATIONS), help="Between the layers.")
    normalisation: str = knob(
        "none", choices=("none", "spectral"), help="Of every layer's weights."
    )
    dropout: float = knob(0.3, low=0.0, high=0.8, help="Share of features left out at random.")

    def check_shape(self, sample_shape):
        check_side("cnn", sample_shape)

    def build(self, sample_shape, rng):
        start, stages = PYRAMIDS[sample_shape[1]]
        inwards = widths(self.channels, stages)[::-1]
        limit = spectral_norm if self.normalisation == "spectral" else nn.Identity()
        layers: list[nn.Module] = []
        for inputs, outputs in zip([sample_shape[0], *inwards], inwards, strict=False):
            layers += [limit(nn.Conv2d(inputs, outputs, 5, stride=2, padding=2))]
            layers += [ACTIVATIONS[self.activation]()]
            if self.dropout:
                layers.append(SeededDropout(self.dropout, rng))
        return nn.Sequential(
            *layers, nn.Flatten(), limit(nn.Linear(inwards[-1] * start**2, 1)), Logit()
        )
