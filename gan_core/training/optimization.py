"""The optimizers of both networks, and the average of G that is displayed."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from gan_core.config import ExperimentConfig
from gan_core.optimizers import Optimizer, StepFn
from gan_core.training.ema import EMA, params_and_buffers
from gan_core.training.gan import GAN


class NetworkOptimizer:
    """A network and the optimizer that moves its weights."""

    def __init__(self, network: nn.Module, settings: Optimizer) -> None:
        self.network = network
        self.parameters = list(network.parameters())
        self.weights = [parameter.detach() for parameter in self.parameters]
        """The same tensors without gradients."""
        self.set_optimizer(settings)

    def set_optimizer(self, settings: Optimizer) -> None:
        """Use another optimizer, with an empty state."""
        self.optimizer = settings.build(self.parameters)
        self.apply_gradients: StepFn = settings.fast_step(self.optimizer)
        """Takes one step, given the gradient for each parameter."""

    def load(self, network: dict[str, Any], optimizer: dict[str, Any]) -> None:
        self.network.load_state_dict(network)
        self.optimizer.load_state_dict(optimizer)
        self._match_strides()

    def _match_strides(self) -> None:
        """Let moments lie in memory as their weights do; a file knows one order only.

        A fused optimizer goes through both side by side: it would take another weight's moment.
        """
        for parameter, weight in zip(self.parameters, self.weights, strict=True):
            state = self.optimizer.state.get(parameter, {})
            for name, kept in state.items():
                if isinstance(kept, torch.Tensor) and kept.shape == weight.shape:
                    state[name] = torch.empty_like(weight, dtype=kept.dtype).copy_(kept)

    def init_state(self) -> None:
        """Let the optimizer make its moments, empty ones, unless it has some.

        All of them lie beside the weights: torch keeps RMSprop's count of steps on the CPU, where
        a CUDA graph does not reach.
        """
        if not any(self.optimizer.state.values()):  # SGD may have been given a momentum since
            self._init_empty_state()
        for parameter in self.parameters:
            state = self.optimizer.state.get(parameter, {})
            for name, kept in state.items():
                if kept is not None and kept.device != parameter.device:
                    state[name] = kept.to(parameter.device)

    @torch.no_grad()
    def _init_empty_state(self) -> None:
        rates = [group["lr"] for group in self.optimizer.param_groups]
        before = [parameter.clone() for parameter in self.parameters]
        for group in self.optimizer.param_groups:
            group["lr"] = 0.0
        for parameter in self.parameters:
            parameter.grad = torch.zeros_like(parameter)
        self.optimizer.step()
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        for parameter, old in zip(self.parameters, before, strict=True):
            parameter.grad = None
            parameter.copy_(old)
        for moments in self.state_tensors():
            moments.zero_()

    def state_tensors(self) -> list[torch.Tensor]:
        """Return what the optimizer remembers, in an order that depends on its kind alone."""
        states = [self.optimizer.state.get(parameter, {}) for parameter in self.parameters]
        return [
            state[name] for state in states for name in sorted(state) if state[name] is not None
        ]


class OptimizerPair:
    """D's and G's optimizers, and the average of G, if one is kept."""

    def __init__(self, gan: GAN) -> None:
        self.gan = gan
        self._changes = 0
        self.d = NetworkOptimizer(gan.discriminator, gan.config.optimizer_d)
        self.g = NetworkOptimizer(gan.generator, gan.config.optimizer_g)
        self.ema = self._new_ema(gan.config)

    def _new_ema(self, config: ExperimentConfig) -> EMA | None:
        decay = config.ema_decay
        return EMA(self.gan.generator, decay) if decay else None

    @property
    def version(self) -> tuple[int, ...]:
        """The version of the tensors: changes when a parameter, buffer or optimizer tensor is
        replaced.
        """
        return self._changes, len(self.d.state_tensors()), len(self.g.state_tensors())

    def apply_config(self, old: ExperimentConfig, new: ExperimentConfig) -> None:
        """Apply changed settings; the optimizer state stays where the kind of optimizer does."""
        self._changes += 1
        for optimizer_, name in ((self.d, "optimizer_d"), (self.g, "optimizer_g")):
            settings = getattr(new, name)
            if settings.name != getattr(old, name).name:
                optimizer_.set_optimizer(settings)
            else:
                settings.update_param_groups(optimizer_.optimizer)
        if new.ema_decay != old.ema_decay:
            if self.ema is None or not new.ema_decay:
                self.ema = self._new_ema(new)
            else:
                self.ema.decay = new.ema_decay

    def update_ema(self, step: int) -> None:
        """Update the average of G after `step`, counted from 1."""
        if self.ema is not None:
            self.ema.update(step)

    def tensors(self) -> list[torch.Tensor]:
        """Return all tensors that training changes (the tensors themselves, not copies)."""
        found = [] if self.ema is None else params_and_buffers(self.ema.network)
        for optimizer_ in (self.d, self.g):
            found += [*params_and_buffers(optimizer_.network), *optimizer_.state_tensors()]
        return found

    def state_dict(self) -> dict[str, Any]:
        """Return the state of networks, average and optimizers, not copied."""
        return {
            "generator": self.g.network.state_dict(),
            "discriminator": self.d.network.state_dict(),
            "ema": None if self.ema is None else self.ema.network.state_dict(),
            "optimizer_g": self.g.optimizer.state_dict(),
            "optimizer_d": self.d.optimizer.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load a state; its tensors become the run's own."""
        self._changes += 1
        self.g.load(state["generator"], state["optimizer_g"])
        self.d.load(state["discriminator"], state["optimizer_d"])
        if self.ema is not None:
            self.ema.network.load_state_dict(state["ema"])
