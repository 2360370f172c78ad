"""A file that was made at a click: its name tells the step of its content.

Streamlit's own button for downloads fixes the name when the page is drawn; a run that trains has
gone on when it is clicked.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

KEPT_SECONDS = 20.0
"""Seconds in which the browser has the file, though other redraws of the page come in between."""


@dataclass(frozen=True)
class MadeFile:
    """A file for the browser; each is handed over once, by its id."""

    name: str
    mime: str
    content: bytes
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    made: float = field(default_factory=time.monotonic)

    @property
    def is_fresh(self) -> bool:
        """Whether the browser may still be waiting for it."""
        return time.monotonic() - self.made < KEPT_SECONDS


Maker = Callable[[], tuple[str, bytes | str]]
"""Makes a file: its name and its content."""
