"""The base class of network components: built from a seed, and shown as a table."""

from __future__ import annotations

import math
import threading
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from gan_core.registry import Component, Registry
from gan_core.shapes import Samples

GENERATORS = Registry("generator")
DISCRIMINATORS = Registry("discriminator")

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
    "elu": nn.ELU,
}


@dataclass(frozen=True)
class Network(Component):
    """A network whose input or output has the shape of one sample."""

    @property
    def smallest_batch(self) -> int:
        """The fewest samples it can be trained on at once; batch normalisation needs two."""
        return 2 if getattr(self, "normalisation", None) == "batch" else 1

    def check_shape(self, sample_shape: tuple[int, ...]) -> None:
        """Raises: ValueError: if the network cannot make or read samples of this shape."""


@dataclass(frozen=True)
class Generator(Network):
    """G: noise z of shape (n, latent_dim) → samples of shape (n, *sample_shape)."""

    @abstractmethod
    def build(self, latent_dim: int, sample_shape: tuple[int, ...]) -> nn.Module:
        """Return the network with its own initialisation."""


@dataclass(frozen=True)
class Discriminator(Network):
    """D: samples of shape (n, *sample_shape) → logits of shape (n,)."""

    @property
    def has_batch_norm(self) -> bool:
        """Whether it normalises each batch, so that a logit depends on the whole batch."""
        return getattr(self, "normalisation", None) == "batch" and getattr(self, "depth", 1) > 0

    @property
    def differs_at_rest(self) -> bool:
        """Whether it answers otherwise outside of training: batch norm, dropout."""
        return self.has_batch_norm or bool(getattr(self, "dropout", 0.0))

    @abstractmethod
    def build(self, sample_shape: tuple[int, ...], rng: torch.Generator) -> nn.Module:
        """Return the network with its own initialisation; dropout draws from `rng`."""


class Conditional(nn.Module):
    """A network made of others, called with each sample's class beside it."""


class SeededDropout(nn.Module):
    """Dropout that draws from a generator of its own, not from torch's global one."""

    def __init__(self, p: float, rng: torch.Generator) -> None:
        super().__init__()
        self.p = p
        self.rng = rng

    def forward(self, x: Samples) -> Samples:
        if not self.training:
            return x
        keep = torch.empty_like(x).bernoulli_(1 - self.p, generator=self.rng)
        return x * keep / (1 - self.p)

    def extra_repr(self) -> str:
        return f"p={self.p}"


_building = threading.Lock()


def build_seeded(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Call `build` so that all that torch's initialisers draw follows from `seed` alone.

    They draw from torch's global generator, which every visitor shares: it is seeded and put
    back under a lock.
    """
    with _building, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


class LayerRow(NamedTuple):
    """One layer as the page shows it."""

    layer: str
    output: str
    parameters: int


@torch.no_grad()
def layer_table(network: nn.Module, input_shape: tuple[int, ...]) -> list[LayerRow]:
    """Return a row a layer (name, output shape, number of parameters), in the order of use."""
    rows: list[LayerRow] = []

    def note(layer: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        count = sum(math.prod(p.shape) for p in layer.parameters())
        rows.append(LayerRow(describe(layer), shape_of(output), count))

    layers = leaf_layers(network)
    hooks = [layer.register_forward_hook(note) for layer in layers]
    training = network.training
    try:
        network.eval()
        device = next(network.parameters()).device
        inputs = [torch.zeros(2, *input_shape, device=device)]
        if isinstance(network, Conditional):
            inputs.append(torch.zeros(2, dtype=torch.long, device=device))
        network(*inputs)
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return rows


def shape_of(output: torch.Tensor) -> str:
    """Return the shape of one sample of a layer's output, as a table shows it."""
    return " × ".join(str(side) for side in output.shape[1:]) or "1"


def leaf_layers(network: nn.Module) -> list[nn.Module]:
    """Return the layers that a table shows; a residual block is one."""
    if isinstance(network, nn.Sequential | Conditional):
        return [layer for child in network.children() for layer in leaf_layers(child)]
    return [network]


def describe(layer: nn.Module) -> str:
    """Return a layer's name and what is worth knowing of it."""
    name = type(layer).__name__.removeprefix("Parametrized")
    notes = []
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        notes.append(f"{layer.kernel_size[0]}×{layer.kernel_size[1]}, stride {layer.stride[0]}")
    if isinstance(layer, nn.LeakyReLU):
        notes.append(f"{layer.negative_slope:g}")
    if isinstance(layer, SeededDropout):
        name = "Dropout"
        notes.append(f"{layer.p:g}")
    if nn.utils.parametrize.is_parametrized(layer):
        notes.append("spectral norm")
    return f"{name} ({'; '.join(notes)})" if notes else name
