"""The separator of a table, its lines before the header, and whether it has a header.

The score is CleverCSV's idea (van den Burg, Nazábal & Sutton 2019, arXiv:1811.11242): of all
separators, the one that gives rows of equal length and entries of a known kind.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, replace

from gan_core.data.tables.number_format import COMMA, is_number, written
from gan_core.registry import short_repr

ONE_COLUMN = "\x1f"
"""What stands in no text: the separator of a single column."""

SEPARATORS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "pipe": "|",
    "blanks": " ",
    "none": ONE_COLUMN,
}
ALIGNED = "  "
"""Two blanks or more: columns whose names have single blanks."""

HEAD_LINES = 300
MAX_TITLE_LINES = 30
COMMENT = re.compile(r"\s*(#|//|%|--\s)")
TIME = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?"
DATE = re.compile(rf"\d{{1,4}}[-./]\d{{1,2}}[-./]\d{{1,4}}([T ]{TIME}Z?)?|{TIME}")
MISSING = {"", "na", "n/a", "nan", "null", "none", "-", "–", "?", ".", "#n/a", "inf", "-inf"}
Row = list[str]


@dataclass(frozen=True)
class Dialect:
    """How a text is divided into rows: `start` counts its lines before the first row.

    `skipped` are lines before the header that are no rows; `commented` is a header behind a `#`.
    """

    separator: str
    quote: str = '"'
    start: int = 0
    skipped: tuple[str, ...] = ()
    commented: str = ""
    width: int = 1

    @property
    def pattern(self) -> str:
        """The separator as pandas takes it."""
        return {" ": r"\s+", ALIGNED: "\t"}.get(self.separator, self.separator)


def split_lines(lines: list[str], separator: str, quote: str = '"') -> list[Row]:
    """Return the rows of a few lines."""
    if separator == ALIGNED:
        lines, separator = [aligned(line) for line in lines], "\t"
    elif separator == " ":
        lines = [" ".join(line.split()) for line in lines]
    reader = csv.reader(
        io.StringIO("\n".join(lines), newline=""),
        delimiter=separator,
        quotechar=quote,
        skipinitialspace=True,
        strict=False,
    )
    try:
        return [[entry.strip() for entry in row] for row in reader if row]
    except csv.Error:
        return []


def aligned(line: str) -> str:
    """Return a line whose columns are aligned by two blanks or more, with tabs between them."""
    return re.sub(r"\s{2,}", "\t", line.strip())


def find_dialect(text: str, chosen: str | None = None) -> Dialect:
    """Return how a text is divided into rows; `chosen` is the separator if it is known."""
    lines = _head(text)
    start, known = 0, chosen
    if lines and (said := re.fullmatch(r"sep=(.)", lines[0].strip(), re.IGNORECASE)):
        start, known = 1, chosen or said[1]
    skipped: list[str] = []
    while start < len(lines) and (not lines[start].strip() or COMMENT.match(lines[start])):
        if lines[start].strip():
            skipped.append(lines[start].strip())
        start += 1
    body = lines[start:]
    if known == " ":
        found = max((_tried(body, s) for s in (" ", ALIGNED)), key=lambda t: t.score)
    elif known:
        found = _tried(body, known)
    else:
        tried = [_tried(body, s) for s in (*SEPARATORS.values(), ALIGNED) if s != ONE_COLUMN]
        found = max(tried, key=lambda t: t.score)
        if _usual_width(found.rows) == 1 or _is_one_column(body, found):
            rows = [[line.strip()] for line in body]
            found = replace(found, separator=ONE_COLUMN, rows=rows, first=0)
    skipped += [line.strip() for line in body[: found.first] if line.strip()]
    commented = skipped[-1] if skipped and COMMENT.match(skipped[-1]) else ""
    width = _usual_width(found.rows)
    _refuse_narrow_header(body, found, start, width)
    return Dialect(
        found.separator, found.quote, start + found.first, tuple(skipped), commented, width
    )


def _head(text: str) -> list[str]:
    lines = text[: 1 << 18].splitlines()
    if len(text) > 1 << 18:
        lines.pop()
    return lines[:HEAD_LINES]


@dataclass(frozen=True)
class Trial:
    """A separator with the rows that it gives; `first` counts the title lines above them."""

    separator: str
    quote: str
    rows: list[Row]
    first: int
    score: float


def _tried(lines: list[str], separator: str) -> Trial:
    quote = _quote(lines, separator)
    rows = split_lines(lines, separator, quote)
    if not rows:
        return Trial(separator, quote, [], 0, 0.0)
    width = _usual_width(rows)
    first = _title_lines(lines, separator, quote, width)
    rows = split_lines(lines[first:], separator, quote)
    even = sum(len(row) == width for row in rows) / len(rows)
    body = rows[1:] or rows
    entries = [entry for row in body for entry in row]
    known = sum(map(_plausibility, entries)) / max(1, len(entries))
    wide = 1.0 if width > 1 else 0.9
    return Trial(separator, quote, rows, first, even * known * wide)


def _refuse_narrow_header(lines: list[str], found: Trial, start: int, width: int) -> None:
    """Raises: ValueError: if several names stand above rows of numbers that have more entries."""
    if not found.first or not is_number(found.rows[0][0]):
        return
    row = next(iter(split_lines([lines[found.first - 1]], found.separator, found.quote)), [])
    if len(row) > 1:
        raise refuse_long_row(start + found.first + 1, width, len(row))


def _quote(lines: list[str], separator: str) -> str:
    """Return the quote around entries: single if the first rows have some, and no double ones."""
    head = lines[:20]
    if any('"' in line for line in head):
        return '"'
    parts = [part.strip() for line in head for part in line.split(separator) if part.strip()]
    around = sum(part[0] == "'" or part[-1] == "'" for part in parts)
    ends = sum(part[-1] == "'" for part in parts)  # one before each is Excel's sign of a text
    return "'" if around > len(parts) / 2 and ends > around / 4 else '"'


def _usual_width(rows: list[Row]) -> int:
    return Counter(map(len, rows)).most_common(1)[0][0] if rows else 1


def _title_lines(lines: list[str], separator: str, quote: str, width: int) -> int:
    """Return how many lines stand above the table: shorter than its rows, and no numbers."""
    if width < 2:
        return 0
    for number, line in enumerate(lines[:MAX_TITLE_LINES]):
        row = next(iter(split_lines([line], separator, quote)), [])
        if len(row) in (width, width - 1) and len(row) > 1:
            return number
        if len(row) > width or (row and is_number(row[0])):
            return 0
        if row and len(row) == 1 and width == 2 and _is_name_of_rows(lines, number, separator):
            return number
    return 0


def _is_name_of_rows(lines: list[str], number: int, separator: str) -> bool:
    """Return whether the line is the header of rows that have one entry more, as R writes them."""
    after = lines[number + 1 : number + 2]
    return bool(after) and after[0].lstrip().startswith('"') and separator in (" ", "\t")


def _plausibility(entry: str) -> float:
    if entry.lower() in MISSING or is_number(entry) or DATE.fullmatch(entry):
        return 1.0
    found = written(entry)
    if found is not None and found.limit:
        return 1.0
    return 0.1 if re.search(r"[;\t|]|\d,\d", entry) else 0.6


def _is_one_column(lines: list[str], found: Trial) -> bool:
    """Return whether commas are decimal marks in a single column, not separators.

    So they are if each line is a number, and the header has no comma, or some lines have none, or
    what would be a second column has leading zeros.
    """
    if found.separator != COMMA:
        return False
    entries = [line.strip() for line in lines if line.strip()]
    numbers = [entry for entry in entries if COMMA in entry and is_number(entry)]
    has_names = COMMA in entries[0] and entries[0] not in numbers
    others = [entry for entry in entries[1:] if COMMA in entry and entry not in set(numbers)]
    if not numbers or others or has_names or any('"' in entry for entry in entries):
        return False
    has_narrow_rows = any(COMMA not in entry for entry in entries)
    has_zeros = any(re.search(r",0\d", entry) for entry in numbers)
    return has_narrow_rows or has_zeros


def has_header(rows: list[Row]) -> bool:
    """Return whether the first of some rows holds names: none of its entries is a number.

    A row of years above a column of words is one, too. A number with a unit is a name unless the
    entry below has the same unit.
    """
    first = rows[0]
    if all(entry.lower() in MISSING for entry in first):
        return False
    if len(rows) < 2:
        return not any(map(is_number, first))
    if _has_years(rows):
        return True
    below = [*rows[1], *[""] * len(first)]
    return not any(map(_is_like, first, below))


def _is_like(entry: str, below: str) -> bool:
    one, other = written(entry), written(below)
    if one is None or not (one.limit or is_number(entry)):
        return False
    return not one.mark or (other is not None and other.mark == one.mark)


def _has_years(rows: list[Row]) -> bool:
    """Return whether the first row is a word, or nothing, and rising years."""
    first, *others = rows
    years = [int(entry) for entry in first[1:] if re.fullmatch(r"(1[89]|20)\d\d", entry)]
    if len(years) < max(2, len(first) - 1) or years != sorted(set(years)) or is_number(first[0]):
        return False
    return not all(re.fullmatch(r"(1[89]|20)\d\d", row[-1]) for row in others if row)


def refuse_long_row(number: int, found: int, expected: int) -> ValueError:
    """Return the error that a line has more entries than the header."""
    return ValueError(
        f"This file cannot be read as a table: line {number:,} has {found} entries, the header has "
        f"{expected}. If commas are decimal marks, save it with another separator."
    )


def unknown_name(column: str, names: list[str]) -> ValueError:
    """Return the error that there is no such column."""
    return ValueError(f"There is no column {short_repr(column)}; there are {', '.join(names)}.")
