"""Tables as people's programs write them: the bytes, and what must be read from them.

The numbers are drawn and written here, so what is expected is known without reading anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ROWS = 80
_RNG = np.random.default_rng(20240101)
PLAIN = tuple(_RNG.normal(10, 3, ROWS).round(2).tolist())
"""Numbers such as 10.38; some are written with one digit, some are below 10."""
SIGNED = tuple(_RNG.normal(0, 3, ROWS).round(2).tolist())
LARGE = tuple(_RNG.lognormal(7, 1, ROWS).round(2).tolist())
"""Numbers such as 1,234.50 and 564.80."""
WHOLE = tuple(float(int(v)) for v in _RNG.lognormal(7, 1, ROWS))
MILLIONS = tuple(float(v) for v in _RNG.integers(1_000_000, 90_000_000, ROWS))


@dataclass(frozen=True)
class Case:
    """A file, the column to take, its numbers, and words that must stand in what is said of it."""

    name: str
    content: bytes
    column: str
    values: Sequence[float]
    says: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 0.0


@dataclass(frozen=True)
class Refusal:
    """A file that must not become numbers, and words of the sentence that says why."""

    name: str
    content: bytes
    says: str
    column: str | None = None


def grouped(value: float, digits: int, point: str, mark: str) -> str:
    """Return a number with a mark between thousands."""
    whole = f"{abs(value):,.{digits}f}".replace(",", "g").replace(".", point).replace("g", mark)
    return "-" * (value < 0) + whole


def lakhs(value: float) -> str:
    """Return a number as India writes it: 12,34,567.80."""
    whole, rest = f"{value:.2f}".split(".")
    head, last = whole[:-3], whole[-3:]
    parts = []
    while head:
        head, part = head[:-2], head[-2:]
        parts.insert(0, part)
    return ",".join([*parts, last]) + "." + rest


def comma(value: float) -> str:
    """Return a number with a decimal comma: 10,38; 9,6; 8."""
    return f"{value:g}".replace(".", ",")


def text(*lines: str, end: str = "\n", encoding: str = "utf-8") -> bytes:
    return (end.join(lines) + end).encode(encoding)


def table(
    cells: Iterable[str], name: str = "x", sep: str = ";", first: str = "id", **how: str
) -> bytes:
    """Return a table of a counting column and a column of `cells`."""
    rows = (f"{number}{sep}{cell}" for number, cell in enumerate(cells))
    return text(f"{first}{sep}{name}", *rows, **how)


def column(cells: Iterable[str], name: str | None = "x", **how: str) -> bytes:
    return text(*([name] if name is not None else []), *cells, **how)


def quoted(cells: Iterable[str]) -> list[str]:
    return [f'"{cell}"' for cell in cells]


def every(step: int, cells: list[str], other: str) -> list[str]:
    """Return the cells with every `step`-th replaced."""
    return [other if not i % step else cell for i, cell in enumerate(cells)]


def without(step: int, values: Sequence[float]) -> list[float]:
    return [value for i, value in enumerate(values) if i % step]


P = [f"{v:g}" for v in PLAIN]
C = [comma(v) for v in PLAIN]
MINUS = {"true minus": "\u2212", "en dash": "\u2013", "full width": "\uff0d", "small": "\ufe63"}
GAPS = {"blank": " ", "no-break": "\xa0", "narrow": "\u202f", "thin": "\u2009"}
QUOTES = {"apostrophe": "'", "curly": "\u2019", "letter": "\u02bc"}
