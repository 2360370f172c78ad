"""Long work that is done in slices, between other things."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic

from gan_core.slices import Slices, T


class Job(Generic[T]):
    """Slices that are taken when there is time for them; `done` is called with their result.

    A `ValueError` ends the job; its sentence stands in `error`.
    """

    def __init__(self, work: Slices[T], done: Callable[[T], None]) -> None:
        self._work = work
        self._done = done
        self._lock = threading.Lock()
        self.share, self.words = 0.0, ""
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
                self.share, self.words = next(self._work)
            except StopIteration as finished:
                self.active = False
                self._done(finished.value)
            except ValueError as error:
                self.active = False
                self.error = str(error)
            if time.perf_counter() >= deadline:
                break
