"""The step as one function of tensors alone: what is compiled, and what a GPU's graph is made of.

It is not a second step: `discriminator_step` and `generator_step` run as they stand, on networks
whose weights are arguments, and with every setting that may change during a run as a tensor. The
step changes its tensors in place. A compiled step is handed numbers that were drawn ahead; a CUDA
graph draws for itself.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.func import functional_call

from gan_core.config import ExperimentConfig
from gan_core.optimizers import Optimizer
from gan_core.registry import Component, knobs
from gan_core.training.algorithm import (
    OptimizerStep,
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
    """Return the tensors that training changes, not copied."""
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
    """Return the numbers that may differ from step to step without another program."""
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
    """Return what a program depends on: the config without the numbers that it is handed."""
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
    """Numbers that a program reads from tensors, which stay the same ones as the numbers change."""

    def __init__(self, numbers: dict[str, float], device: torch.device) -> None:
        self._numbers = dict(numbers)
        self.tensors = {name: torch.tensor(n, device=device) for name, n in numbers.items()}

    def update(self, numbers: dict[str, float]) -> None:
        """Fill in the numbers that differ."""
        for name, number in numbers.items():
            if number != self._numbers[name]:
                self._numbers[name] = number
                self.tensors[name].fill_(number)


class FunctionalModule(nn.Module):
    """A network on weights that are handed to it."""

    def __init__(self, network: nn.Module, state: State) -> None:
        super().__init__()
        self._network = [network]  # in a list: its own weights are not this one's
        self._lent = {
            name: weight.detach().requires_grad_() for name, weight in state["weights"].items()
        }
        self._tensors = self._lent | state["buffers"]

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return functional_call(self._network[0], self._tensors, inputs)

    def parameters(self, recurse: bool = True) -> Iterator[torch.Tensor]:
        return iter(self._lent.values())


def functional_step(
    gan: GAN,
    state: State,
    draws: Sequence[torch.Tensor] | None,
    settings: dict[str, torch.Tensor],
    weight: torch.Tensor | None = None,
) -> tuple[torch.Tensor, Batch]:
    """Take a step on `state`; return its statistics (`D_STATS`, then `G_STATS`) and its batch.

    Without `draws` the game draws for itself, and torch's optimizers compute as they do eagerly.
    `weight` is that of the average's next update; without it D's turn alone is played.
    """
    lent, listening = _drawing_from(gan, draws)
    lent.config = _tuned_config(gan.config, settings)
    lent.mean, lent.std = settings["mean"], settings["std"]
    lent.discriminator = FunctionalModule(gan.discriminator, state["d"])
    lent.generator = FunctionalModule(gan.generator, state["g"])
    move = _apply_update if draws is None else _apply_update_traced

    def turn(side: str) -> OptimizerStep:
        network = lent.discriminator if side == "d" else lent.generator
        optimizer = getattr(gan.config, f"optimizer_{side}")

        def descend(objective: torch.Tensor) -> tuple[torch.Tensor, ...]:
            weights = list(network.parameters())
            gradients = torch.autograd.grad(objective, weights)
            move(optimizer, weights, gradients, state[side]["moments"], settings[f"lr_{side}"])
            return gradients

        return descend

    with listening:
        of_d = discriminator_step(lent, turn("d"))
        found = d_statistics(lent, of_d)
        if weight is not None:
            of_g = generator_step(lent, turn("g"), of_d.batch)
            found |= g_statistics(lent, of_g)
            sources = [*lent.generator.parameters(), *state["g"]["buffers"].values()]
            if state["average"]:
                ema_update_(state["average"], [source.detach() for source in sources], weight)
    return torch.stack(list(found.values())), of_d.batch


def _drawing_from(
    gan: GAN, draws: Sequence[torch.Tensor] | None
) -> tuple[GAN, AbstractContextManager[Any]]:
    """Return a game that shares all with another, and a context in which it gets `draws`."""
    if draws is None:
        return copy.copy(gan), nullcontext()
    left = iter(draws)

    def deal(kind: str, make: DrawFn) -> tuple[torch.Tensor, ...]:
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


def _tuned_config(config: ExperimentConfig, settings: dict[str, torch.Tensor]) -> ExperimentConfig:
    """Return the config with tensors in place of the numbers that may change."""
    tuned = copy.copy(config)
    for part in ("loss", "regularizer"):
        component = copy.copy(getattr(config, part))
        for name in float_params(component):
            object.__setattr__(component, name, settings[f"{part}.{name}"])
        object.__setattr__(tuned, part, component)
    return tuned
