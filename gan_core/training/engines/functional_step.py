"""The step as one function of tensors alone: what is compiled, and what a GPU's graph is made of.

It is not a second step: `turn_of_d` and `turn_of_g` run as they stand, on networks whose weights
are arguments, and with every setting that may change during a run as a tensor. All that the step
changes it changes in place. A compiled step is handed numbers that were drawn ahead; a GPU's graph
draws for itself.
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
    Descend,
    statistics_of_d,
    statistics_of_g,
    turn_of_d,
    turn_of_g,
)
from gan_core.training.ema import take_in, tensors_of
from gan_core.training.engines.random_draws import Listening, Make, Taped
from gan_core.training.gan import Batch, Game
from gan_core.training.optimization import Learners

State = dict[str, Any]
"""Every tensor that a step changes: lists and dicts of them."""


def state_of(learners: Learners) -> State:
    """Return the tensors that training changes, not copied."""
    state: State = {}
    for side, learner in (("d", learners.d), ("g", learners.g)):
        learner.give_moments()
        network = learner.network
        state[side] = {
            "weights": {name: weight.detach() for name, weight in network.named_parameters()},
            "buffers": dict(network.named_buffers()),
            "moments": [dict(learner.optimizer.state[p]) for p in learner.parameters],
        }
    state["average"] = [] if learners.ema is None else tensors_of(learners.ema.network)
    return state


def settings_of(config: ExperimentConfig, game: Game) -> dict[str, float]:
    """Return the numbers that may differ from step to step without another program."""
    settings = {
        "lr_d": config.optimizer_d.lr,
        "lr_g": config.optimizer_g.lr,
        "mean": game.mean,
        "std": game.std,
    }
    for part in ("loss", "regularizer"):
        component = getattr(config, part)
        settings |= {f"{part}.{name}": getattr(component, name) for name in tunable(component)}
    return settings


def tunable(component: Component) -> list[str]:
    """Return the names of a component's knobs that are numbers on a scale."""
    return [name for name, knob in knobs(type(component)).items() if type(knob.default) is float]


def structure_of(config: ExperimentConfig) -> dict[str, Any]:
    """Return what a program depends on: the config without the numbers that it is handed."""
    content = config.to_dict() | {"seed": 0, "n_critic": 1}
    content["ema_decay"] = 0.5 if config.ema_decay else 0.0
    for side in ("g", "d"):
        content[f"optimizer_{side}"] = content[f"optimizer_{side}"] | {"lr": 1e-3}
    for part in ("loss", "regularizer"):
        component = type(getattr(config, part))()
        usual = {name: getattr(component, name) for name in tunable(component)}
        content[part] = content[part] | usual
    return content


class Dials:
    """Numbers that a program reads from tensors, which stay the same ones as the numbers change."""

    def __init__(self, numbers: dict[str, float], device: torch.device) -> None:
        self._numbers = dict(numbers)
        self.tensors = {name: torch.tensor(n, device=device) for name, n in numbers.items()}

    def turn(self, numbers: dict[str, float]) -> None:
        """Fill in the numbers that differ."""
        for name, number in numbers.items():
            if number != self._numbers[name]:
                self._numbers[name] = number
                self.tensors[name].fill_(number)


class Lent(nn.Module):
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


def play(
    game: Game,
    state: State,
    draws: Sequence[torch.Tensor] | None,
    settings: dict[str, torch.Tensor],
    weight: torch.Tensor | None = None,
) -> tuple[torch.Tensor, Batch]:
    """Play a step on `state`; return its statistics (`OF_D`, then `OF_G`) and what it is made from.

    Without `draws` the game draws for itself, and torch's optimizers compute as they do eagerly.
    `weight` is that of the average's next update; without it D's turn alone is played.
    """
    lent, listening = _drawing_from(game, draws)
    lent.config = _tuned_config(game.config, settings)
    lent.mean, lent.std = settings["mean"], settings["std"]
    lent.discriminator = Lent(game.discriminator, state["d"])
    lent.generator = Lent(game.generator, state["g"])
    move = _move if draws is None else _move_recorded

    def turn(side: str) -> Descend:
        network = lent.discriminator if side == "d" else lent.generator
        optimizer = getattr(game.config, f"optimizer_{side}")

        def descend(objective: torch.Tensor) -> tuple[torch.Tensor, ...]:
            weights = list(network.parameters())
            gradients = torch.autograd.grad(objective, weights)
            move(optimizer, weights, gradients, state[side]["moments"], settings[f"lr_{side}"])
            return gradients

        return descend

    with listening:
        of_d = turn_of_d(lent, turn("d"))
        found = statistics_of_d(lent, of_d)
        if weight is not None:
            of_g = turn_of_g(lent, turn("g"), of_d.batch)
            found |= statistics_of_g(lent, of_g)
            sources = [*lent.generator.parameters(), *state["g"]["buffers"].values()]
            if state["average"]:
                take_in(state["average"], [source.detach() for source in sources], weight)
    return torch.stack(list(found.values())), of_d.batch


def _drawing_from(
    game: Game, draws: Sequence[torch.Tensor] | None
) -> tuple[Game, AbstractContextManager[Any]]:
    """Return a game that shares all with another, and a context in which it gets `draws`."""
    if draws is None:
        return copy.copy(game), nullcontext()
    left = iter(draws)

    def deal(kind: str, make: Make) -> tuple[torch.Tensor, ...]:
        count = 2 if kind == "real" and game.classes else 1
        return tuple(next(left) for _ in range(count))

    return Taped(game, deal), Listening(deal)


def _move(
    optimizer: Optimizer,
    weights: list[torch.Tensor],
    gradients: Sequence[torch.Tensor],
    moments: list[dict[str, torch.Tensor]],
    rate: torch.Tensor,
) -> None:
    """Take a step of torch's own optimizer on moments that are handed to it."""
    taken = optimizer.build_captured(weights, rate)
    for weight, gradient, memory in zip(weights, gradients, moments, strict=True):
        weight.grad = gradient
        taken.state[weight] = memory
    taken.step()
    for weight in weights:
        weight.grad = None


def _move_recorded(
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
        for name in tunable(component):
            object.__setattr__(component, name, settings[f"{part}.{name}"])
        object.__setattr__(tuned, part, component)
    return tuned
