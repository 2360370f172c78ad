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
from gan_core.training.gan import Game

Make = Callable[[], tuple[torch.Tensor, ...]]
"""Draws once and returns what comes of it."""

Deal = Callable[[str, Make], tuple[torch.Tensor, ...]]
"""Is told what is wanted (`real`, `noise` or a `call`) and how it is drawn; returns it."""


@dataclass
class Tape:
    """How the numbers of D's turn, and of G's, are drawn, in their order."""

    of_d: list[Make] = field(default_factory=list)
    of_g: list[Make] = field(default_factory=list)
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


class Taped(Game):
    """A game, sharing all with another, that asks `deal` for its real samples and its noise."""

    def __init__(self, game: Game, deal: Deal) -> None:
        self.__dict__.update(game.__dict__)
        self._game, self._deal = game, deal

    def real(self, n: int) -> tuple[Samples, Classes | None]:
        dealt = self._deal("real", lambda: tuple(x for x in self._game.real(n) if x is not None))
        return dealt if len(dealt) == 2 else (dealt[0], None)

    def noise(self, n: int, stream: str = "train") -> Latents:
        return self._deal("noise", lambda: (self._game.noise(n, stream),))[0]


class Listening(TorchDispatchMode):
    """Hands every call that draws from a generator to `deal`, in place of making it."""

    def __init__(self, deal: Deal) -> None:
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


def tape_of(game: Game) -> Tape:
    """Play a step that leaves no trace, and note how its random numbers are drawn."""
    tape, inside, drawn = Tape(), False, 0
    notes = tape.of_d

    def deal(kind: str, make: Make) -> tuple[torch.Tensor, ...]:
        nonlocal inside, drawn
        if inside:  # a call to a generator within what is noted as a whole
            return make()
        inside = True
        numbers = make()
        inside = False
        if notes is tape.of_d:
            if kind == "noise":
                tape.z = drawn
            elif kind == "real" and len(numbers) == 2:
                tape.labels = drawn + 1
        notes.append(make)
        drawn += len(numbers)
        return numbers

    taped = Taped(game, deal)
    with game.unseen(), Listening(deal):
        batch = taped.draw()
        taped.bill_of_d(batch)
        notes = tape.of_g
        taped.bill_of_g(batch)
    return tape
