"""The numbers of a column, and what was understood and left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gan_core.data.tables.number_format import (
    COMMA,
    DECIMALS,
    EMPTY,
    LIMIT,
    NO_NUMBER,
    OTHER_WAY,
    POINT,
    Evidence,
    Written,
    decimal_mark,
    evidence,
    written,
)
from gan_core.data.tables.table import LOOKED_AT, Table
from gan_core.registry import short_repr
from gan_core.shapes import Values

PLAIN_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
MAX_EXAMPLES = 3
RARE = 20
"""One number in so many, or less, decides the decimal mark, but is no proof of it."""
OTHER_MARK = "with another unit, or none"


class AmbiguousNumberError(ValueError):
    """Two decimal marks are possible, with different numbers."""


@dataclass(frozen=True, eq=False)
class ColumnNumbers:
    """The numbers of a column; `rows` has one for each row, nan where there is none.

    `remarks` say how they were read; `left_out` has a reason, an entry and how often it is there.
    """

    rows: Values
    remarks: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str, int], ...] = ()
    mark: str = ""
    decimal: str = POINT
    has_limits: bool = False

    @property
    def values(self) -> Values:
        return self.rows[np.isfinite(self.rows)]

    @property
    def n_left_out(self) -> int:
        return sum(count for _, _, count in self.left_out)

    def sentence(self) -> str:
        """Return how many entries were left out, why, and examples; "" if none was."""
        parts = []
        for reason in dict.fromkeys(reason for reason, _, _ in self.left_out):
            entries = [(text, count) for why, text, count in self.left_out if why == reason]
            total = sum(count for _, count in entries)
            if reason == EMPTY:
                parts.append(f"{total:,} empty")
                continue
            examples = ", ".join(f"“{text[:40]}”" for text, _ in entries[:MAX_EXAMPLES])
            parts.append(f"{total:,} {reason} ({examples})")
        if not parts:
            return ""
        noun = "row" if self.n_left_out == 1 else "rows"
        return f"{self.n_left_out:,} {noun} without a number left out: {', '.join(parts)}"


def column_numbers(table: Table, column: str) -> ColumnNumbers:
    """Return the numbers of a column.

    Raises:
        AmbiguousNumberError: if two decimal marks are possible, with different numbers.
    """
    entries = table.frame[column]
    if pd.api.types.is_bool_dtype(entries) or pd.api.types.is_numeric_dtype(entries):
        return _from_numbers(entries)
    entries = entries.astype(str).str.strip()
    plain = entries.str.fullmatch(PLAIN_NUMBER).fillna(False).to_numpy(bool)
    others = _counts(entries[~plain])
    decimal = _decimal(table, column, entries, plain, others)
    found = {text: written(text) for text in others}
    mark = _usual_mark(found, others, int(plain.sum()), decimal)
    reading = _Reading(decimal, mark, table.options.limits == "take")
    values = np.full(len(entries), np.nan)
    is_plain = plain & (decimal == POINT) & (mark == "")
    values[is_plain] = pd.to_numeric(entries[is_plain]).to_numpy(float)
    is_plain &= np.isfinite(values)
    rest = _counts(entries[~is_plain])
    read = {text: reading.value(text) for text in rest}
    numbers = {text: value for text, (value, _) in read.items()}
    values[~is_plain] = entries[~is_plain].map(numbers).to_numpy(float)
    left = tuple((read[text][1], text, count) for text, count in rest.items() if read[text][1])
    has_limits = any(made is not None and made.limit for made in found.values())
    remarks = _remarks(decimal, mark, table, column, rest, read)
    return ColumnNumbers(values, remarks, left, mark, decimal, has_limits)


def _counts(entries: pd.Series) -> dict[str, int]:
    """Return how often each entry is there, in the order of their first appearance."""
    return entries.value_counts(sort=False).to_dict()


def _from_numbers(entries: pd.Series) -> ColumnNumbers:
    numbers = pd.to_numeric(entries, errors="coerce").to_numpy(float, na_value=np.nan)
    finite = np.isfinite(numbers)
    left = ((NO_NUMBER, "nan", int((~finite).sum())),) if not finite.all() else ()
    return ColumnNumbers(np.where(finite, numbers, np.nan), (), left)


def preview(table: Table, column: str, numbers: ColumnNumbers, rows: int = 6) -> pd.DataFrame:
    """Return the first rows as texts: the column as it is written and as it was read, the others.

    Raises:
        KeyError: if there is no such column.
    """
    read = [f"{value:.12g}" if np.isfinite(value) else "left out" for value in numbers.rows[:rows]]
    shown = table.frame[:rows].astype(str)
    others = [name for name in table.columns if name != column]
    label = "read as"
    while label in table.columns:
        label += " "
    return pd.DataFrame(
        {column: shown[column], label: read} | {name: shown[name] for name in others}
    )


@dataclass(frozen=True)
class _Reading:
    """Reads the entries of a column in one way."""

    decimal: str
    mark: str
    takes_limits: bool

    def value(self, text: str) -> tuple[float, str]:
        """Return the number of an entry and "", or nan and the reason why it has none."""
        if not text:
            return np.nan, EMPTY
        found = written(text)
        if found is None:
            return np.nan, NO_NUMBER
        value = found.value(self.decimal)
        if value is None or not np.isfinite(value):
            other = any(found.value(mark) is not None for mark in DECIMALS)
            return np.nan, OTHER_WAY if other else NO_NUMBER
        if found.limit and not self.takes_limits:
            return np.nan, LIMIT
        if found.mark != self.mark:
            return np.nan, OTHER_MARK
        return value, ""


def _decimal(
    table: Table, column: str, entries: pd.Series, plain: np.ndarray, others: dict[str, int]
) -> str:
    """Return the decimal mark of a column.

    Raises:
        AmbiguousNumberError: if two are possible.
    """
    if table.options.mark:
        return table.options.mark
    ours = evidence([*_counts(entries[plain]).items(), *others.items()])
    mark = decimal_mark(ours, table.separator, None)
    if ours.either and not ours.decided:
        mark = decimal_mark(ours, table.separator, table.neighbors_decimal(column))
    if mark is None:
        raise _question(column, ours)
    return mark


def _question(column: str, found: Evidence) -> AmbiguousNumberError:
    example = found.example
    made = written(example)
    point, comma = made.value(POINT), made.value(COMMA)
    low, high = sorted((point, comma), key=abs)
    return AmbiguousNumberError(
        f"Column {short_repr(column)}: “{example}” may be {low:.10g} or {high:.10g}. Choose the "
        f"decimal mark: point or comma."
    )


def _usual_mark(
    found: dict[str, Written | None], others: dict[str, int], n_plain: int, decimal: str
) -> str:
    """Return the unit or currency that most numbers have, "" if that is none."""
    counts: Counter[str] = Counter({"": n_plain})
    for text, made in found.items():
        if made is not None and not made.limit and made.value(decimal) is not None:
            counts[made.mark] += others[text]
    return counts.most_common(1)[0][0]


def _remarks(
    decimal: str,
    mark: str,
    table: Table,
    column: str,
    rest: dict[str, int],
    read: dict[str, tuple[float, str]],
) -> tuple[str, ...]:
    """Return what a reader could take for something else, each with an example."""
    remarks = []
    kept = [text for text in rest if not read[text][1]]
    if decimal == COMMA:
        remarks.append("decimal mark “,”")
    grouped = next((t for t in kept if _differs(written(t), decimal)), None)
    if grouped is not None:
        sign = _group_sign(written(grouped).body, decimal)
        value = f"{read[grouped][0]:.12g}"
        remarks.append(f"“{sign}” between thousands: “{grouped}” is read as {value}")
    if mark:
        remarks.append(f"“{mark}” beside every number")
    brackets = next((t for t in kept if written(t).brackets), None)
    if brackets is not None:
        remarks.append(f"“{brackets}” is read as the negative number {read[brackets][0]:.12g}")
    limit = next((t for t in kept if written(t).limit), None)
    if limit is not None:
        count = sum(rest[t] for t in kept if written(t).limit)
        remarks.append(f"{count:,} limits such as “{limit}” taken as values")
    doubtful = _doubtful(table, column, decimal)
    if doubtful is not None and grouped is None:
        text, value = doubtful
        remarks.append(f"“{text}” is read as {value:.12g}, the “{decimal}” as a decimal mark")
    return tuple(remarks)


def _differs(found: Written, decimal: str) -> bool:
    """Return whether a number has marks between its thousands."""
    whole = found.body.split(decimal)[0]
    return bool(whole) and not whole.isdigit()


def _group_sign(body: str, decimal: str) -> str:
    return next(c for c in body if not c.isdigit() and c != decimal)


def _doubtful(table: Table, column: str, decimal: str) -> tuple[str, float] | None:
    """Return a number with three decimals that could be one with thousands, if all are such."""
    ours = evidence(Counter(table.frame[column].astype(str)[:LOOKED_AT]).items())
    sure = ours.point + ours.comma > ours.either / RARE
    if not ours.either or sure or decimal not in ours.example:
        return None
    return ours.example, written(ours.example).value(decimal)
