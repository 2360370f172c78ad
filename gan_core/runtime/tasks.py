"""Long work cut into small pieces; between two of them a page can draw, or stop the work."""

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
    """Report after a piece of work: the fraction of the work that is done, and its description."""

    fraction: float
    message: str


Task = Generator[ProgressReport, None, T]
"""Generator that yields after every piece of work and returns the result; it may be abandoned.

Pieces are cut by their number of operations and not by time, so the same work is always cut in the
same way and gives the same numbers.
"""


def run_to_end(
    work: Task[T], progress: Callable[[float, str], None] = lambda fraction, message: None
) -> T:
    """Do all of the work and return its result; `progress` is called after every piece."""
    while True:
        try:
            progress(*next(work))
        except StopIteration as done:
            return done.value


def subtask(work: Task[T], low: float, high: float) -> Task[T]:
    """Do work that is a part of a longer one: the fractions from `low` to `high` of it."""
    while True:
        try:
            share, words = next(work)
        except StopIteration as done:
            return done.value
        yield ProgressReport(low + (high - low) * share, words)


def chunk_size(network: nn.Module, *one: torch.Tensor, flops: float = SLICE_FLOPS) -> int:
    """Return the number of inputs per piece; `one` is a batch that holds a single input."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(*one)
    return int(max(1, flops // max(1, counter.get_total_flops())))


class SlicedTask(Generic[T]):
    """A task that is worked on in slices of time; at the end `done` is called with its result.

    A `ValueError` ends the task; its sentence is then in `error`.
    """

    def __init__(self, work: Task[T], done: Callable[[T], None]) -> None:
        self._work = work
        self._done = done
        self._lock = threading.Lock()
        self.fraction, self.message = 0.0, ""
        self.active = True
        self.error: str | None = None

    def work(self, seconds: float) -> None:
        """Do pieces for about `seconds`, at least one; none if another thread is doing so."""
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
