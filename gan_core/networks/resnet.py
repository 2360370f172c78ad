"""Residual networks with spectral normalisation (SNGAN), at every size that DCGAN has."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate
from torch.nn.utils.parametrizations import spectral_norm

from gan_core.networks.base import DISCRIMINATORS, GENERATORS, Discriminator, Generator
from gan_core.networks.convolutional import PYRAMIDS, check_side
from gan_core.networks.mlp import Logit
from gan_core.registry import knob

PAPER = "Miyato et al. 2018, arXiv:1802.05957, appendix B.4"


def convolution(inputs: int, outputs: int, kernel: int, gain: float = math.sqrt(2)) -> nn.Conv2d:
    """Return a convolution that keeps the map's size, initialised as Glorot & Bengio have it."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    nn.init.xavier_uniform_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer


class UpBlock(nn.Module):
    """Two convolutions at twice the size, beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.conv1, self.conv2 = (convolution(channels, channels, 3) for _ in range(2))
        self.shortcut = convolution(channels, channels, 1, gain=1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.conv1(interpolate(self.norm1(x).relu(), scale_factor=2))
        h = self.conv2(self.norm2(h).relu())
        # Repeating pixels after the 1×1 convolution gives the same, at a quarter of the cost.
        return h + interpolate(self.shortcut(x), scale_factor=2)


class DownBlock(nn.Module):
    """Two convolutions, and half the size if `halve`, beside a shortcut.

    The `first` block reads pixels: nothing has been activated yet.
    """

    def __init__(self, inputs: int, channels: int, halve: bool = True, first: bool = False) -> None:
        super().__init__()
        self.conv1 = spectral_norm(convolution(inputs, channels, 3))
        self.conv2 = spectral_norm(convolution(channels, channels, 3))
        self.halve, self.first = halve, first
        self.shortcut = nn.Identity()
        if halve:
            self.shortcut = spectral_norm(convolution(inputs, channels, 1, gain=1.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.conv2(self.conv1(x if self.first else x.relu()).relu())
        if not self.halve:
            return h + x
        return avg_pool2d(h, 2) + self.shortcut(avg_pool2d(x, 2))


class SumOverMap(nn.Module):
    """(n, channels, height, width) → (n, channels)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sum((2, 3))


@GENERATORS.register(
    "resnet",
    title="ResNet (SNGAN)",
    paper=PAPER,
    equation=r"h_0=W_0z+b_0 \\ h_l=S_l(h_{l-1})+F_l(h_{l-1})"
    r" \\ r=\mathrm{ReLU}(\mathrm{BN}(h_L)) \\ G(z)=\tanh(W*r+b)",
)
@dataclass(frozen=True)
class ResNetGenerator(Generator):
    """Residual blocks that double the picture by repeating pixels, with batch norm."""

    channels: int = knob(64, low=4, high=512, log=True, help="In every block; 256 in the paper.")

    def check_shape(self, sample_shape):
        check_side("resnet", sample_shape)

    def build(self, latent_dim, sample_shape):
        start, stages = PYRAMIDS[sample_shape[1]]
        channels = self.channels
        first = nn.Linear(latent_dim, channels * start**2)
        nn.init.xavier_uniform_(first.weight)
        return nn.Sequential(
            first,
            nn.Unflatten(1, (channels, start, start)),
            *(UpBlock(channels) for _ in range(stages)),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            convolution(channels, sample_shape[0], 3, gain=1.0),
            nn.Tanh(),
        )


@DISCRIMINATORS.register(
    "resnet",
    title="ResNet (SNGAN)",
    paper=PAPER,
    equation=r"h_0=x \\ h_l=S_l(h_{l-1})+F_l(h_{l-1})"
    r" \\ r=\sum_{ij}\mathrm{ReLU}(h_L)_{ij} \\ a(x)=w^\top r+b",
)
@dataclass(frozen=True)
class ResNetDiscriminator(Discriminator):
    """Residual blocks with spectral norm in every layer; made for the hinge loss."""

    channels: int = knob(64, low=4, high=512, log=True, help="In every block; 128 in the paper.")

    def check_shape(self, sample_shape):
        check_side("resnet", sample_shape)

    def build(self, sample_shape, rng):
        stages, channels = PYRAMIDS[sample_shape[1]][1], self.channels
        last = nn.Linear(channels, 1)
        nn.init.xavier_uniform_(last.weight)
        return nn.Sequential(
            DownBlock(sample_shape[0], channels, first=True),
            *(DownBlock(channels, channels) for _ in range(stages - 1)),
            DownBlock(channels, channels, halve=False),
            nn.ReLU(),
            SumOverMap(),
            spectral_norm(last),
            Logit(),
        )
