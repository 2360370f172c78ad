"""Long work in small pieces, so that a page can do something else, or stop, between two of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from typing import Generic, NamedTuple, TypeVar

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

SLICE_FLOPS = 1.2e9
"""Floating-point operations of one piece: 10 to 40 ms on one core."""

T = TypeVar("T")


class ProgressReport(NamedTuple):
    """A piece that is done: how much of the work is done with it, and what was worked on."""

    fraction: float
    message: str


Task = Generator[ProgressReport, None, T]
"""Work that yields after every piece and returns its result; dropping it half-way leaves nothing.

Pieces are cut by their number of operations and not by the clock, so the same work is always cut
in the same way and gives the same numbers.
"""


def run_to_end(
    work: Task[T], progress: Callable[[float, str], None] = lambda fraction, message: None
) -> T:
    """Do all of the work at once and return its result; `progress` is called after every slice."""
    while True:
        try:
            progress(*next(work))
        except StopIteration as done:
            return done.value


def subtask(work: Task[T], low: float, high: float) -> Task[T]:
    """Do work that is the part from `low` to `high` of something longer."""
    while True:
        try:
            share, words = next(work)
        except StopIteration as done:
            return done.value
        yield ProgressReport(low + (high - low) * share, words)


def chunk_size(network: nn.Module, *one: torch.Tensor, flops: float = SLICE_FLOPS) -> int:
    """Return how many inputs like `one` (a batch of a single one) fit into a piece."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(*one)
    return int(max(1, flops // max(1, counter.get_total_flops())))


class SlicedTask(Generic[T]):
    """Slices that are taken when there is time for them; `done` is called with their result.

    A `ValueError` ends the job; its sentence stands in `error`.
    """

    def __init__(self, work: Task[T], done: Callable[[T], None]) -> None:
        self._work = work
        self._done = done
        self._lock = threading.Lock()
        self.fraction, self.message = 0.0, ""
        self.active = True
        self.error: str | None = None

    def work(self, seconds: float) -> None:
        """Take slices for about `seconds`, at least one; none if another thread does so now."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._take(time.perf_counter() + seconds)
        finally:
            self._lock.release()

    def _take(self, deadline: float) -> None:
        while self.active:
            try:
                self.fraction, self.message = next(self._work)
            except StopIteration as finished:
                self.active = False
                self._done(finished.value)
            except ValueError as error:
                self.active = False
                self.error = str(error)
            if time.perf_counter() >= deadline:
                break
