"""The random numbers of a step: noted once how each is drawn, then drawn ahead of every step.

A recorded step cannot call a generator. What it needs is therefore drawn before it begins, by the
same calls in the same order, so that every engine uses up the run's streams alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from gan_core.shapes import Classes, Latents, Samples
from gan_core.training.gan import GAN

DrawFn = Callable[[], tuple[torch.Tensor, ...]]
"""Draws once and returns what comes of it."""

DrawHandler = Callable[[str, DrawFn], tuple[torch.Tensor, ...]]
"""Is told what is wanted (`real`, `noise` or a `call`) and how it is drawn; returns it."""


@dataclass
class RandomDraws:
    """How the numbers of D's turn, and of G's, are drawn, in their order."""

    of_d: list[DrawFn] = field(default_factory=list)
    of_g: list[DrawFn] = field(default_factory=list)
    z: int = 0
    """The place of the noise among the numbers of D's turn."""
    labels: int | None = None
    """The place of the classes among them, if the networks are told them."""

    def draw_d(self) -> list[torch.Tensor]:
        """Draw what an update of D needs."""
        return [number for make in self.of_d for number in make()]

    def draw_g(self) -> list[torch.Tensor]:
        """Draw what an update of G on the same batch needs."""
        return [number for make in self.of_g for number in make()]


class PredrawnGAN(GAN):
    """A game, sharing all with another, that asks `deal` for its real samples and its noise."""

    def __init__(self, gan: GAN, deal: DrawHandler) -> None:
        self.__dict__.update(gan.__dict__)
        self._gan, self._deal = gan, deal

    def sample_real(self, n: int) -> tuple[Samples, Classes | None]:
        dealt = self._deal(
            "real", lambda: tuple(x for x in self._gan.sample_real(n) if x is not None)
        )
        return dealt if len(dealt) == 2 else (dealt[0], None)

    def sample_noise(self, n: int, stream: str = "train") -> Latents:
        return self._deal("noise", lambda: (self._gan.sample_noise(n, stream),))[0]


class RandomOpHook(TorchDispatchMode):
    """Hands every call that draws from a generator to `deal`, in place of making it."""

    def __init__(self, deal: DrawHandler) -> None:
        super().__init__()
        self._deal = deal

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if kwargs.get("generator") is None:
            return func(*args, **kwargs)
        if not func._schema.is_mutable:
            return self._deal("call", lambda: (func(*args, **kwargs),))[0]
        filled, rest = args[0], args[1:]
        like = partial(
            torch.empty_strided,
            tuple(filled.shape),
            filled.stride(),
            dtype=filled.dtype,
            device=filled.device,
        )
        (drawn,) = self._deal("call", lambda: (func(like(), *rest, **kwargs),))
        return torch.ops.aten.copy_.default(filled, drawn)


def record_draws(gan: GAN) -> RandomDraws:
    """Play a step that leaves no trace, and note how its random numbers are drawn."""
    random_draws, inside, drawn = RandomDraws(), False, 0
    notes = random_draws.of_d

    def deal(kind: str, make: DrawFn) -> tuple[torch.Tensor, ...]:
        nonlocal inside, drawn
        if inside:  # a call to a generator within what is noted as a whole
            return make()
        inside = True
        numbers = make()
        inside = False
        if notes is random_draws.of_d:
            if kind == "noise":
                random_draws.z = drawn
            elif kind == "real" and len(numbers) == 2:
                random_draws.labels = drawn + 1
        notes.append(make)
        drawn += len(numbers)
        return numbers

    taped = PredrawnGAN(gan, deal)
    with gan.no_side_effects(), RandomOpHook(deal):
        batch = taped.sample_batch()
        taped.discriminator_loss(batch)
        notes = random_draws.of_g
        taped.generator_loss(batch)
    return random_draws
