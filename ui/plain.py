"""Text that somebody typed, shown as the text it is."""

from __future__ import annotations

import re

SPECIAL = re.compile(r"([\\`*\[\]<>#!|~$&]|:(?=//)|(?<=www)\.)")
"""What begins a link, picture, formula, code, table, colour or tag; also an address by itself."""


def escaped(text: str) -> str:
    """Return text that Markdown shows as it stands: it becomes no picture, link or formula."""
    return SPECIAL.sub(r"\\\1", text).replace("\n", " ")
