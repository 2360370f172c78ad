"""Backpropagation looked at: the gradients that pass each layer.

D's gradients are those of its loss without the regularizer's penalty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from gan_core.explain.replay_gan import NETWORKS, Twin
from gan_core.networks.base import describe, shape_of
from gan_core.training.gan import Batch, Game


class Norms(NamedTuple):
    """Euclidean norms of the gradient of a mean loss; None where none flows or none is asked for.

    `output` is over the whole batch, `weights` over all of a layer's parameters.
    """

    output: float | None
    weights: float | None


@dataclass(frozen=True)
class LayerFlow:
    """One layer, and the gradients that pass it in either turn.

    In D's turn nothing reaches G, whose samples are taken as they are; in G's turn the gradient
    flows through D, and D's weights are not asked for theirs.
    """

    network: str
    layer: str
    output: str
    parameters: int
    in_d_turn: Norms
    in_g_turn: Norms


def layer_flow(game: Game, batch: Batch) -> list[LayerFlow]:
    """Return every layer of G, then of D, in the order of use, with both turns' gradients."""
    twin = Twin(game, batch)
    in_d_turn, in_g_turn = _norms(twin, "discriminator"), _norms(twin, "generator")
    of_generator = set(twin.generator.modules())
    return [
        LayerFlow(
            network=NETWORKS[layer not in of_generator],
            layer=describe(layer),
            output=shape,
            parameters=sum(parameter.numel() for parameter in layer.parameters()),
            in_d_turn=in_d_turn[layer][0],
            in_g_turn=norms,
        )
        for layer, (norms, shape) in in_g_turn.items()
    ]


def _norms(twin: Twin, network: str) -> dict[nn.Module, tuple[Norms, str]]:
    """Return the norms at each layer, and its output's shape, in one network's turn."""
    with twin.recorded() as outputs:
        loss = twin.play(network).loss.mean()
    own = set(getattr(twin, network).modules())
    asked = [output for found in outputs.values() for output in found if output.requires_grad]
    asked += getattr(twin, network).parameters()
    gradients = torch.autograd.grad(loss, asked, allow_unused=True)
    by_tensor = {id(tensor): g for tensor, g in zip(asked, gradients, strict=True)}
    made = {}
    for layer, found in outputs.items():
        weights = list(layer.parameters()) if layer in own else []
        made[layer] = (
            Norms(_norm(by_tensor, found), _norm(by_tensor, weights)),
            shape_of(found[0]),
        )
    return made


def _norm(by_tensor: dict[int, torch.Tensor | None], tensors: list[torch.Tensor]) -> float | None:
    gradients = [g for t in tensors if (g := by_tensor.get(id(t))) is not None]
    return torch.cat([g.flatten() for g in gradients]).norm().item() if gradients else None
