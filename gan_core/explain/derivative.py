"""One partial derivative in three ways: reverse mode, forward mode and finite differences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.autograd import forward_ad

from gan_core.explain.replay_gan import NETWORKS, ReplayGAN
from gan_core.networks.base import describe
from gan_core.shapes import Logits, Values
from gan_core.training.gan import GAN, Batch

STEPS = (1e-6, 1e-7, 1e-8)
"""Steps h of the finite differences, in double precision.

The step is used whose result agrees best with that of the next smaller one: where two results
disagree, a kink of a ReLU lies between them, and differences across a kink are not the derivative.
"""


@dataclass(frozen=True, eq=False)
class ChainTerms:
    """The last factors of the chain rule, ∂ℓᵢ/∂aᵢ · ∂aᵢ/∂w per sample i; aᵢ is D's logit."""

    logit: Values
    slope: Values
    """∂ℓᵢ/∂aᵢ."""
    change: Values
    """∂aᵢ/∂w."""

    @property
    def product(self) -> Values:
        return self.slope * self.change


class LayerSensitivity(NamedTuple):
    """‖∂(output)/∂w‖ over the whole batch, for a layer that depends on the weight."""

    network: str
    layer: str
    norm: float


@dataclass(frozen=True, eq=False)
class Derivative:
    """∂L/∂w for one weight w of a network and the mean loss L of the same network, three ways.

    In double precision on one batch, with one dropout mask, frozen spectral norms and batch norm
    as in training: with batch norm a sample's logit also depends on w through the other samples.
    """

    network: str
    layer: str
    parameter: str
    """Such as `weight[3, 0]`."""
    weight: float
    loss: float
    autograd: float
    """By reverse mode: from the loss to the weight, as in training."""
    sensitivities: tuple[LayerSensitivity, ...]
    """By forward mode: the layers from w to the logits."""
    real: ChainTerms | None
    """The terms of the real samples; None where L does not depend on them."""
    fake: ChainTerms
    step: float
    """h of (L(w + h) − L(w − h)) / 2h."""
    loss_plus: float
    """L(w + h)."""
    loss_minus: float
    """L(w − h)."""

    @property
    def chain(self) -> float:
        """The derivative by forward mode: (1/n) Σᵢ of all terms."""
        parts = [terms.product.mean() for terms in (self.real, self.fake) if terms is not None]
        return float(sum(parts))

    @property
    def differences(self) -> float:
        """The derivative by finite differences."""
        return (self.loss_plus - self.loss_minus) / (2 * self.step)


class WeightIndex(NamedTuple):
    """The position of one weight: element `at` of the parameter `owner.name`."""

    owner: nn.Module
    name: str
    at: tuple[int, ...]
    label: str

    @property
    def parameter(self) -> nn.Parameter:
        return getattr(self.owner, self.name)


def derivative(gan: GAN, batch: Batch, network: str, layer: int, index: int) -> Derivative:
    """Return ∂L/∂w for the mean loss of `network`, three ways.

    `layer` is the number of the layer in the order of use, from 0; `index` is the number of the
    weight among all weights of that layer, its parameters flattened and concatenated.

    Raises:
        ValueError: if there is no such network, layer or weight.
    """
    if network not in NETWORKS:
        raise ValueError(f"network = {network!r} is not one of {', '.join(NETWORKS)}.")
    replay = ReplayGAN(gan, batch, torch.float64)
    layers = replay.layers(network)
    if not 0 <= layer < len(layers):
        raise ValueError(f"layer = {layer} is not from 0 to {len(layers) - 1}.")
    where = _weight_index(layers[layer], index)
    weight = where.parameter[where.at].item()
    loss = replay.loss_terms(network).loss.mean()
    (gradient,) = torch.autograd.grad(loss, where.parameter)
    step, loss_plus, loss_minus = _differences(replay, network, where)
    sensitivities, real, fake = _chain(replay, network, where)
    return Derivative(
        network=network,
        layer=describe(layers[layer]),
        parameter=where.label,
        weight=weight,
        loss=loss.item(),
        autograd=gradient[where.at].item(),
        sensitivities=sensitivities,
        real=real,
        fake=fake,
        step=step,
        loss_plus=loss_plus,
        loss_minus=loss_minus,
    )


def _short_name(name: str) -> str:
    """Return a parameter's name without the parts that spectral norm adds to it."""
    return name.replace("parametrizations.", "").removesuffix(".original")


