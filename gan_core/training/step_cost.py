"""How much arithmetic a step is, and how much memory it needs while it lasts."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from gan_core.config import ExperimentConfig
from gan_core.training.algorithm import discriminator_loss, generator_loss
from gan_core.training.gan import GAN

SAMPLES = 8
"""The batch on which it is counted; the counts grow in proportion."""

CONVOLUTION_OVERHEAD = 0.6
"""Measured need of oneDNN's convolutions for rearranged copies, as a share of the tensors."""


@dataclass(frozen=True, eq=False)
class StepMemory:
    """The memory that a step needs while it lasts, beside weights, moments and data.

    After each of the step's operations `fixed + per_sample * batch_size` bytes are held.
    """

    fixed: np.ndarray
    per_sample: np.ndarray

    def bytes(self, batch_size: int) -> float:
        """Return the bytes that a step on such a batch holds at most."""
        return float((self.fixed + self.per_sample * batch_size).max())

    def max_samples(self, room: float) -> int:
        """Return the largest batch whose step holds at most `room` bytes; 0 if there is none."""
        if self.fixed.max() > room:
            return 0
        grows = self.per_sample > 0
        return int(((room - self.fixed[grows]) / self.per_sample[grows]).min())


class FlopMemoryCounter(TorchDispatchMode):
    """Adds up what torch's own formulas say of each call, and the bytes of what it makes.

    Every tensor that was made is followed to its end, those that a graph keeps included; `held` has
    the bytes there are after each call. (torch's FlopCounterMode also follows the layers, which
    `autograd.grad` does not allow.)
    """

    def __init__(self, known: Iterable[torch.Tensor] = ()) -> None:
        super().__init__()
        self.total = 0.0
        self.held: list[int] = []
        self._now = 0
        self._known = {tensor.untyped_storage()._cdata for tensor in known}
        self._followed: dict[int, weakref.ref[Any]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        formula = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self.total += formula(*args, **kwargs, out_val=out)
        for tensor in tree_leaves(out):
            if isinstance(tensor, torch.Tensor):
                self._follow(tensor.untyped_storage())
        self.held.append(self._now)
        return out

    def _follow(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self._known or key in self._followed:
            return
        size = storage.nbytes()

        def end(_: Any) -> None:
            self._followed.pop(key, None)
            self._now -= size

        self._followed[key] = weakref.ref(storage, end)
        self._now += size


def step_flops(gan: GAN) -> float:
    """Return the floating point operations of a step: `n_critic` updates of D and one of G.

    Matrix products and convolutions are counted, a multiplication and an addition as two, in
    updates without side effects.
    """
    samples = min(SAMPLES, gan.config.batch_size)
    of_d, of_g, _ = _play(gan, gan.config.replace(batch_size=samples))
    return gan.config.batch_size / samples * (gan.config.n_critic * of_d + of_g)


def step_memory(gan: GAN, config: ExperimentConfig) -> StepMemory:
    """Return the memory that a step of `config` needs, estimated from steps on two small batches.

    `config` is the GAN's own, or one to which the run may change.

    torch's tensors are counted exactly; the additional need of convolutions is estimated as
    `CONVOLUTION_OVERHEAD` of that. Measured peaks of the resident memory lay between 0.5 and 2
    times the estimate (tests/training/test_memory_check.py).
    """
    smallest = max(
        network.smallest_batch
        for network in (config.architecture.generator, config.architecture.discriminator)
    )
    few = max(SAMPLES // 2, smallest)
    once, twice = (_play(gan, config.replace(batch_size=samples))[2] for samples in (few, 2 * few))
    calls = min(len(once), len(twice))  # the same ones, unless torch chose otherwise for its size
    once, twice = np.array(once[:calls], float), np.array(twice[:calls], float)
    has_pixels = len(config.dataset.sample_shape) == 3
    room = 1.0 + CONVOLUTION_OVERHEAD * has_pixels
    slope = (twice - once) / few
    return StepMemory(room * (once - few * slope), room * slope)


def _play(gan: GAN, config: ExperimentConfig) -> tuple[float, float, list[int]]:
    """Return the operations of D's and of G's update, and the bytes held after each call."""
    small = gan.replace(config=config)
    of_d, of_g = list(gan.discriminator.parameters()), list(gan.generator.parameters())
    counting = FlopMemoryCounter([*of_d, *of_g])
    with small.no_side_effects():
        with counting:
            batch = small.sample_batch()
            torch.autograd.grad(discriminator_loss(small, batch).total, of_d)
        operations = counting.total
        with counting:
            batch = small.generator_batch(batch)
            torch.autograd.grad(generator_loss(small, batch).total, of_g)
    return operations, counting.total - operations, counting.held
