"""How much arithmetic a step is."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from gan_core.game import Game

SAMPLES = 8
"""The batch on which it is counted; the count grows in proportion."""


class Counting(TorchDispatchMode):
    """Adds up what torch's own formulas say of each call.

    (torch's FlopCounterMode also follows the layers, which `autograd.grad` does not allow.)
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0.0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        formula = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self.total += formula(*args, **kwargs, out_val=out)
        return out


def operations_of_step(game: Game) -> tuple[float, float]:
    """Return the floating point operations of an update of D and of one of G.

    Counted are matrix products and convolutions, a multiplication and an addition as two, in a
    play that leaves no trace.
    """
    small = copy.copy(game)
    samples = min(SAMPLES, game.config.batch_size)
    small.config = game.config.with_(batch_size=samples)
    with small.unseen():
        with Counting() as of_d:
            batch = small.draw()
            objective = small.bill_of_d(batch).objective
            torch.autograd.grad(objective, list(game.discriminator.parameters()))
        with Counting() as of_g:
            objective = small.bill_of_g(batch).objective
            torch.autograd.grad(objective, list(game.generator.parameters()))
    scale = game.config.batch_size / samples
    return scale * of_d.total, scale * of_g.total
