"""Work in a thread of its own, so that the page answers and training goes on meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from gan_core.data.base import Progress

LATER = ("torch._dynamo", "torch_fidelity")
"""Modules that take 1.5 s: an optimizer's first step needs one, an evaluation both."""

LATER_SECONDS = 0.3


@cache
def import_the_rest() -> None:
    """Import what the first page can do without, soon, in a thread; once a server."""
    timer = threading.Timer(LATER_SECONDS, lambda: [import_module(name) for name in LATER])
    timer.daemon = True
    timer.start()


def await_first_step() -> None:
    """Wait until what the first step needs is imported: no step should be timed with it."""
    import_module(LATER[0])


class Background:
    """Runs `work(progress)` at once; `done`, `result` and `error` say what has come of it.

    `error` is the sentence of a `ValueError`; any other exception is a fault of the program and
    is raised in the thread, which ends with a sentence, too.
    """

    def __init__(self, work: Callable[[Progress], Any]) -> None:
        self.share, self.words = 0.0, ""
        self.result: Any = None
        self.error: str | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def _run(self) -> None:
        self.error = "The work ended by a fault of the program; the server's log says which."
        try:
            self.result = self._work(self._note)
            self.error = None
        except ValueError as error:
            self.error = str(error)

    def _note(self, share: float, words: str) -> None:
        self.share, self.words = min(max(share, 0.0), 1.0), words
