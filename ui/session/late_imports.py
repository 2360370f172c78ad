"""Imports that the first page can do without: they come in a thread after its first chart."""

from __future__ import annotations

import threading
from functools import cache
from importlib import import_module

MODULES = ("torch._dynamo", "torch_fidelity")
"""Modules that take 1.5 s: an optimizer's first step needs the first, an evaluation both."""

DELAY_SECONDS = 0.3


@cache
def import_in_background() -> None:
    """Import the modules soon, in a thread; once a server."""
    timer = threading.Timer(DELAY_SECONDS, lambda: [import_module(name) for name in MODULES])
    timer.daemon = True
    timer.start()


def import_for_first_step() -> None:
    """Wait until the modules of the first step are imported: no step should be timed with it."""
    import_module(MODULES[0])
