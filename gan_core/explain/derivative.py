"""One partial derivative in three ways: backwards, by the chain rule forwards, by differences."""

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
"""How far a weight may be moved to either side for the finite differences, in double precision.

The largest step is taken that agrees best with the next: between two steps that disagree lies a
kink of a ReLU, and differences across a kink are not the derivative.
"""


@dataclass(frozen=True, eq=False)
class Terms:
    """The last links of the chain, a value a sample i: ∂ℓᵢ/∂aᵢ · ∂aᵢ/∂w, with aᵢ D's logit."""

    logit: Values
    slope: Values
    """∂ℓᵢ/∂aᵢ."""
    change: Values
    """∂aᵢ/∂w."""

    @property
    def product(self) -> Values:
        return self.slope * self.change


class Link(NamedTuple):
    """A layer that the weight acts on: ‖∂(output)/∂w‖ over the whole batch."""

    network: str
    layer: str
    norm: float


@dataclass(frozen=True, eq=False)
class Derivative:
    """∂L/∂w for one weight w of a network and the mean loss L of the same network, three ways.

    In double precision on one batch, with one dropout mask, spectral norms at rest and batch norm
    as in training: there a sample's logit also depends on w through the other samples.
    """

    network: str
    layer: str
    parameter: str
    """Such as `weight[3, 0]`."""
    weight: float
    loss: float
    autograd: float
    """Reverse mode: from the loss backwards, as in training."""
    links: tuple[Link, ...]
    """The chain rule from the weight outwards (forward mode): the layers from w to the logits."""
    real: Terms | None
    """Real samples' part; None where L does not look at them."""
    fake: Terms
    step: float
    """h of (L(w + h) − L(w − h)) / 2h."""
    above: float
    below: float

    @property
    def chain(self) -> float:
        """(1/n) Σᵢ of all the terms."""
        parts = [terms.product.mean() for terms in (self.real, self.fake) if terms is not None]
        return float(sum(parts))

    @property
    def differences(self) -> float:
        return (self.above - self.below) / (2 * self.step)


class WeightIndex(NamedTuple):
    """Where a weight stands: in the parameter that `owner` calls `name`."""

    owner: nn.Module
    name: str
    at: tuple[int, ...]
    called: str

    @property
    def parameter(self) -> nn.Parameter:
        return getattr(self.owner, self.name)


def derivative(gan: GAN, batch: Batch, network: str, layer: int, index: int) -> Derivative:
    """Return ∂L/∂w for the mean loss of `network`, three ways.

    `layer` counts its layers in the order of use from 0, `index` all weights of that layer, its
    parameters laid end to end.

    Raises:
        ValueError: if there is no such network, layer or weight.
    """
    if network not in NETWORKS:
        raise ValueError(f"network = {network!r} is not one of {', '.join(NETWORKS)}.")
    replay = ReplayGAN(gan, batch, torch.float64)
    layers = replay.layers(network)
    if not 0 <= layer < len(layers):
        raise ValueError(f"layer = {layer} is not from 0 to {len(layers) - 1}.")
    place = _place(layers[layer], index)
    weight = place.parameter[place.at].item()
    loss = replay.loss_terms(network).loss.mean()
    (gradient,) = torch.autograd.grad(loss, place.parameter)
    step, above, below = _differences(replay, network, place)
    links, real, fake = _chain(replay, network, place)
    return Derivative(
        network=network,
        layer=describe(layers[layer]),
        parameter=place.called,
        weight=weight,
        loss=loss.item(),
        autograd=gradient[place.at].item(),
        links=links,
        real=real,
        fake=fake,
        step=step,
        above=above,
        below=below,
    )


def _short(name: str) -> str:
    """Return a parameter's name without what spectral norm adds to it."""
    return name.replace("parametrizations.", "").removesuffix(".original")


