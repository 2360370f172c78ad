"""Long work in small pieces, so that a page can do something else, or stop, between two of them."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple, TypeVar

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

SLICE_FLOPS = 1.2e9
"""Floating-point operations of one piece: 10 to 40 ms on one core."""

T = TypeVar("T")


class Slice(NamedTuple):
    """A piece that is done: how much of the work is done with it, and what was worked on."""

    share: float
    words: str


Slices = Generator[Slice, None, T]
"""Work that yields after every piece and returns its result; dropping it half-way leaves nothing.

Pieces are cut by their number of operations and not by the clock, so the same work is always cut
in the same way and gives the same numbers.
"""


def finish(work: Slices[T]) -> T:
    """Do all of the work at once and return its result."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            return done.value


def within(work: Slices[T], low: float, high: float) -> Slices[T]:
    """Do work that is the part from `low` to `high` of something longer."""
    while True:
        try:
            share, words = next(work)
        except StopIteration as done:
            return done.value
        yield Slice(low + (high - low) * share, words)


def chunk_size(network: nn.Module, *one: torch.Tensor, flops: float = SLICE_FLOPS) -> int:
    """Return how many inputs like `one` (a batch of a single one) fit into a piece."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(*one)
    return int(max(1, flops // max(1, counter.get_total_flops())))
