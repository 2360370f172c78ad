"""What learns in a game: two optimizers, and the average of G that is displayed."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from gan_core.config import ExperimentConfig
from gan_core.optimizers import Optimizer
from gan_core.training.ema import EMA, params_and_buffers
from gan_core.training.gan import GAN


class NetworkOptimizer:
    """A network and the optimizer that moves its weights."""

    def __init__(self, network: nn.Module, settings: Optimizer) -> None:
        self.network = network
        self.parameters = list(network.parameters())
        self.weights = [parameter.detach() for parameter in self.parameters]
        """The same numbers, for those who want no gradients."""
        self.set_optimizer(settings)

    def set_optimizer(self, settings: Optimizer) -> None:
        """Begin with another optimizer, whose moments are empty."""
        self.optimizer = settings.build(self.parameters)
        self._apply_gradients = settings.fast_step(self.optimizer)

    def step(self, objective: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Take one step; return the gradient, a tensor a weight.

        It is asked for this network's weights only, so the other one gets none.
        """
        gradients = torch.autograd.grad(objective, self.parameters)
        self._apply_gradients(gradients)
        return gradients

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
        """What stays the same as long as all tensors stay the same ones."""
        return self._changes, len(self.d.state_tensors()), len(self.g.state_tensors())

    def apply_config(self, old: ExperimentConfig, new: ExperimentConfig) -> None:
        """Take over changed settings; moments stay where the kind of optimizer does."""
        self._changes += 1
        for learner, name in ((self.d, "optimizer_d"), (self.g, "optimizer_g")):
            settings = getattr(new, name)
            if settings.name != getattr(old, name).name:
                learner.set_optimizer(settings)
            else:
                settings.update_param_groups(learner.optimizer)
        if new.ema_decay != old.ema_decay:
            if self.ema is None or not new.ema_decay:
                self.ema = self._new_ema(new)
            else:
                self.ema.decay = new.ema_decay

    def tensors(self) -> list[torch.Tensor]:
        """Return all that training changes, not copied: what stands still is the tensors."""
        found = [] if self.ema is None else params_and_buffers(self.ema.network)
        for learner in (self.d, self.g):
            found += [*params_and_buffers(learner.network), *learner.state_tensors()]
        return found

    def state_dict(self) -> dict[str, Any]:
        """Return the state of all, not copied."""
        return {
            "generator": self.g.network.state_dict(),
            "discriminator": self.d.network.state_dict(),
            "ema": None if self.ema is None else self.ema.network.state_dict(),
            "optimizer_g": self.g.optimizer.state_dict(),
            "optimizer_d": self.d.optimizer.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to a state; its tensors become the learners' own."""
        self._changes += 1
        self.g.load(state["generator"], state["optimizer_g"])
        self.d.load(state["discriminator"], state["optimizer_d"])
        if self.ema is not None:
            self.ema.network.load_state_dict(state["ema"])


class LastGoodState:
    """A copy of all that training changes, brought up to date and back again in two calls."""

    def __init__(self, optimizers: OptimizerPair) -> None:
        self._stamp = optimizers.version
        self._live = optimizers.tensors()
        self._copies = [tensor.clone() for tensor in self._live]

    @torch.no_grad()
    def update(self, optimizers: OptimizerPair) -> bool:
        """Copy everything anew; False if there are other tensors now, and a new backup is due."""
        if optimizers.version != self._stamp:
            return False
        torch._foreach_copy_(self._copies, self._live)
        return True

    @torch.no_grad()
    def restore(self, optimizers: OptimizerPair) -> None:
        """Make everything as it was; an optimizer that had no moments yet has none again."""
        for learner, had_moments in zip((optimizers.d, optimizers.g), self._stamp[1:], strict=True):
            if not had_moments:
                learner.optimizer.state.clear()
        torch._foreach_copy_(self._live, self._copies)
