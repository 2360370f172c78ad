"""How many threads a run's steps use: chosen anew at every call, from its size and its neighbours.

Threads of OpenMP wait for each other. Where a browser, or another run, wants one of the cores that
they count on, a step takes many times as long as with one thread (docs/performance.md). So a run
gets its share of the cores, without those that are kept for the page, and one that is too small
to gain from a second core gets one thread. `GAN_THREADS` overrides all of this, and so does a call
of `torch.set_num_threads` before the program trains its first run.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import Any

import torch

from gan_core.runtime import settings

SMALL = 1e8
"""Floating point operations of a step below which a second thread costs more than it gives."""

RECENT = 3.0
"""Seconds for which a run that another thread has trained counts as running."""


class ThreadAllocator:
    """The cores of this machine, and the runs that share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reserved = 0
        self._compiling = 0
        self._default = torch.get_num_threads()
        self._pinned: int | None = None
        self._seen: weakref.WeakKeyDictionary[Any, tuple[float, int]] = weakref.WeakKeyDictionary()

    def reserve_one(self) -> None:
        """Keep a core for the page and the browser from now on."""
        self._reserved = 1

    def note_compiler(self, works: bool) -> None:
        """Keep a core for a compiler as long as it works."""
        self._compiling = int(works)

    def apply(self, run: object, operations: float) -> int:
        """Give this thread's coming steps their number of threads, and return it."""
        now, here = time.monotonic(), threading.get_ident()
        with self._lock:
            self._seen[run] = now, here
            beside = sum(
                now - seen < RECENT and thread != here for seen, thread in self._seen.values()
            )
        if self._pinned is None:  # has the program chosen, before it trained anything?
            current = torch.get_num_threads()
            self._pinned = current if current != self._default else 0
        count = _threads_setting() or self._pinned or self.threads_for(operations, 1 + beside)
        if count != torch.get_num_threads():
            torch.set_num_threads(count)
        return count

    def threads_for(self, operations: float, running: int) -> int:
        """Return the number of threads for a run of that size, one of so many that train now."""
        if operations < SMALL:
            return 1
        free = available_cores() - self._reserved - self._compiling
        return max(1, free // max(1, running))


def _threads_setting() -> int | None:
    """Return `GAN_THREADS`; None without it or for a bad value, which `check_settings` reports."""
    try:
        return settings.threads()
    except ValueError:
        return None


def available_cores() -> int:
    """Return on how many cores this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


THREADS = ThreadAllocator()
"""The cores as this process shares them out."""
