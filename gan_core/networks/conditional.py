"""Conditional forms of the networks: each takes the class beside its input."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm

from gan_core.networks.base import Conditional, Discriminator, Generator
from gan_core.networks.stateless import eval_mode
from gan_core.shapes import Classes, Condition, Latents, Logits, Samples

EMBEDDING = 32
"""Numbers that stand for a class beside the noise."""


class ConditionalGenerator(Conditional):
    """G(z, y): a learnt vector for the class is put beside z (arXiv:1411.1784).

    The vector itself may be given in the place of the label; it may lie between two classes.
    """

    def __init__(self, build: Callable[[int], nn.Module], latent_dim: int, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, EMBEDDING)
        self.network = build(latent_dim + EMBEDDING)

    def forward(self, z: Latents, labels: Condition) -> Samples:
        vectors = labels if labels.is_floating_point() else self.embedding(labels)
        return self.network(torch.cat([z, vectors], 1))


class ProjectionDiscriminator(Conditional):
    """D(x, y) = ψ(φ(x)) + v_yᵀ φ(x), with φ all but D's last layer (arXiv:1802.05637, eq. 3)."""

    def __init__(self, network: nn.Sequential, sample_shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        weighted = (nn.Linear, nn.Conv2d)
        last = max(i for i, layer in enumerate(network) if isinstance(layer, weighted))
        self.features, self.head = network[:last], network[last:]
        with eval_mode(self.features), torch.no_grad():
            width = self.features(torch.zeros(1, *sample_shape)).numel()
        self.embedding = nn.Embedding(classes, width)
        nn.init.normal_(self.embedding.weight, 0.0, 0.02)
        if parametrize.is_parametrized(network[last]):
            spectral_norm(self.embedding)

    def forward(self, x: Samples, labels: Classes) -> Logits:
        direction = self.embedding(labels)
        features = self.features(x)
        return (direction * features.flatten(1)).sum(1) + self.head(features)


def build_generator(
    component: Generator, latent_dim: int, sample_shape: tuple[int, ...], classes: int
) -> nn.Module:
    """Return the component's network, conditioned on one of `classes` classes if there are any."""
    if not classes:
        return component.build(latent_dim, sample_shape)
    return ConditionalGenerator(
        lambda inputs: component.build(inputs, sample_shape), latent_dim, classes
    )


def build_discriminator(
    component: Discriminator, sample_shape: tuple[int, ...], rng: torch.Generator, classes: int
) -> nn.Module:
    """Return the component's network, conditioned on one of `classes` classes if there are any."""
    network = component.build(sample_shape, rng)
    return ProjectionDiscriminator(network, sample_shape, classes) if classes else network
