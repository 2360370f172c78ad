"""How the numbers of a column are written, and what they are.

Of the readers that were tried (pandas, polars, DuckDB's sniffer, CleverCSV) none finds out a
decimal mark; each takes `1.234` for 1.234 beside `764`. So a column is looked at as a whole here:
what only one mark explains decides; what both explain, with different numbers, is a question.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

POINT, COMMA = ".", ","
DECIMALS = (POINT, COMMA)

SIGNS = str.maketrans(
    dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d", "-")
    | dict.fromkeys("\u2019\u02bc\u2032\u066c\uff07`\xb4", "'")
    | dict.fromkeys("\u066b\xb7\uff0e", ".")
    | dict.fromkeys("\xa0\u202f\u2009\u2007\u2008\u200a\t", " ")
    | {"\uff0c": ",", "\uff0b": "+", "\ufe62": "+", "\u2264": "<", "\u2265": ">"}
)
"""Other signs for minus, decimal point and thousands, and the plain ones."""

CURRENCY = r"[A-Za-z]{0,3}[$€£¥₹₽₩₺₫₴₦฿₪₱]|[A-Z]{3}|Fr\.|Rs\.?|kr\.?|zł|Kč|Ft"
UNIT = (
    r"(?:[%‰°$€£¥₹₽₩₺₫₴₦฿₪₱µμΩ]|[^\W\d_])(?:[^\W\d]|[%‰°$€£¥₹/²³⁻¹^.·*]|[23](?!\w)){0,15}"
    r"(?: [^\W\d_]{1,8})?"
)
"""Digits are in it as powers only: `m3`; not `0x1f`, `12h30`, `2024W12`."""
CODE = re.compile(r"0[xob][\da-f]+", re.IGNORECASE)
NUMBER = re.compile(
    rf"(?P<open>\()?\s*(?P<limit><=|>=|[<>])?\s*(?P<sign>[+-])?\s*(?:(?P<before>{CURRENCY})\s*)?"
    rf"(?P<sign2>[+-])?\s*(?P<body>\d(?:[\d.,' _]*\d)?[.,]?|[.,]\d+)(?P<power>[eE][+-]?\d+)?"
    rf"(?P<flat>[.,]-{{1,2}})?(?P<behind>(?<=\d)-)?\s*(?P<unit>{UNIT})?\s*(?(open)\))"
)
GROUPS = re.compile(
    r"[1-9]\d{0,2}(?:([.,' _])\d{3})(?:\1\d{3})*"  # 1,234,567
    r"|[1-9]\d?(?:,\d{2})+,\d{3}"  # India: 12,34,567
    r"|[1-9]\d{0,3}(?:,\d{4}){2,}"  # China: 1,2345,6789
)

OTHER_WAY = "written another way"
LIMIT = "only a limit"
EMPTY = "empty"
NO_NUMBER = "no number"


@dataclass(frozen=True)
class Written:
    """A number as it is written: sign, digits with their marks, power of ten, what stands beside.

    `mark` is a currency or unit; `limit` says that it is `<5`, no value.
    """

    negative: bool
    body: str
    power: str
    mark: str
    limit: bool
    brackets: bool

    def value(self, decimal: str) -> float | None:
        """Return the number if `decimal` is its decimal mark; None if it cannot be."""
        whole, _, fraction = self.body.partition(decimal)
        if decimal in fraction or not (fraction.isdigit() or not fraction):
            whole, fraction = self.body, ""
        if not whole.isdigit():
            if (whole or not fraction) and (self.power or not _is_grouped(whole, decimal)):
                return None
            whole = re.sub(r"\D", "", whole)
        size = float(f"{whole or 0}.{fraction or 0}{self.power}")
        return -size if self.negative else size


def _is_grouped(whole: str, decimal: str) -> bool:
    return decimal not in whole and GROUPS.fullmatch(whole) is not None


@lru_cache(maxsize=65536)
def written(entry: str) -> Written | None:
    """Return an entry as a number with what stands beside it; None if it is none."""
    text = re.sub(r'="(.*)"', r"\1", entry.strip()).removeprefix("'")  # Excel's texts
    if not text.isascii():
        text = text.translate(SIGNS).strip()
        text = "".join(str(unicodedata.decimal(c, c)) for c in text)
    if len(text) > 60 or CODE.fullmatch(text):
        return None
    found = NUMBER.fullmatch(text)
    if found is None or (found["sign"] and found["sign2"]) or (found["before"] and found["unit"]):
        return None
    minus = [found["sign"] == "-", found["sign2"] == "-", found["behind"], found["open"]]
    if sum(map(bool, minus)) > 1 or (found["open"] and found["limit"]):
        return None
    return Written(
        negative=any(minus),
        body=found["body"],
        power=found["power"] or "",
        mark=found["before"] or found["unit"] or "",
        limit=found["limit"] is not None,
        brackets=bool(found["open"] or found["behind"]),
    )


def is_number(entry: str) -> bool:
    """Return whether an entry is a number in one way of writing or another."""
    found = written(entry)
    return found is not None and any(found.value(decimal) is not None for decimal in DECIMALS)


@dataclass(frozen=True)
class Evidence:
    """What the entries of a column say of their decimal mark; counts of numbers.

    `point` and `comma` can be read with that mark alone; `either` differ with it, and `example` is
    one of them; `small` have no marks and less than four digits before the point, `large` more.
    """

    point: int = 0
    comma: int = 0
    either: int = 0
    example: str = ""
    small: int = 0
    large: int = 0

    @property
    def decided(self) -> str | None:
        """The decimal mark, if some entries can be read with one alone."""
        if self.point == self.comma:
            return None
        return POINT if self.point > self.comma else COMMA


def evidence(entries: Iterable[tuple[str, int]]) -> Evidence:
    """Return what the entries, each with its count, say of their decimal mark."""
    counts: Counter[str] = Counter()
    example = ""
    for entry, count in entries:
        found = written(entry)
        if found is None:
            continue
        by_point, by_comma = found.value(POINT), found.value(COMMA)
        if by_point is None and by_comma is None:
            continue
        if by_comma is None:
            counts["point"] += count
        elif by_point is None:
            counts["comma"] += count
        elif by_point != by_comma:
            counts["either"] += count
            example = example or entry.strip()
        elif found.body.isdigit():
            counts["small" if len(found.body) < 4 else "large"] += count
    return Evidence(**counts, example=example)


def decimal_mark(found: Evidence, separator: str, neighbors: str | None) -> str | None:
    """Return the decimal mark of a column, or None if two are possible.

    `separator` stands between the columns; `neighbors` is the mark that other columns have.
    """
    if found.decided or not found.either:
        return found.decided or POINT
    mark = COMMA if COMMA in found.example else POINT
    other = POINT if mark == COMMA else COMMA
    if found.small and not found.large and (mark == COMMA or separator != ","):
        return other  # 764 beside 1.965: a mark that stands in large numbers alone is for thousands
    if found.large:  # 1234 beside 1.965: thousands have no mark here
        return mark
    if neighbors is not None:
        return neighbors
    if mark == POINT and separator != ";":
        return POINT
    return None
