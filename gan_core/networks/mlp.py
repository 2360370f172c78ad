"""Fully connected networks, for numbers and for pictures."""

from __future__ import annotations

import math
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
from gan_core.registry import knob

OUTPUT_ACTIVATIONS = ("auto", "linear", "tanh", "sigmoid")


class Logit(nn.Module):
    """(n, 1) → (n,)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.squeeze(1)


class SigmoidRange(nn.Module):
    """A sigmoid stretched to [-1, 1], the range of pictures here."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * torch.sigmoid(x) - 1


def output_layer(choice: str, sample_shape: tuple[int, ...]) -> list[nn.Module]:
    """Return G's last layer; `auto` is linear for numbers and tanh for pictures."""
    if choice == "auto":
        choice = "linear" if len(sample_shape) == 1 else "tanh"
    if choice == "linear":
        return []
    if choice == "tanh":
        return [nn.Tanh()]
    return [SigmoidRange() if len(sample_shape) > 1 else nn.Sigmoid()]


def dense_layers(
    inputs: int, depth: int, width: int, activation: str, normalisation: str
) -> list[nn.Module]:
    """Return `depth` times linear, normalisation, activation."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        linear = nn.Linear(inputs, width)
        layers.append(spectral_norm(linear) if normalisation == "spectral" else linear)
        if normalisation == "batch":
            layers.append(nn.BatchNorm1d(width))
        elif normalisation == "layer":
            layers.append(nn.LayerNorm(width))
        layers.append(ACTIVATIONS[activation]())
        inputs = width
    return layers


@GENERATORS.register(
    "mlp",
    title="MLP",
    paper="Goodfellow et al. 2014, arXiv:1406.2661",
    equation=r"h_0=z \\ h_l=\phi(W_lh_{l-1}+b_l) \\ G(z)=\psi(W_{L+1}h_L+b_{L+1})",
)
@dataclass(frozen=True)
class MLPGenerator(Generator):
    """Fully connected layers from noise to sample."""

    depth: int = knob(1, low=0, high=8, help="Number of hidden layers.")
    width: int = knob(64, low=1, high=2048, log=True, help="Units in each hidden layer.")
    activation: str = knob("leaky_relu", choices=tuple(ACTIVATIONS), help="Between the layers.")
    normalisation: str = knob(
        "none", choices=("none", "batch", "layer", "spectral"), help="After each hidden layer."
    )
    output: str = knob(
        "auto", choices=OUTPUT_ACTIVATIONS, help="Last layer: auto is tanh for pictures."
    )

    def build(self, latent_dim, sample_shape):
        hidden = dense_layers(
            latent_dim, self.depth, self.width, self.activation, self.normalisation
        )
        last = nn.Linear(self.width if self.depth else latent_dim, math.prod(sample_shape))
        layers = [*hidden, last, *output_layer(self.output, sample_shape)]
        if len(sample_shape) > 1:
            layers.append(nn.Unflatten(1, sample_shape))
        return nn.Sequential(*layers)


@DISCRIMINATORS.register(
    "mlp",
    title="MLP",
    paper="Goodfellow et al. 2014, arXiv:1406.2661",
    equation=r"h_0=x \\ h_l=\phi(W_lh_{l-1}+b_l) \\ a(x)=w^\top h_L+b",
)
@dataclass(frozen=True)
class MLPDiscriminator(Discriminator):
    """Fully connected layers from sample to logit."""

    depth: int = knob(2, low=0, high=8, help="Number of hidden layers.")
    width: int = knob(64, low=1, high=2048, log=True, help="Units in each hidden layer.")
    activation: str = knob("leaky_relu", choices=tuple(ACTIVATIONS), help="Between the layers.")
    normalisation: str = knob(
        "none",
        choices=("none", "batch", "layer", "spectral"),
        help="In each hidden layer. batch: real and generated samples are normalised apart, each "
        "by their own mean and spread, so on numbers D sees neither and never learns.",
    )
    dropout: float = knob(0.0, low=0.0, high=0.8, help="Share of hidden units left out at random.")

    def build(self, sample_shape, rng):
        features = math.prod(sample_shape)
        layers = [nn.Flatten()] if len(sample_shape) > 1 else []
        for _ in range(self.depth):
            layers += dense_layers(features, 1, self.width, self.activation, self.normalisation)
            if self.dropout:
                layers.append(SeededDropout(self.dropout, rng))
            features = self.width
        last = nn.Linear(features, 1)
        layers.append(spectral_norm(last) if self.normalisation == "spectral" else last)
        return nn.Sequential(*layers, Logit())


class Maxout(nn.Module):
    """The largest of `pieces` linear maps, unit by unit."""

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, units * pieces)
        self.pieces = pieces

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x).unflatten(1, (-1, self.pieces)).amax(2)


@DISCRIMINATORS.register(
    "maxout_mlp",
    title="Maxout MLP",
    paper="Goodfellow et al. 2013, arXiv:1302.4389; D of arXiv:1406.2661",
    equation=r"h_0=x \\ h_l=\max_{j\le k}\,(W_{lj}h_{l-1}+b_{lj}) \\ a(x)=w^\top h_L+b"
    r" \\ k=\texttt{pieces}",
)
@dataclass(frozen=True)
class MaxoutDiscriminator(Discriminator):
    """The 2014 paper's discriminator: maxout layers with dropout."""

    depth: int = knob(2, low=1, high=8, help="Number of maxout layers.")
    width: int = knob(240, low=1, high=2048, log=True, help="Units in each layer.")
    pieces: int = knob(5, low=2, high=10, help="Linear maps each unit takes the largest of.")
    dropout: float = knob(0.5, low=0.0, high=0.8, help="Share of units left out at random.")
    init_range: float = knob(
        0.005, low=0.001, high=1.0, log=True, help="Weights start uniform in ± this."
    )

    def build(self, sample_shape, rng):
        features = math.prod(sample_shape)
        layers = [nn.Flatten()] if len(sample_shape) > 1 else []
        for _ in range(self.depth):
            layers.append(Maxout(features, self.width, self.pieces))
            if self.dropout:
                layers.append(SeededDropout(self.dropout, rng))
            features = self.width
        network = nn.Sequential(*layers, nn.Linear(features, 1), Logit())
        for parameter in network.parameters():
            if parameter.dim() > 1:
                nn.init.uniform_(parameter, -self.init_range, self.init_range)
            else:
                nn.init.zeros_(parameter)
        return network
