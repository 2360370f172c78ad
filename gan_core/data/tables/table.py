"""A file as a table of texts, with how it was understood."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from gan_core.data.tables.dialect import (
    ALIGNED,
    ONE_COLUMN,
    SEPARATORS,
    Dialect,
    aligned,
    find_dialect,
    has_header,
    refuse_long_row,
    split_lines,
)
from gan_core.data.tables.encoding import decode_text
from gan_core.data.tables.number_format import COMMA, POINT, evidence
from gan_core.registry import check_knobs, error_text, knob

ENCODINGS = (
    *("auto", "utf-8", "utf-16", "cp1252", "cp1250", "cp1251", "cp850"),
    *("mac_roman", "shift_jis", "gb18030"),
)
LOOKED_AT = 2_000
"""Rows from which decimal marks and the header are found out."""


@dataclass(frozen=True)
class TableOptions:
    """How a table is read; `auto` finds it out.

    Raises:
        ValueError: for a value that is not among the choices.
    """

    separator: str = knob("auto", choices=("auto", *SEPARATORS), help="What is between columns.")
    decimal: str = knob(
        "auto",
        choices=("auto", "point", "comma"),
        label="decimal mark",
        help="Point: 1.5 and 1,234. Comma: 1,5 and 1.234.",
    )
    header: str = knob(
        "auto", choices=("auto", "yes", "no"), help="Whether the first row holds names."
    )
    encoding: str = knob("auto", choices=ENCODINGS, help="How letters are stored as bytes.")
    limits: str = knob(
        "leave out",
        choices=("leave out", "take"),
        label="entries such as <5",
        help="Leave out: the law loses that end. Take: the limit counts as the value, 5.",
    )

    def __post_init__(self) -> None:
        check_knobs(self, "table")

    @property
    def mark(self) -> str | None:
        """The chosen decimal mark; None if it is to be found out."""
        return {"point": POINT, "comma": COMMA}.get(self.decimal)


@dataclass(frozen=True, eq=False)
class Table:
    """A table of texts: `frame` has a column of entries for each name."""

    frame: pd.DataFrame
    options: TableOptions = field(default_factory=TableOptions)
    encoding: str = "utf-8"
    separator: str = ","
    header: bool = True
    skipped: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        return list(self.frame.columns)

    @property
    def may_be_one_column(self) -> bool:
        """Whether two columns of whole numbers may be one with decimal commas."""
        if self.separator != COMMA or self.header or len(self.columns) != 2:
            return False
        if self.options.separator != "auto":
            return False
        head = self.frame[:LOOKED_AT]
        return all(head[name].str.fullmatch(r"-?[0-9]+").all() for name in self.columns)

    def neighbors_decimal(self, column: str) -> str | None:
        """Return the decimal mark that the other columns have without doubt; None if none has."""
        found = {
            evidence(Counter(self.frame[other][:LOOKED_AT]).items()).decided
            for other in self.columns
            if other != column and not pd.api.types.is_numeric_dtype(self.frame[other])
        } - {None}
        return found.pop() if len(found) == 1 else None

    def understanding(self) -> str:
        """Return in a sentence how the file was read."""
        names = {value: name for name, value in SEPARATORS.items()}
        between = names.get(self.separator, "blanks")
        one = self.separator == ONE_COLUMN or len(self.columns) == 1
        parts = [
            self.encoding,
            "one column" if one else f"{len(self.columns)} columns, {between} between them",
            "names in the first row" if self.header else "no header",
        ]
        words = "Read as " + "; ".join(parts) + "."
        if self.may_be_one_column:
            row = ",".join(self.frame.iloc[0])
            words += f" If “{row}” is one number, choose the separator “none”."
        if self.skipped:
            examples = ", ".join(f"“{line[:60]}”" for line in self.skipped[:3])
            count = len(self.skipped)
            words += f" {count} {'line' if count == 1 else 'lines'} before it left out: {examples}."
        return words


def read_table(content: bytes, options: TableOptions | None = None) -> Table:
    """Read a CSV file, with or without a header, with any separator and in any encoding.

    Raises:
        ValueError: if it is not a table; the message gives the reason.
    """
    options = options or TableOptions()
    text, encoding = decode_text(content, options.encoding)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    dialect = find_dialect(text, SEPARATORS.get(options.separator))
    rest = text.split("\n", dialect.start)[-1] if dialect.start else text
    if not rest.strip():
        raise ValueError("This file has no rows.")
    if dialect.separator == ALIGNED:
        rest = "\n".join(map(aligned, rest.split("\n")))
    head = split_lines(rest[: 1 << 18].split("\n")[:200], _plain(dialect), dialect.quote)
    header = has_header(head) if options.header == "auto" else options.header == "yes"
    frame = _parse(rest, dialect)
    return _named(frame, dialect, len(head[0]) if header else 0, options, encoding)


def _plain(dialect: Dialect) -> str:
    return "\t" if dialect.separator == ALIGNED else dialect.separator


def _parse(text: str, dialect: Dialect) -> pd.DataFrame:
    """Return all rows as texts; a column more than the usual is kept if it has entries."""
    width = max(dialect.width, 1)
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=dialect.pattern,
            header=None,
            names=list(range(width + 1)),
            index_col=False,
            dtype=str,
            keep_default_na=False,
            na_filter=False,
            skipinitialspace=True,
            quotechar=dialect.quote,
            low_memory=False,
        )
    except pd.errors.ParserError as error:
        found = re.search(r"line (\d+), saw (\d+)", str(error))
        if found is None:
            raise ValueError(f"This file cannot be read as a table: {error_text(error)}") from None
        number = int(found[1]) + dialect.start
        raise refuse_long_row(number, int(found[2]), width) from None
    return frame.fillna("")


def _named(
    frame: pd.DataFrame,
    dialect: Dialect,
    header_width: int,
    options: TableOptions,
    encoding: str,
) -> Table:
    """Return the table with the names of its columns, without columns that are empty.

    `header_width` is the number of names in the first row, 0 if it holds none.
    """
    header = header_width > 0
    width = dialect.width
    names: list[str] = []
    skipped = dialect.skipped
    if header:
        names = [str(entry).strip() for entry in frame.iloc[0]]
        frame = frame.iloc[1:]
    elif dialect.commented and options.header == "auto":
        inside = re.sub(r"^\s*(#|//|%|--)\s*", "", dialect.commented)
        row = next(iter(split_lines([inside], dialect.separator, dialect.quote)), [])
        if len(row) == width:
            names, header, skipped = row, True, skipped[:-1]
    filled = [bool((frame[place].str.strip() != "").any()) for place in frame.columns]
    if header and header_width == width - 1 and filled[width - 1]:
        names = _names_of_rows(frame, dialect, names, width)
    if filled[width]:
        full = frame[width].str.strip() != ""
        line = int(full.to_numpy().argmax()) + 1 + header + dialect.start
        raise refuse_long_row(line, width + 1, width)
    keep = [place for place in range(width) if filled[place] or (names and names[place])]
    if not len(frame) or not any(filled):
        raise ValueError("This file has a header but no rows.")
    labels = _distinct([(names[place] if names else "") or f"column {place + 1}" for place in keep])
    frame = frame[keep].reset_index(drop=True)
    frame.columns = labels
    return Table(frame, options, encoding, dialect.separator, header, skipped)


def _names_of_rows(
    frame: pd.DataFrame, dialect: Dialect, names: list[str], width: int
) -> list[str]:
    """Return the names of a table whose rows have one entry more than its header.

    R writes such tables: the first entry is then the name of the row.

    Raises:
        ValueError: if the entry may be something else, such as decimals behind a comma.
    """
    first = frame[0].str.strip()
    counts = list(first[:3]) == ["1", "2", "3"][: len(first)]
    is_words = not first[:LOOKED_AT].str.fullmatch(r"[\d.,]*").any()
    if dialect.separator == COMMA and not is_words:
        raise refuse_long_row(2 + dialect.start, width, width - 1)
    if not (counts or is_words):
        raise refuse_long_row(2 + dialect.start, width, width - 1)
    return ["row", *names[: width - 1]]


def _distinct(names: list[str]) -> list[str]:
    """Return names of which none is there twice; the second `x` becomes `x (2)`."""
    seen: Counter[str] = Counter()
    made: list[str] = []
    for name in names:
        seen[name] += 1
        label = name if seen[name] == 1 else f"{name} ({seen[name]})"
        while label in made:
            seen[name] += 1
            label = f"{name} ({seen[name]})"
        made.append(label)
    return made
