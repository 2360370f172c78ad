"""Number of threads of a run's steps, chosen at every call from its size and the other runs.

The threads of OpenMP wait for each other. If a browser or another run uses one of their cores, a
step takes many times as long as with one thread (docs/performance.md). So each run gets an equal
share of the cores that are not reserved for the page, and a run that is too small to gain from a
second core gets one thread. `GAN_THREADS` overrides this, and so does a call of
`torch.set_num_threads` before the program trains its first run.
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
"""Floating-point operations of a step, below which a second thread makes it slower."""

RECENT = 3.0
"""Seconds after its last step for which a run of another thread counts as running."""


class ThreadAllocator:
    """Shares the cores of this machine among the runs that train."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reserved = 0
        self._compiling = 0
        self._default = torch.get_num_threads()
        self._pinned: int | None = None
        self._seen: weakref.WeakKeyDictionary[Any, tuple[float, int]] = weakref.WeakKeyDictionary()

    def reserve_one(self) -> None:
        """Reserve a core for the page and the browser from now on."""
        self._reserved = 1

    def note_compiler(self, works: bool) -> None:
        """Reserve a core for the compiler while it `works`."""
        self._compiling = int(works)

    def apply(self, run: object, operations: float) -> int:
        """Set the number of threads for the next steps of this Python thread, and return it."""
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
        """Return the number of threads for a step of `operations` while `running` runs train."""
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
    """Return the number of cores on which this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


THREADS = ThreadAllocator()
"""The one allocator of this process."""
