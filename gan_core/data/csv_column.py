"""Data set of the numbers in an uploaded CSV column."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
import torch
from scipy import ndimage, stats

from gan_core.data.base import DATASETS, BatchSource, Distribution, Distribution1D, Grid
from gan_core.data.own_data import (
    AbsentLaw,
    DataRecord,
    MissingDataError,
    absence,
    check_hash,
    known,
)
from gan_core.data.tables.column import AmbiguousNumberError, ColumnNumbers, column_numbers
from gan_core.data.tables.dialect import unknown_name
from gan_core.data.tables.table import LOOKED_AT, Table
from gan_core.registry import knob, short_repr
from gan_core.runtime.files import hash_of, load_values, store_values, values_file, values_title
from gan_core.shapes import Samples, Values

MAX_VALUES = 1_000_000
FILE_AND_COLUMN = re.compile(r".*?\.\w{1,5}, (.+)")
"""A title: the name of a file and of one of its columns."""

LARGEST_VALUE = 1e30
SMALLEST_STD = 1e-30
"""Training runs in float32; its numbers go from 1e-38 to 3e38."""


class EmpiricalLaw:
    """Every stored value is equally likely; only the drawn density is smoothed."""

    def __init__(self, values: Values, bandwidth: float) -> None:
        self.values = np.sort(values)
        self._mean, self._std = float(values.mean()), float(values.std())
        self.bandwidth = bandwidth * self.silverman()

    def silverman(self) -> float:
        """Return Silverman's bandwidth 0.9 · min(std, IQR / 1.34) · n^(−1/5) (1986, eq. 3.31)."""
        quarter, three_quarters = np.quantile(self.values, [0.25, 0.75])
        spread = min(self._std, (three_quarters - quarter) / 1.34) or self._std
        return 0.9 * spread * len(self.values) ** -0.2

    def pdf(self, x: Grid) -> Grid:
        reach = 6 * self.bandwidth
        low, high = self.values[0] - reach, self.values[-1] + reach
        bins = int(np.clip((high - low) / self.bandwidth * 8, 64, 2**16))
        counts, edges = np.histogram(self.values, bins=bins, range=(low, high), density=True)
        width = edges[1] - edges[0]
        density = ndimage.gaussian_filter1d(counts, self.bandwidth / width, mode="constant")
        return np.interp(x, (edges[:-1] + edges[1:]) / 2, density, left=0.0, right=0.0)

    def cdf(self, x: Grid) -> Grid:
        return np.searchsorted(self.values, x, side="right") / len(self.values)

    def ppf(self, q: Grid) -> Grid:
        rank = np.ceil(np.asarray(q) * len(self.values)).astype(int) - 1
        return self.values[np.clip(rank, 0, len(self.values) - 1)]

    def mean(self) -> float:
        return self._mean

    def std(self) -> float:
        return self._std

    def stats(self, moments: str = "mvs") -> tuple[float, float, float]:
        return self._mean, self._std**2, float(stats.skew(self.values))


@DATASETS.register(
    "csv_column",
    title="A column of my own",
    paper="drawn density: Silverman 1986, eq. 3.31",
    equation=r"P(x=x_i)=\tfrac1n,\quad i=1\dots n \\ \hat p(x)=\tfrac1n\sum_i N(x;x_i,h^2)"
    r" \\ h=0.9\,\texttt{bandwidth}\cdot\hat s\,n^{-1/5}",
)
@dataclass(frozen=True)
class CsvColumn(Distribution1D):
    """The numbers in one column of a CSV file of yours."""

    default_standardise = "both"
    upload_format = "table"
    upload: str = knob("", hidden=True, help="The id under which the numbers are stored.")
    bandwidth: float = knob(
        1.0, low=0.1, high=5.0, help="Smoothing of the drawn density, × Silverman's rule."
    )

    def __post_init__(self):
        super().__post_init__()
        self.distribution()

    @property
    def size(self):
        law = self.distribution()
        return law.count if isinstance(law, AbsentLaw) else len(law.values)

    def distribution(self) -> Distribution:
        kept = known(self.upload)
        if self.is_missing and kept is not None and kept.moments:
            return AbsentLaw(kept)
        return _law(self.upload, self.bandwidth)

    def part(self, index):
        return ColumnPart(EmpiricalLaw(self.distribution().values[index], self.bandwidth))

    @property
    def label(self):
        kept = known(self.upload)
        title = values_title(self.upload) or (kept.title if kept else "")
        return title or self.title

    @property
    def axis_name(self):
        if self.label == self.title:
            return super().axis_name
        found = FILE_AND_COLUMN.fullmatch(self.label)
        return found[1] if found else self.label

    @property
    def record(self):
        law, kept = self.distribution(), known(self.upload)
        if isinstance(law, AbsentLaw):
            return kept
        low, high = map(float, law.ppf(np.array([0.001, 0.999])))
        mean, variance, skew = law.stats()
        moments = {"mean": mean, "std": variance**0.5, "skew": skew, "low": low, "high": high}
        title = self.label if self.label != self.title else ""
        return DataRecord(self.upload, title, len(law.values), (1,), moments=moments)

    @property
    def files(self):
        path = values_file(self.upload)
        return {} if path is None else {"values.f64": path}

    def sample(self, n, rng, device="cpu") -> Samples:
        return self.open(torch.device(device)).batch(n, rng)

    def open(self, device) -> BatchSource:
        if self.is_missing:
            raise absence(self.record)
        values = torch.from_numpy(self.distribution().values.astype(np.float32))
        return ValueSource(values.to(device).unsqueeze(1))