def _weight_index(layer: nn.Module, index: int) -> WeightIndex:
    """Return the position of a layer's weight of that index.

    Raises:
        ValueError: if the layer has no such weight.
    """
    rest = index
    for name, weight in layer.named_parameters():
        if 0 <= rest < weight.numel():
            path, _, leaf = name.rpartition(".")
            at = tuple(int(i) for i in np.unravel_index(rest, tuple(weight.shape)))
            label = f"{_short_name(name)}[{', '.join(map(str, at))}]"
            return WeightIndex(layer.get_submodule(path), leaf, at, label)
        rest -= weight.numel()
    last = index - rest - 1
    if last < 0:
        raise ValueError(f"{describe(layer)} has no weights; choose another layer.")
    raise ValueError(f"index = {index} is not from 0 to {last}.")


def _differences(replay: ReplayGAN, network: str, where: WeightIndex) -> tuple[float, float, float]:
    """Return the step h, L(w + h) and L(w − h)."""
    tried = [
        (h, _loss_at_offset(replay, network, where, h), _loss_at_offset(replay, network, where, -h))
        for h in STEPS
    ]
    slopes = [(loss_plus - loss_minus) / (2 * h) for h, loss_plus, loss_minus in tried]
    deviations = [abs(slope - finer) for slope, finer in pairwise(slopes)]
    return tried[deviations.index(min(deviations))]


@torch.no_grad()
def _loss_at_offset(replay: ReplayGAN, network: str, where: WeightIndex, by: float) -> float:
    """Return the mean loss with `by` added to the weight."""
    before = where.parameter[where.at].item()
    where.parameter[where.at] = before + by
    loss = replay.loss_terms(network).loss.mean().item()
    where.parameter[where.at] = before
    return loss


def _chain(
    replay: ReplayGAN, network: str, where: WeightIndex
) -> tuple[tuple[LayerSensitivity, ...], ChainTerms | None, ChainTerms]:
    """Return the factors of the chain rule from the weight to each sample's loss.

    The `replay` cannot be used afterwards: its parameter has been replaced by a plain tensor.
    """
    parameter = where.parameter.detach()
    direction = torch.zeros_like(parameter)
    direction[where.at] = 1.0
    with forward_ad.dual_level(), torch.no_grad():
        # A parameter cannot carry a tangent; a plain tensor of the same name can.
        delattr(where.owner, where.name)
        setattr(where.owner, where.name, forward_ad.make_dual(parameter, direction))
        with replay.recorded() as outputs:
            terms = replay.loss_terms(network)
        sensitivities = tuple(_sensitivities(replay, outputs))
        logits = [forward_ad.unpack_dual(a) for a in (terms.real_logits, terms.fake_logits)]
    # For a loss that does not depend on real samples, both logits are those of generated ones.
    paired = network == "discriminator" or replay.config.loss.relativistic
    slopes = _slopes(replay, network, *(a.primal for a in logits))
    real, fake = (
        ChainTerms(_to_numpy(a.primal), slope, _to_numpy(_tangent(a)))
        for a, slope in zip(logits, slopes, strict=True)
    )
    return sensitivities, real if paired else None, fake


def _sensitivities(
    replay: ReplayGAN, outputs: dict[nn.Module, list[torch.Tensor]]
) -> Iterator[LayerSensitivity]:
    of_generator = set(replay.generator.modules())
    for layer, found in outputs.items():
        tangents = [forward_ad.unpack_dual(output).tangent for output in found]
        changes = [t.flatten() for t in tangents if t is not None]
        if changes:
            network = NETWORKS[layer not in of_generator]
            yield LayerSensitivity(network, describe(layer), torch.cat(changes).norm().item())


def _slopes(replay: ReplayGAN, network: str, real: Logits, fake: Logits) -> tuple[Values, Values]:
    """Return ∂ℓᵢ/∂aᵢ for the real and the generated samples."""
    loss = replay.config.loss
    half = loss.discriminator if network == "discriminator" else loss.generator
    real, fake = (a.detach().clone().requires_grad_() for a in (real, fake))
    gradients = torch.autograd.grad(half(real, fake).sum(), (real, fake), allow_unused=True)
    zero = torch.zeros_like(fake)
    return tuple(_to_numpy(zero if slope is None else slope) for slope in gradients)


def _tangent(dual: forward_ad.UnpackedDualTensor) -> torch.Tensor:
    return torch.zeros_like(dual.primal) if dual.tangent is None else dual.tangent


def _to_numpy(x: torch.Tensor) -> Values:
    return x.detach().double().cpu().numpy()
