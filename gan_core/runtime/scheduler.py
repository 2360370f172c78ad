"""Many runs, one machine: each is given its turns, and an equal share of the training time.

Stride scheduling (Waldspurger & Weihl 1995) with the seconds used as the pass: of those who want a
turn, whoever has used least goes first, so a run's share is 1/N whatever its step costs. Who comes
in begins at the least of those present. At most `GAN_MAX_RUNS` runs take turns; the others wait,
first come, first served. A run that is paused has left, and costs nothing.
"""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gan_core.runtime.cpu_threads import available_cores
from gan_core.runtime.memory import total

AWAY = 5.0
"""Seconds after which a run that no longer asks counts as away, and loses its place to others."""

LAG = 1.0
"""Seconds of training that a run may be owed; a longer step of another run may owe it more."""

RETURN = 0.3
"""Seconds for which a run that is owed much is waited for while its page draws a frame."""

MUCH = 0.1
"""Seconds of training that are worth waiting for."""

LOOK_EVERY = 0.02
"""Seconds between two looks of a waiting thread at whether it should still wait."""

RUNS_PER_CORE, BYTES_PER_RUN = 4, 2 * 2**30

SLOTS = max(1, available_cores() // 2)
"""How many runs train at a time: the other cores draw, serve, and carry the browser.

More only makes threads wait for Python's lock (docs/performance.md). It also fits `threads.py`:
whoever trains gets at least one core.
"""


@dataclass(eq=False)
class Seat:
    """A run's place among those that train: what it has used, and what it is doing now."""

    arrived: int
    used: float
    """Seconds of training, counted from where those stood who were there before."""
    seen: float
    waiting: bool = False
    training: bool = False
    resting: bool = True
    """Whether it wanted no more than it got: it is owed nothing, and not waited for."""
    longest: float = 0.0
    """Seconds of its longest turn."""


class Scheduler:
    """Gives turns to runs, of any type that can be a weak key; `slots` of them train at a time."""

    def __init__(self, most: int | None = None, slots: int = SLOTS) -> None:
        self._condition = threading.Condition()
        self._seats: weakref.WeakKeyDictionary[object, Seat] = weakref.WeakKeyDictionary()
        self._most = most
        self._slots = slots
        self._busy = 0
        self._arrivals = 0

    @contextmanager
    def slice(
        self,
        run: object,
        keep_going: Callable[[], bool] = lambda: True,
        until: float = math.inf,
    ) -> Iterator[bool]:
        """Wait for the run's turn; yield whether it has come.

        It has not if `keep_going()` became false, or at `until` (of `time.perf_counter`). The time
        within is what the run has used.
        """
        seat = self._wait(run, keep_going, until)
        if seat is None:
            yield False
            return
        began = time.perf_counter()
        try:
            yield True
        finally:
            self._note(seat, time.perf_counter() - began)

    def rest(self, run: object) -> None:
        """Say that the run wants no more for now: it keeps its seat, and is owed nothing."""
        with self._condition:
            if run in self._seats:
                self._seats[run].resting = True

    def leave(self, run: object) -> None:
        """Take the run out; its turn in progress, if any, ends by itself."""
        with self._condition:
            if self._seats.pop(run, None) is not None:
                self._condition.notify_all()

    def place(self, run: object) -> int:
        """Return 0 for a run that takes turns, or would at once; k for the k-th that waits."""
        with self._condition:
            if run not in self._seats:
                return max(0, len(self._seats) + 1 - self.most)
            order = sorted(self._seats.values(), key=lambda seat: seat.arrived)
            return max(0, order.index(self._seats[run]) + 1 - self.most)

    def training(self) -> int:
        """Return how many runs share the training time now."""
        with self._condition:
            return min(self.most, len(self._present(time.monotonic())))

    @property
    def most(self) -> int:
        """How many runs may share the training time."""
        return self._most if self._most is not None else most_runs()

    def _wait(self, run: object, keep_going: Callable[[], bool], until: float) -> Seat | None:
        with self._condition:
            if not keep_going():
                return None
            seat = self._seat(run)
            seat.waiting = True
            try:
                while not self._is_next(run, seat):
                    now = time.perf_counter()
                    if now >= until:
                        return None
                    self._condition.wait(min(LOOK_EVERY, until - now))
                    seat.seen = time.monotonic()
                    if not keep_going() or self._seats.get(run) is not seat:
                        return None
            finally:
                seat.waiting = False
            seat.training = True
            self._busy += 1
            return seat

    def _seat(self, run: object) -> Seat:
        """Return the run's seat, a new one if it has none; nobody is owed what they slept through.

        Called with the lock held.
        """
        now, seat = time.monotonic(), self._seats.get(run)
        others = [other for other in self._present(now) if other is not seat]
        least = min((other.used for other in others), default=0.0)
        if seat is None:
            self._arrivals += 1
            seat = self._seats[run] = Seat(self._arrivals, least, now)
        elif others:
            fresh = seat.resting or now - seat.seen > AWAY
            lag = 0.0 if fresh else max(LAG, 2 * max(other.longest for other in others))
            seat.used = max(seat.used, least - lag)
        seat.seen, seat.resting = now, False
        return seat

    def _present(self, now: float) -> list[Seat]:
        return [seat for seat in self._seats.values() if seat.training or now - seat.seen < AWAY]

    def _is_next(self, run: object, seat: Seat) -> bool:
        """Say whether the run may train now; called with the lock held."""
        if self._busy >= self._slots or self._seats.get(run) is not seat:
            return False
        if len(self._seats) == 1:
            return True
        now = time.monotonic()
        if not self._is_admitted(seat, now):
            return False
        mine = seat.used, seat.arrived
        before = sum(
            (other.used, other.arrived) < mine
            for other in self._admitted()
            if other is not seat and self._is_waited_for(other, seat, now)
        )
        return before < self._slots - self._busy

    def _is_waited_for(self, other: Seat, seat: Seat, now: float) -> bool:
        if other.waiting or other.training or other.resting:
            return other.waiting
        return seat.used - other.used > MUCH and now - other.seen < RETURN

    def _admitted(self) -> list[Seat]:
        seats = list(self._seats.values())
        if len(seats) <= self.most:
            return seats
        return sorted(seats, key=lambda seat: seat.arrived)[: self.most]

    def _is_admitted(self, seat: Seat, now: float) -> bool:
        """Say whether the run takes turns; whoever is away goes behind those who wait."""
        admitted = self._admitted()
        if seat in admitted:
            return True
        for other in admitted:
            if not (other.training or other.waiting) and now - other.seen > AWAY:
                self._arrivals += 1
                other.arrived = self._arrivals
        return seat in self._admitted()

    def _note(self, seat: Seat, seconds: float) -> None:
        with self._condition:
            self._busy -= 1
            seat.training = False
            seat.used += seconds
            seat.longest = max(seat.longest, seconds)
            seat.seen = time.monotonic()
            if len(self._seats) > 1:
                self._condition.notify_all()


def most_runs() -> int:
    """Return how many runs may train at a time here: `GAN_MAX_RUNS`, or by cores and memory."""
    chosen = os.environ.get("GAN_MAX_RUNS", "")
    if chosen.isdecimal() and int(chosen):
        return int(chosen)
    return max(1, min(RUNS_PER_CORE * available_cores(), total() // BYTES_PER_RUN))


SCHEDULER = Scheduler()
"""The one scheduler of this process."""