@dataclass(frozen=True, eq=False)
class ColumnPart(Distribution1D):
    """Some values of a column; it is in no menu, and only distances are measured to it."""

    name = "column_part"
    law: EmpiricalLaw

    def distribution(self):
        return self.law

    def sample(self, n, rng, device="cpu") -> Samples:
        return ValueSource(torch.from_numpy(self.law.values)[:, None].to(device)).batch(n, rng)


@dataclass(frozen=True, eq=False)
class ValueSource:
    """Source that draws stored numbers with replacement."""

    values: torch.Tensor

    def batch(self, n: int, rng: torch.Generator) -> Samples:
        index = torch.randint(len(self.values), (n,), generator=rng, device=self.values.device)
        return self.values[index]


@lru_cache(maxsize=8)
def _law(upload: str, bandwidth: float) -> EmpiricalLaw:
    if not upload:
        raise ValueError("csv_column: choose a CSV file and one of its columns first.")
    # Rounded to float32 as in training; otherwise a sample of 0.1 exceeds a stored 0.1.
    if values_file(upload) is None:
        raise MissingDataError(
            f"csv_column: upload = {upload[:40]!r} is not on this machine; upload the file again."
        )
    values = load_values(upload).astype(np.float32).astype(float)
    return EmpiricalLaw(values, bandwidth)


def numeric_columns(table: Table) -> list[str]:
    """Return the columns that hold numbers; columns that only count the rows come last.

    A column that has fewer numbers than other entries comes after those that have more.

    Raises:
        ValueError: if there are none.
    """
    found = {}
    head = replace(table, frame=table.frame[:LOOKED_AT])
    for column in table.columns:
        try:
            made = column_numbers(head, column)
            if not len(made.values):
                made = column_numbers(table, column)
        except AmbiguousNumberError:  # they are numbers; which ones is asked when it is chosen
            found[column] = (False, False)
            continue
        if len(made.values):
            counts = bool((np.diff(made.values) == 1).all()) and len(made.values) > 2
            found[column] = (made.n_left_out > len(made.values), counts)
    if not found:
        raise ValueError("This file has no numbers in any of its columns.")
    return sorted(found, key=lambda column: found[column])


def store_column(
    table: Table | pd.DataFrame, column: str, file: str = "", expected: str | None = None
) -> tuple[CsvColumn, str]:
    """Store one column's numbers; return the data set and a sentence on how they were read.

    `file` is the name of the table's file.

    Raises:
        ValueError: if the column cannot be used, or its hash is not the `expected` one; the message
            gives the reason.
    """
    table = Table(table) if isinstance(table, pd.DataFrame) else table
    if column not in table.columns:
        raise unknown_name(column, table.columns)
    values, note = column_target(column_numbers(table, column), column)
    check_hash(hash_of(values), expected)
    title = f"{file}, {column}" if file else ""
    return CsvColumn(store_values(values, title)), note


def column_target(made: ColumnNumbers, column: str) -> tuple[Values, str]:
    """Return the values that would be stored, at most `MAX_VALUES`, and how they were read.

    Raises:
        ValueError: if they cannot be a target; the message gives the reason.
    """
    values = made.values
    check_values(values, short_repr(column), made.sentence())
    notes = [f"{len(values):,} numbers from column {column!r}", *made.remarks]
    if made.n_left_out:
        notes.append(made.sentence())
    if len(values) > MAX_VALUES:
        values = np.random.default_rng(0).choice(values, MAX_VALUES, replace=False)
        notes.append(f"{MAX_VALUES:,} of them drawn at random")
    return values, "; ".join(notes) + "."


def check_values(values: Values, name: str, left_out: str = "") -> None:
    """Raises: ValueError: if no distribution can be made of the numbers of a column.

    `left_out` says what else is in it.
    """
    if len(values) == 0:
        raise ValueError(f"Column {name} has no numbers. {left_out}".rstrip(" .") + ".")
    if not np.isfinite(values).all():
        raise ValueError(f"Column {name} has entries that are not finite.")
    if len(values) == 1:
        raise ValueError(f"Column {name} has only one number; a distribution needs more.")
    if values.min() == values.max():
        raise ValueError(f"Column {name} is constant ({values[0]:g}); nothing can be learnt.")
    if np.abs(values).max() > LARGEST_VALUE:
        raise ValueError(f"Column {name} has a number beyond ±{LARGEST_VALUE:g}.")
    if values.std() < SMALLEST_STD:
        raise ValueError(f"Column {name} varies by less than {SMALLEST_STD:g}; scale it up.")
    if values.std() < 1e-6 * abs(values.mean()):
        raise ValueError(
            f"Column {name} varies by less than a millionth of its mean, which float32 "
            "cannot resolve; subtract the mean first."
        )
