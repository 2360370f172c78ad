"""The gradients that pass each layer during backpropagation.

D's gradients are those of its loss without the regularizer's penalty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from gan_core.explain.replay_gan import NETWORKS, ReplayGAN
from gan_core.networks.base import describe, shape_of
from gan_core.training.gan import GAN, Batch


class GradientNorms(NamedTuple):
    """Euclidean norms of the gradient of a mean loss; None where none is computed.

    `output` is over the whole batch, `weights` over all of a layer's parameters.
    """

    output: float | None
    weights: float | None


@dataclass(frozen=True)
class LayerGradients:
    """One layer, and the gradients that pass it in D's and in G's update.

    In D's update no gradient reaches G, whose samples are constants; in G's update the gradient
    flows through D, but none is computed for D's weights.
    """

    network: str
    layer: str
    output: str
    parameters: int
    in_d_update: GradientNorms
    in_g_update: GradientNorms


def layer_gradients(gan: GAN, batch: Batch) -> list[LayerGradients]:
    """Return every layer of G, then of D, in the order of use, with both updates' gradients."""
    replay = ReplayGAN(gan, batch)
    in_d_update, in_g_update = _norms(replay, "discriminator"), _norms(replay, "generator")
    of_generator = set(replay.generator.modules())
    return [
        LayerGradients(
            network=NETWORKS[layer not in of_generator],
            layer=describe(layer),
            output=shape,
            parameters=sum(parameter.numel() for parameter in layer.parameters()),
            in_d_update=in_d_update[layer][0],
            in_g_update=norms,
        )
        for layer, (norms, shape) in in_g_update.items()
    ]


def _norms(replay: ReplayGAN, network: str) -> dict[nn.Module, tuple[GradientNorms, str]]:
    """Return the norms at each layer, and its output's shape, in one network's update."""
    with replay.recorded() as outputs:
        loss = replay.loss_terms(network).loss.mean()
    own = set(getattr(replay, network).modules())
    tensors = [output for found in outputs.values() for output in found if output.requires_grad]
    tensors += getattr(replay, network).parameters()
    gradients = torch.autograd.grad(loss, tensors, allow_unused=True)
    by_tensor = {id(tensor): g for tensor, g in zip(tensors, gradients, strict=True)}
    made = {}
    for layer, found in outputs.items():
        weights = list(layer.parameters()) if layer in own else []
        made[layer] = (
            GradientNorms(_norm(by_tensor, found), _norm(by_tensor, weights)),
            shape_of(found[0]),
        )
    return made


def _norm(by_tensor: dict[int, torch.Tensor | None], tensors: list[torch.Tensor]) -> float | None:
    gradients = [g for t in tensors if (g := by_tensor.get(id(t))) is not None]
    return torch.cat([g.flatten() for g in gradients]).norm().item() if gradients else None