def _place(layer: nn.Module, index: int) -> WeightIndex:
    """Raises: ValueError: if the layer has no weight of that index."""
    rest = index
    for name, weight in layer.named_parameters():
        if 0 <= rest < weight.numel():
            path, _, leaf = name.rpartition(".")
            at = tuple(int(i) for i in np.unravel_index(rest, tuple(weight.shape)))
            called = f"{_short(name)}[{', '.join(map(str, at))}]"
            return WeightIndex(layer.get_submodule(path), leaf, at, called)
        rest -= weight.numel()
    last = index - rest - 1
    if last < 0:
        raise ValueError(f"{describe(layer)} has no weights; choose another layer.")
    raise ValueError(f"index = {index} is not from 0 to {last}.")


def _differences(replay: ReplayGAN, network: str, place: WeightIndex) -> tuple[float, float, float]:
    """Return the step h, L(w + h) and L(w − h)."""
    tried = [
        (h, _moved(replay, network, place, h), _moved(replay, network, place, -h)) for h in STEPS
    ]
    slopes = [(above - below) / (2 * h) for h, above, below in tried]
    unsure = [abs(slope - finer) for slope, finer in pairwise(slopes)]
    return tried[unsure.index(min(unsure))]


@torch.no_grad()
def _moved(replay: ReplayGAN, network: str, place: WeightIndex, by: float) -> float:
    """Return the mean loss with the weight moved."""
    before = place.parameter[place.at].item()
    place.parameter[place.at] = before + by
    loss = replay.loss_terms(network).loss.mean().item()
    place.parameter[place.at] = before
    return loss


def _chain(
    replay: ReplayGAN, network: str, place: WeightIndex
) -> tuple[tuple[Link, ...], Terms | None, Terms]:
    """Return the chain rule from the weight to each sample's loss; the twin is used up by it."""
    parameter = place.parameter.detach()
    direction = torch.zeros_like(parameter)
    direction[place.at] = 1.0
    with forward_ad.dual_level(), torch.no_grad():
        # A parameter cannot carry a tangent; a plain tensor of the same name can.
        delattr(place.owner, place.name)
        setattr(place.owner, place.name, forward_ad.make_dual(parameter, direction))
        with replay.recorded() as outputs:
            bill = replay.loss_terms(network)
        links = tuple(_links(replay, outputs))
        logits = [forward_ad.unpack_dual(a) for a in (bill.real_logits, bill.fake_logits)]
    # A loss that does not look at real samples is handed the generated ones twice.
    paired = network == "discriminator" or replay.config.loss.relativistic
    slopes = _slopes(replay, network, *(a.primal for a in logits))
    real, fake = (
        Terms(_numbers(a.primal), slope, _numbers(_tangent(a)))
        for a, slope in zip(logits, slopes, strict=True)
    )
    return links, real if paired else None, fake


def _links(replay: ReplayGAN, outputs: dict[nn.Module, list[torch.Tensor]]) -> Iterator[Link]:
    of_generator = set(replay.generator.modules())
    for layer, found in outputs.items():
        tangents = [forward_ad.unpack_dual(output).tangent for output in found]
        changes = [t.flatten() for t in tangents if t is not None]
        if changes:
            network = NETWORKS[layer not in of_generator]
            yield Link(network, describe(layer), torch.cat(changes).norm().item())


def _slopes(replay: ReplayGAN, network: str, real: Logits, fake: Logits) -> tuple[Values, Values]:
    """Return ∂ℓᵢ/∂aᵢ for the real and the generated samples."""
    loss = replay.config.loss
    half = loss.discriminator if network == "discriminator" else loss.generator
    real, fake = (a.detach().clone().requires_grad_() for a in (real, fake))
    asked = torch.autograd.grad(half(real, fake).sum(), (real, fake), allow_unused=True)
    zero = torch.zeros_like(fake)
    return tuple(_numbers(zero if slope is None else slope) for slope in asked)


def _tangent(dual: forward_ad.UnpackedDualTensor) -> torch.Tensor:
    return torch.zeros_like(dual.primal) if dual.tangent is None else dual.tangent


def _numbers(x: torch.Tensor) -> Values:
    return x.detach().double().cpu().numpy()
