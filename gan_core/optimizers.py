"""Optimizers, one for D and one for G, whose settings may change while they run."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from gan_core.registry import Component, Registry, knob

OPTIMIZERS = Registry("optimizer")

TRACEABLE = {"lr": 1.0, "foreach": False, "differentiable": True}
"""Options with which torch's optimizers use only plain, traceable tensor operations."""

StepFn = Callable[[Sequence[torch.Tensor]], None]
"""Function that updates an optimizer's weights from the gradients, one tensor per weight."""


def lr_knob(default: float) -> Any:
    return knob(
        default, low=1e-6, high=100.0, log=True, label="learning rate", help="How far a step moves."
    )


@dataclass(frozen=True)
class Optimizer(Component):
    """An optimizer: how gradients change weights."""

    @abstractmethod
    def build(
        self, parameters: Iterable[torch.Tensor], recorded: bool = False
    ) -> torch.optim.Optimizer:
        """Return a new torch optimizer over `parameters`.

        A `recorded` one has a learning rate of 1 and uses only plain tensor operations.
        """

    @abstractmethod
    def param_group(self) -> dict[str, Any]:
        """Return the knobs as entries of a torch parameter group."""

    def build_capturable(
        self, weights: Sequence[torch.Tensor], rate: torch.Tensor
    ) -> torch.optim.Optimizer:
        """Build as `build` does, with the learning rate in a tensor on the device of the weights.

        A CUDA graph uses the learning rate that the tensor holds at each replay. torch must know
        of a capture in advance, and warns about optimizers that are marked and not captured.
        """
        optimizer = self.build(weights)
        capturing = rate.is_cuda and torch.cuda.is_current_stream_capturing()
        for group in optimizer.param_groups:
            group["lr"] = rate
            if "capturable" in group:
                group["capturable"] = capturing
        return optimizer

    def update_param_groups(self, optimizer: torch.optim.Optimizer) -> None:
        """Change the settings of an optimizer during a run; its moments stay."""
        for group in optimizer.param_groups:
            group.update(self.param_group())

    def fast_step(self, optimizer: torch.optim.Optimizer) -> StepFn:
        """Return the fastest step function of an `optimizer` from `build`."""
        return partial(apply_gradients, optimizer)


def apply_gradients(optimizer: torch.optim.Optimizer, gradients: Sequence[torch.Tensor]) -> None:
    """Set the gradients and call `optimizer.step`, the documented way."""
    for parameter, gradient in zip(_weights(optimizer), gradients, strict=True):
        parameter.grad = gradient
    optimizer.step()


def _weights(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    return optimizer.param_groups[0]["params"]


@OPTIMIZERS.register(
    "adam",
    title="Adam",
    paper="Kingma & Ba 2015, arXiv:1412.6980",
    equation=r"m\leftarrow\beta_1m+(1-\beta_1)\,g \\ v\leftarrow\beta_2v+(1-\beta_2)\,g^2"
    r" \\ w\leftarrow w-\eta\,\frac{m/(1-\beta_1^t)}{\sqrt{v/(1-\beta_2^t)}+\epsilon}",
)
@dataclass(frozen=True)
class Adam(Optimizer):
    """Steps scaled by running means of the gradient (β₁) and of its square (β₂)."""

    lr: float = lr_knob(3e-3)
    beta1: float = knob(
        0.0, low=0.0, high=0.999, label="β₁", help="Memory of the gradient; GANs like 0–0.5."
    )
    beta2: float = knob(
        0.9, low=0.0, high=0.9999, label="β₂", help="Memory of the squared gradient."
    )

    def param_group(self):
        return {"lr": self.lr, "betas": (self.beta1, self.beta2)}

    def build(self, parameters, recorded=False):
        how = TRACEABLE if recorded else {"fused": True}
        return torch.optim.Adam(parameters, **self.param_group() | how)

    def fast_step(self, optimizer):
        return (
            FusedAdam(optimizer) if hasattr(torch, "_fused_adam_") else super().fast_step(optimizer)
        )


class FusedAdam:
    """Calls the function inside torch's fused Adam directly, without its Python overhead.

    The overhead takes longer than a whole small network. The function is not public, so its
    existence is checked first. The first step, which creates the moments, uses the public way.
    """

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._optimizer = optimizer
        self._state: list[list[torch.Tensor]] = []
        self._first: torch.Tensor | None = None

    @torch.no_grad()
    def __call__(self, gradients: Sequence[torch.Tensor]) -> None:
        group, state = self._optimizer.param_groups[0], self._optimizer.state
        weights = group["params"]
        if not state:
            apply_gradients(self._optimizer, gradients)
            return
        if self._first is not state[weights[0]]["step"]:  # a state was loaded
            names = ("exp_avg", "exp_avg_sq", "step")
            self._state = [[state[weight][name] for weight in weights] for name in names]
            self._first = state[weights[0]]["step"]
        means, squares, steps = self._state
        torch._foreach_add_(steps, 1)
        beta1, beta2 = group["betas"]
        torch._fused_adam_(
            weights,
            gradients,
            means,
            squares,
            [],
            steps,
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=group["amsgrad"],
            maximize=group["maximize"],
        )


@OPTIMIZERS.register(
    "sgd",
    title="SGD",
    paper="Robbins & Monro 1951",
    equation=r"m\leftarrow\mu\,m+g \\ w\leftarrow w-\eta\,m \\ \mu=\texttt{momentum}",
)
@dataclass(frozen=True)
class SGD(Optimizer):
    """Plain gradient steps, with momentum if asked for."""

    lr: float = lr_knob(0.05)
    momentum: float = knob(0.0, low=0.0, high=0.99, help="Share of the last step that is kept.")

    def param_group(self):
        return {"lr": self.lr, "momentum": self.momentum}

    def build(self, parameters, recorded=False):
        how = TRACEABLE if recorded else {"fused": True}
        return torch.optim.SGD(parameters, **self.param_group() | how)


@OPTIMIZERS.register(
    "rmsprop",
    title="RMSprop",
    paper="Hinton 2012, Coursera lecture 6e",
    equation=r"v\leftarrow\alpha\,v+(1-\alpha)\,g^2"
    r" \\ w\leftarrow w-\eta\,\frac{g}{\sqrt v+\epsilon}",
)
@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Steps scaled by a running mean of the squared gradient; the first WGAN's choice."""

    lr: float = lr_knob(5e-5)
    alpha: float = knob(0.99, low=0.0, high=0.9999, help="Memory of the squared gradient.")

    def param_group(self):
        return {"lr": self.lr, "alpha": self.alpha}

    def build(self, parameters, recorded=False):
        return torch.optim.RMSprop(
            parameters, **self.param_group() | (TRACEABLE if recorded else {})
        )
