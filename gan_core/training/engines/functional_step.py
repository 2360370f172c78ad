"""The step as a function of tensors alone, to be compiled or captured as a CUDA graph.

It is not a second step: `discriminator_step` and `generator_step` run as they stand, on networks
whose weights are arguments, and with every setting that may change during a run as a tensor. The
step changes its tensors in place. A compiled step is handed numbers that were drawn ahead; a CUDA
graph draws for itself.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.func import functional_call

from gan_core.config import ExperimentConfig
from gan_core.optimizers import Optimizer
from gan_core.registry import Component, knobs
from gan_core.training.algorithm import (
    d_statistics,
    discriminator_step,
    g_statistics,
    generator_step,
)
from gan_core.training.ema import ema_update_, params_and_buffers
from gan_core.training.engines.random_draws import DrawFn, PredrawnGAN, RandomOpHook
from gan_core.training.gan import GAN, Batch
from gan_core.training.optimization import OptimizerPair

State = dict[str, Any]
"""Every tensor that a step changes: lists and dicts of them."""


def state_tensors_of(optimizers: OptimizerPair) -> State:
    """Return the tensors that training changes (the tensors themselves, not copies)."""
    state: State = {}
    for side, learner in (("d", optimizers.d), ("g", optimizers.g)):
        learner.init_state()
        network = learner.network
        state[side] = {
            "weights": {name: weight.detach() for name, weight in network.named_parameters()},
            "buffers": dict(network.named_buffers()),
            "moments": [dict(learner.optimizer.state[p]) for p in learner.parameters],
        }
    state["average"] = [] if optimizers.ema is None else params_and_buffers(optimizers.ema.network)
    return state


def runtime_scalars(config: ExperimentConfig, gan: GAN) -> dict[str, float]:
    """Return the numbers that may change from step to step without a new compilation."""
    settings = {
        "lr_d": config.optimizer_d.lr,
        "lr_g": config.optimizer_g.lr,
        "mean": gan.mean,
        "std": gan.std,
    }
    for part in ("loss", "regularizer"):
        component = getattr(config, part)
        settings |= {f"{part}.{name}": getattr(component, name) for name in float_params(component)}
    return settings


def float_params(component: Component) -> list[str]:
    """Return the names of a component's knobs that are numbers on a scale."""
    return [name for name, knob in knobs(type(component)).items() if type(knob.default) is float]


def compile_key(config: ExperimentConfig) -> dict[str, Any]:
    """Return what a compiled step depends on: the config without its `runtime_scalars`."""
    content = config.to_dict() | {"seed": 0, "n_critic": 1}
    content["ema_decay"] = 0.5 if config.ema_decay else 0.0
    for side in ("g", "d"):
        content[f"optimizer_{side}"] = content[f"optimizer_{side}"] | {"lr": 1e-3}
    for part in ("loss", "regularizer"):
        component = type(getattr(config, part))()
        usual = {name: getattr(component, name) for name in float_params(component)}
        content[part] = content[part] | usual
    return content


class StaticScalars:
    """Numbers that a compiled step or a CUDA graph reads from tensors; they are filled in place."""

    def __init__(self, numbers: dict[str, float], device: torch.device) -> None:
        self._numbers = dict(numbers)
        self.tensors = {name: torch.tensor(n, device=device) for name, n in numbers.items()}

    def update(self, numbers: dict[str, float]) -> None:
        """Fill in the numbers that have changed."""
        for name, number in numbers.items():
            if number != self._numbers[name]:
                self._numbers[name] = number
                self.tensors[name].fill_(number)


class FunctionalModule(nn.Module):
    """A network that computes with the weights and buffers of a state."""

    def __init__(self, network: nn.Module, state: State) -> None:
        super().__init__()
        self._network = [network]  # in a list, so that its weights are no parameters of this module
        self._weights = {
            name: weight.detach().requires_grad_() for name, weight in state["weights"].items()
        }
        self._tensors = self._weights | state["buffers"]

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return functional_call(self._network[0], self._tensors, inputs)

    def parameters(self, recurse: bool = True) -> Iterator[torch.Tensor]:
        return iter(self._weights.values())


@dataclass
class FunctionalOptimizer:
    """The optimizer of one network, on moments and a learning rate that are handed to it."""

    settings: Optimizer
    parameters: list[torch.Tensor]
    moments: list[dict[str, torch.Tensor]]
    rate: torch.Tensor
    is_traced: bool

    def apply_gradients(self, gradients: Sequence[torch.Tensor]) -> None:
        apply_update = _apply_update_traced if self.is_traced else _apply_update
        apply_update(self.settings, self.parameters, gradients, self.moments, self.rate)


