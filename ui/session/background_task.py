"""Work in a thread of its own: the page answers and training goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from gan_core.data.base import Progress


class BackgroundTask:
    """Runs `work(progress)` at once in a thread; `done`, `result` and `error` tell the outcome.

    `error` is the sentence of a `ValueError`; any other exception is a fault of the program and
    is raised in the thread, which ends with a sentence, too.
    """

    def __init__(self, work: Callable[[Progress], Any]) -> None:
        self.fraction, self.message = 0.0, ""
        self.result: Any = None
        self.error: str | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether the work has ended."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        self.error = "The work ended by a fault of the program; the server's log says which."
        try:
            self.result = self._work(self._report)
            self.error = None
        except ValueError as error:
            self.error = str(error)

    def _report(self, fraction: float, message: str) -> None:
        self.fraction, self.message = min(max(fraction, 0.0), 1.0), message
