"""Gives each of N runs on one machine an equal share of the training time, in turns.

Stride scheduling (Waldspurger & Weihl 1995) with the used seconds as the pass: of the runs that
want a turn, the one with the least training time goes first, so each run gets 1/N of the time,
whatever its step costs. A new run starts with the minimum time of the active runs, so it neither
starves them nor is starved. At most `GAN_MAX_RUNS` runs take turns; the others wait in the order of
their arrival. A paused run is not in the scheduler.
"""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gan_core.runtime import settings
from gan_core.runtime.cpu_threads import available_cores
from gan_core.runtime.memory import total

IDLE_SECONDS = 5.0
"""Seconds after its last request at which a run counts as away and loses its place."""

MAX_LAG_SECONDS = 1.0
"""Seconds of training by which a run may be behind the others, or more after a longer turn."""

GRACE_SECONDS = 0.3
"""Seconds for which the others wait for a run that is behind while its page draws a frame."""

MIN_LAG_SECONDS = 0.1
"""Seconds of training that a run must be behind, so that the others wait for it."""

LOOK_EVERY = 0.02
"""Seconds between two checks of a waiting thread."""

RUNS_PER_CORE, BYTES_PER_RUN = 4, 2 * 2**30

SLOTS = max(1, available_cores() // 2)
"""Number of runs that train at the same time; the other cores serve the page and the browser.

With more of them, threads wait for Python's global lock (docs/performance.md). Each run that trains
gets at least one core from `cpu_threads.py`.
"""


@dataclass(eq=False)
class RunSlot:
    """A run's place in the scheduler: its used time, and whether it waits or trains now."""

    arrived: int
    used: float
    """Seconds of training, plus the minimum of the active runs when this one arrived."""
    seen: float
    waiting: bool = False
    training: bool = False
    resting: bool = True
    """Whether it wants no turn now: it gets no compensation, and the others do not wait for it."""
    longest: float = 0.0
    """Seconds of its longest turn."""


class Scheduler:
    """Gives turns to runs (any objects with weak references); `slots` train at the same time."""

    def __init__(self, most: int | None = None, slots: int = SLOTS) -> None:
        self._condition = threading.Condition()
        self._runs: weakref.WeakKeyDictionary[object, RunSlot] = weakref.WeakKeyDictionary()
        self._most = most
        self._slots = slots
        self._busy = 0
        self._arrivals = 0

    @contextmanager
    def slice(
        self,
        run: object,
        should_continue: Callable[[], bool] = lambda: True,
        until: float = math.inf,
    ) -> Iterator[bool]:
        """Wait for the run's turn; yield whether it has come.

        It has not come if `should_continue()` became false, or at the time `until` (of
        `time.perf_counter`). The time inside the `with` block counts as used by the run.
        """
        slot = self._wait(run, should_continue, until)
        if slot is None:
            yield False
            return
        began = time.perf_counter()
        try:
            yield True
        finally:
            self._note(slot, time.perf_counter() - began)

    def mark_idle(self, run: object) -> None:
        """Note that the run wants no turn now: it keeps its place, but gets no compensation."""
        with self._condition:
            if run in self._runs:
                self._runs[run].resting = True

    def remove(self, run: object) -> None:
        """Remove the run; a turn in progress goes on until it ends by itself."""
        with self._condition:
            if self._runs.pop(run, None) is not None:
                self._condition.notify_all()

    def queue_position(self, run: object) -> int:
        """Return 0 for a run that takes turns or could at once, k for the k-th in the queue."""
        with self._condition:
            if run not in self._runs:
                return max(0, len(self._runs) + 1 - self.max_runs)
            order = sorted(self._runs.values(), key=lambda slot: slot.arrived)
            return max(0, order.index(self._runs[run]) + 1 - self.max_runs)

    def training(self) -> int:
        """Return the number of runs that share the training time now."""
        with self._condition:
            return min(self.max_runs, len(self._present(time.monotonic())))

    @property
    def max_runs(self) -> int:
        """Maximum number of runs that share the training time."""
        return self._most if self._most is not None else most_runs()

    def _wait(
        self, run: object, should_continue: Callable[[], bool], until: float
    ) -> RunSlot | None:
        with self._condition:
            if not should_continue():
                return None
            slot = self._seat(run)
            slot.waiting = True
            try:
                while not self._is_next(run, slot):
                    now = time.perf_counter()
                    if now >= until:
                        return None
                    self._condition.wait(min(LOOK_EVERY, until - now))
                    slot.seen = time.monotonic()
                    if not should_continue() or self._runs.get(run) is not slot:
                        return None
            finally:
                slot.waiting = False
            slot.training = True
            self._busy += 1
            return slot

    def _seat(self, run: object) -> RunSlot:
        """Return the run's place, a new one if it has none; time it was away is not compensated.

        Called with the lock held.
        """
        now, slot = time.monotonic(), self._runs.get(run)
        others = [other for other in self._present(now) if other is not slot]
        least = min((other.used for other in others), default=0.0)
        if slot is None:
            self._arrivals += 1
            slot = self._runs[run] = RunSlot(self._arrivals, least, now)
        elif others:
            fresh = slot.resting or now - slot.seen > IDLE_SECONDS
            lag = 0.0 if fresh else max(MAX_LAG_SECONDS, 2 * max(other.longest for other in others))
            slot.used = max(slot.used, least - lag)
        slot.seen, slot.resting = now, False
        return slot

    def _present(self, now: float) -> list[RunSlot]:
        return [
            slot for slot in self._runs.values() if slot.training or now - slot.seen < IDLE_SECONDS
        ]

    def _is_next(self, run: object, slot: RunSlot) -> bool:
        """Return whether the run may train now; called with the lock held."""
        if self._busy >= self._slots or self._runs.get(run) is not slot:
            return False
        if len(self._runs) == 1:
            return True
        now = time.monotonic()
        if not self._is_admitted(slot, now):
            return False
        mine = slot.used, slot.arrived
        before = sum(
            (other.used, other.arrived) < mine
            for other in self._admitted()
            if other is not slot and self._is_waited_for(other, slot, now)
        )
        return before < self._slots - self._busy

    def _is_waited_for(self, other: RunSlot, slot: RunSlot, now: float) -> bool:
        if other.waiting or other.training or other.resting:
            return other.waiting
        return slot.used - other.used > MIN_LAG_SECONDS and now - other.seen < GRACE_SECONDS

    def _admitted(self) -> list[RunSlot]:
        run_slots = list(self._runs.values())
        if len(run_slots) <= self.max_runs:
            return run_slots
        return sorted(run_slots, key=lambda slot: slot.arrived)[: self.max_runs]

    def _is_admitted(self, slot: RunSlot, now: float) -> bool:
        """Return whether the run takes turns; runs that are away move to the end of the queue."""
        admitted = self._admitted()
        if slot in admitted:
            return True
        for other in admitted:
            if not (other.training or other.waiting) and now - other.seen > IDLE_SECONDS:
                self._arrivals += 1
                other.arrived = self._arrivals
        return slot in self._admitted()

    def _note(self, slot: RunSlot, seconds: float) -> None:
        with self._condition:
            self._busy -= 1
            slot.training = False
            slot.used += seconds
            slot.longest = max(slot.longest, seconds)
            slot.seen = time.monotonic()
            if len(self._runs) > 1:
                self._condition.notify_all()


def most_runs() -> int:
    """Return the maximum number of runs: `GAN_MAX_RUNS`, or by cores and memory.

    A bad value of the variable counts as unset; `check_settings` reports it at the start.
    """
    try:
        chosen = settings.max_runs()
    except ValueError:
        chosen = None
    by_machine = max(1, min(RUNS_PER_CORE * available_cores(), total() // BYTES_PER_RUN))
    return by_machine if chosen is None else chosen


SCHEDULER = Scheduler()
"""The one scheduler of this process."""
