"""The statistics of every single step that no file holds yet."""

from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple

import numpy as np

MAX_UNWRITTEN = 2**20
"""Steps, 32 MiB; of more the oldest are dropped, which happens only if nothing can be written."""


class Steps(NamedTuple):
    """Ascending steps, shape (n,), and their statistics, shape (n, columns), single precision."""

    step: np.ndarray
    table: np.ndarray

    def between(self, first: int, last: int) -> Steps:
        """Return the rows from step `first` to `last`, both included."""
        place = slice(*np.searchsorted(self.step, [first, last + 1]))
        return Steps(self.step[place], self.table[place])


class Unwritten(NamedTuple):
    """What a file lacks: it must first drop all later steps than each of `cuts`."""

    cuts: tuple[int, ...]
    parts: tuple[Steps, ...]


class StepLog:
    """Collects steps until they are written; several threads may use it."""

    def __init__(self) -> None:
        self._cuts: list[int] = []
        self._parts: deque[Steps] = deque()
        self._n = 0
        """The number of steps in all parts."""
        self._lock = threading.Lock()

    def extend(self, steps: np.ndarray, table: np.ndarray) -> None:
        """Add rows of steps, which follow those that are there."""
        with self._lock:
            if len(steps):
                self._parts.append(Steps(steps, table))
                self._n += len(steps)
            while self._n > MAX_UNWRITTEN:
                self._n -= len(self._parts.popleft().step)

    def truncate_after(self, step: int) -> None:
        """Drop all later steps, here and, when it is written next, in the file."""
        with self._lock:
            self._cuts.append(step)
            there = [part for part in self._parts if part.step[0] <= step]
            if there and there[-1].step[-1] > step:
                there[-1] = there[-1].between(0, step)
            self._replace(there)

    def unwritten(self) -> Unwritten:
        """Return what is to be written; it stays here until `forget`."""
        with self._lock:
            return Unwritten(tuple(self._cuts), tuple(self._parts))

    def forget(self, written: Unwritten) -> None:
        """Drop what a file holds now."""
        with self._lock:
            del self._cuts[: len(written.cuts)]
            known = set(map(id, written.parts))
            self._replace([part for part in self._parts if id(part) not in known])

    def _replace(self, parts: list[Steps]) -> None:
        self._parts = deque(parts)
        self._n = sum(len(part.step) for part in parts)
