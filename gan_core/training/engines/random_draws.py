"""The random numbers of a step: how each is drawn is recorded once, by a step without side effects.

A compiled step cannot call a random generator. All of its numbers are therefore drawn before it
begins, by the same calls in the same order, so that every engine uses the run's random streams
alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from gan_core.shapes import Classes, Latents, Samples
from gan_core.training.algorithm import discriminator_loss, generator_loss
from gan_core.training.gan import GAN

DrawFn = Callable[[], tuple[torch.Tensor, ...]]
"""Makes one draw and returns its tensors."""

DrawHandler = Callable[[str, DrawFn], tuple[torch.Tensor, ...]]
"""Returns the tensors of a draw, given its kind (`real`, `noise` or `call`) and how it is made."""


@dataclass
class RandomDraws:
    """The draws of an update of D and of one of G, in their order."""

    of_d: list[DrawFn] = field(default_factory=list)
    of_g: list[DrawFn] = field(default_factory=list)
    z: int = 0
    """The index of the noise among the tensors of `draw_d`."""
    labels: int | None = None
    """The index of the classes among them, if the networks are conditional."""

    def draw_d(self) -> list[torch.Tensor]:
        """Draw the numbers of an update of D."""
        return [number for make in self.of_d for number in make()]

    def draw_g(self) -> list[torch.Tensor]:
        """Draw the numbers of an update of G on the same batch."""
        return [number for make in self.of_g for number in make()]


class PredrawnGAN(GAN):
    """A GAN that shares everything with another, but gets real samples and noise from `deal`."""

    def __init__(self, gan: GAN, deal: DrawHandler) -> None:
        self.share(gan)
        self._gan, self._deal = gan, deal

    def sample_real(self, n: int) -> tuple[Samples, Classes | None]:
        dealt = self._deal(
            "real", lambda: tuple(x for x in self._gan.sample_real(n) if x is not None)
        )
        return dealt if len(dealt) == 2 else (dealt[0], None)

    def sample_noise(self, n: int, stream: str = "train") -> Latents:
        return self._deal("noise", lambda: (self._gan.sample_noise(n, stream),))[0]


class RandomOpHook(TorchDispatchMode):
    """Passes every operation that draws from a generator to `deal` instead of executing it."""

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
    """Record how a step draws its random numbers, without side effects."""
    random_draws, inside, drawn = RandomDraws(), False, 0
    draws = random_draws.of_d

    def deal(kind: str, make: DrawFn) -> tuple[torch.Tensor, ...]:
        nonlocal inside, drawn
        if inside:  # a call to a generator within a draw that is recorded as a whole
            return make()
        inside = True
        numbers = make()
        inside = False
        if draws is random_draws.of_d:
            if kind == "noise":
                random_draws.z = drawn
            elif kind == "real" and len(numbers) == 2:
                random_draws.labels = drawn + 1
        draws.append(make)
        drawn += len(numbers)
        return numbers

    recording = PredrawnGAN(gan, deal)
    with gan.no_side_effects(), RandomOpHook(deal):
        batch = recording.sample_batch()
        discriminator_loss(recording, batch)
        draws = random_draws.of_g
        generator_loss(recording, batch)
    return random_draws
