"""Plain text as Markdown that displays it literally."""

from __future__ import annotations

import re

SPECIAL = re.compile(r"([\\`*_\[\]<>#!|~$&]|:(?=[\w/+-])|(?<=www)\.)")
"""Begins of emphasis, a link, picture, formula, code, table, colour, icon or tag; also of a bare
address."""

SPECIAL_IN_DOCSTRING = re.compile(r"([$*_|~\[\]])")


def escape_markdown(text: str, *, docstring: bool = False) -> str:
    """Return text that Markdown shows as it stands: no picture, link, formula or emphasis.

    A `docstring`, which is the program's own text, keeps its paragraphs and its `code`.
    """
    if docstring:
        return SPECIAL_IN_DOCSTRING.sub(r"\\\1", text)
    return SPECIAL.sub(r"\\\1", text).replace("\n", " ")


def link_papers(text: str) -> str:
    """Return `text` with each arXiv number as a link."""
    return re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", text)