def functional_step(
    gan: GAN,
    state: State,
    draws: Sequence[torch.Tensor] | None,
    scalars: dict[str, torch.Tensor],
    ema_weight: torch.Tensor | None = None,
) -> tuple[torch.Tensor, Batch]:
    """Take a step on `state`; return its statistics (`D_STATS`, then `G_STATS`) and last batch.

    Without `draws` the GAN draws for itself, and torch's optimizers compute as they do eagerly.
    `ema_weight` is the weight of G in the next average; without it D alone is updated.
    """
    source, random_ops = _with_draws(gan, draws)
    functional = source.replace(
        config=_with_scalars(gan.config, scalars),
        mean=scalars["mean"],
        std=scalars["std"],
        discriminator=FunctionalModule(gan.discriminator, state["d"]),
        generator=FunctionalModule(gan.generator, state["g"]),
    )

    def optimizer(side: str) -> FunctionalOptimizer:
        network = functional.discriminator if side == "d" else functional.generator
        settings, moments = getattr(gan.config, f"optimizer_{side}"), state[side]["moments"]
        rate, is_traced = scalars[f"lr_{side}"], draws is not None
        return FunctionalOptimizer(settings, list(network.parameters()), moments, rate, is_traced)

    with random_ops:
        d_update = discriminator_step(functional, optimizer("d"))
        batch = d_update.batch
        statistics = d_statistics(functional, d_update)
        if ema_weight is not None:
            batch = functional.generator_batch(batch)
            g_update = generator_step(functional, optimizer("g"), batch)
            statistics |= g_statistics(functional, g_update)
            tensors = [*functional.generator.parameters(), *state["g"]["buffers"].values()]
            if state["average"]:
                ema_update_(state["average"], [tensor.detach() for tensor in tensors], ema_weight)
    return torch.stack(list(statistics.values())), batch


def _with_draws(
    gan: GAN, draws: Sequence[torch.Tensor] | None
) -> tuple[GAN, AbstractContextManager[Any]]:
    """Return a GAN that shares everything with `gan`, and a context in which it gets `draws`."""
    if draws is None:
        return gan, nullcontext()
    left = iter(draws)

    def deal(kind: str, draw: DrawFn) -> tuple[torch.Tensor, ...]:
        count = 2 if kind == "real" and gan.classes else 1
        return tuple(next(left) for _ in range(count))

    return PredrawnGAN(gan, deal), RandomOpHook(deal)


def _apply_update(
    optimizer: Optimizer,
    weights: list[torch.Tensor],
    gradients: Sequence[torch.Tensor],
    moments: list[dict[str, torch.Tensor]],
    rate: torch.Tensor,
) -> None:
    """Take a step of torch's own optimizer on moments that are handed to it."""
    taken = optimizer.build_capturable(weights, rate)
    for weight, gradient, memory in zip(weights, gradients, moments, strict=True):
        weight.grad = gradient
        taken.state[weight] = memory
    taken.step()
    for weight in weights:
        weight.grad = None


def _apply_update_traced(
    optimizer: Optimizer,
    weights: list[torch.Tensor],
    gradients: Sequence[torch.Tensor],
    moments: list[dict[str, torch.Tensor]],
    rate: torch.Tensor,
) -> None:
    """Take the same step in plain tensor operations.

    The optimizer moves zeros at a learning rate of 1, and its move is then scaled: every optimizer
    here is linear in its rate, and so the rate can be a tensor.
    """
    moves = [torch.zeros_like(weight) for weight in weights]
    taken = optimizer.build(moves, recorded=True)
    for move, gradient, memory in zip(moves, gradients, moments, strict=True):
        move.grad = gradient
        # A count of steps in double precision: 1 − β^t cancels in single precision.
        counts = {name: kept.double() for name, kept in memory.items() if kept.dim() == 0}
        taken.state[move] = memory | counts
    taken.step()
    with torch.no_grad():
        for move, memory in zip(moves, moments, strict=True):
            for name, kept in memory.items():
                if kept.dim() == 0:
                    kept.copy_(taken.state[move][name])
        for weight, move in zip(weights, moves, strict=True):
            weight.add_(rate * move)


def _with_scalars(config: ExperimentConfig, scalars: dict[str, torch.Tensor]) -> ExperimentConfig:
    """Return the config with tensors in place of the numbers that may change."""
    tuned = copy.copy(config)
    for part in ("loss", "regularizer"):
        component = copy.copy(getattr(config, part))
        for name in float_params(component):
            object.__setattr__(component, name, scalars[f"{part}.{name}"])
        object.__setattr__(tuned, part, component)
    return tuned
