"""The past of a run, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch

MAX_POINTS = 2_000
MAX_SINGLE = 250
"""Steps that are drawn one by one; more are drawn in bins."""

BIN_PARTS = ("low", "high", "mean", "count")


@dataclass(frozen=True, eq=False)
class StepCurves:
    """Columns of numbers over bins of steps: minimum, maximum and mean of each bin.

    `step` is the last step of each bin that was recorded. A column is NaN where nothing was.
    """

    step: np.ndarray
    low: dict[str, np.ndarray]
    high: dict[str, np.ndarray]
    mean: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.step)

    @classmethod
    def of_points(cls, step: np.ndarray, values: dict[str, np.ndarray]) -> StepCurves:
        """Return curves of single numbers, which are their own minimum and maximum."""
        return cls(step, values, values, values)

    def after(self, step: int) -> StepCurves:
        """Return the bins that hold no step up to `step`."""
        starts = np.concatenate([[0], self.step[:-1]])
        return self if step <= 0 else self._at(starts >= step)

    def _at(self, place: np.ndarray) -> StepCurves:
        parts = ({n: row[place] for n, row in p.items()} for p in (self.low, self.high, self.mean))
        return StepCurves(self.step[place], *parts)

    def with_part(self, part: StepCurves) -> StepCurves:
        """Return these curves with the bins of `part` in the place of those between its ends."""
        if not len(part):
            return self
        before, after = self._at(self.step < part.step[0]), self._at(self.step > part.step[-1])
        pieces = (before, part, after)
        step = np.concatenate([piece.step for piece in pieces])
        parts = (
            {n: np.concatenate([getattr(piece, name)[n] for piece in pieces]) for n in self.low}
            for name in ("low", "high", "mean")
        )
        return StepCurves(step, *parts)

    def where(self, column: str) -> StepCurves:
        """Return the bins in which a column has a number."""
        return self._at(~np.isnan(self.mean[column]))

    def map(
        self, column: str, images: Mapping[str, Callable[[np.ndarray], np.ndarray]]
    ) -> StepCurves:
        """Return linear functions of a column, by their names."""
        low, high, mean = {}, {}, {}
        for name, image in images.items():
            ends = image(self.low[column]), image(self.high[column])
            low[name], high[name] = np.minimum(*ends), np.maximum(*ends)
            mean[name] = image(self.mean[column])
        return StepCurves(self.step, low, high, mean)

    def extremes(self, column: str) -> np.ndarray:
        """Return of each bin its minimum or maximum, whichever is farther from the mean."""
        low, high, mean = self.low[column], self.high[column], self.mean[column]
        return np.where(high - mean >= mean - low, high, low)


@dataclass(eq=False)
class Bins:
    """Rows of bins: `step` of shape (n,), all other arrays of shape (n, columns).

    `last` is the row of the bin's last step. `count` says how many numbers there were; NaN is
    none. The mean is in single precision, as the numbers of a step are.
    """

    step: np.ndarray
    last: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    count: np.ndarray

    @classmethod
    def empty(cls, n: int, columns: int) -> Bins:
        numbers = (np.empty((n, columns), np.float32) for _ in range(3))
        last, count = np.empty((n, columns)), np.empty((n, columns), np.int32)
        return cls(np.empty(n, np.int64), last, *numbers, count)

    @classmethod
    def of_rows(cls, steps: np.ndarray, table: np.ndarray) -> Bins:
        """Return a bin for each row."""
        with np.errstate(over="ignore"):
            value = table.astype(np.float32)
        return cls(steps, table, value, value, value, (~np.isnan(table)).astype(np.int32))

    def __len__(self) -> int:
        return len(self.step)

    def __getitem__(self, rows: slice) -> Bins:
        return Bins(*(getattr(self, field.name)[rows] for field in fields(self)))

    def write(self, start: int, bins: Bins) -> None:
        """Write `bins` over the rows from `start` on."""
        for field in fields(self):
            getattr(self, field.name)[start : start + len(bins)] = getattr(bins, field.name)

    def __add__(self, other: Bins) -> Bins:
        names = (field.name for field in fields(self))
        return Bins(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names))

    def merge(self, width: int) -> Bins:
        """Return bins of `width` steps that end at its multiples."""
        number = -(-self.step // width)
        starts = np.flatnonzero(np.diff(number, prepend=-1))
        if len(starts) == len(number):
            return self
        ends = np.append(starts[1:], len(number)) - 1
        count = np.add.reduceat(self.count, starts)
        total = np.where(self.count, self.mean.astype(float) * self.count, 0)
        mean = np.add.reduceat(total, starts) / np.where(count, count, np.nan)
        low, high = np.fmin.reduceat(self.low, starts), np.fmax.reduceat(self.high, starts)
        mean = np.clip(mean, low, high)  # it may be off by rounding
        return Bins(self.step[ends], self.last[ends], low, high, mean.astype(np.float32), count)


class History:
    """Numbers over the steps of a run, in at most `MAX_POINTS` bins of `stride` steps.

    When there are more, the stride doubles and two bins become one. A bin keeps the row of its
    last step, and the minimum, maximum and mean of all that were added: no peak is ever lost. What
    is kept depends on the rows alone and not on when anybody looked.
    """

    def __init__(self, columns: Sequence[str], most: int = MAX_POINTS) -> None:
        self.columns = list(columns)
        self.max_points = most
        self.stride = 1
        self._n = 0
        self._buffer = Bins.empty(min(most + 1, 64), len(self.columns))

    def __len__(self) -> int:
        return self._n

    @property
    def _bins(self) -> Bins:
        return self._buffer[: self._n]

    def add(self, step: int, row: Mapping[str, float]) -> None:
        """Add the row of one step; see `extend`."""
        table = np.array([[row[column] for column in self.columns]], dtype=float)
        self.extend(np.array([step]), table)

    def extend(self, steps: np.ndarray, table: np.ndarray) -> None:
        """Add rows, shape (n, columns), of ascending steps that are not before the last one.

        A second row of a step takes the place of the first.
        """
        new = Bins.of_rows(steps, table.astype(float))
        keep = max(self._n - 1, 0)
        tail = self._bins[keep:]
        if len(tail) and len(new) and tail.step[0] == new.step[0] and tail.count.max() <= 1:
            tail = tail[:0]
        self._write(keep, (tail + new).merge(self.stride))
        while self._n > self.max_points:
            self.stride *= 2
            self._write(0, self._bins.merge(self.stride))

    def _write(self, start: int, bins: Bins) -> None:
        self._n = start + len(bins)
        if self._n > len(self._buffer):
            larger = Bins.empty(2 * self._n, len(self.columns))
            larger.write(0, self._buffer[:start])
            self._buffer = larger
        self._buffer.write(start, bins)

    def series(self, most: int | None = None) -> dict[str, np.ndarray]:
        """Return `step` and every column as arrays: the last row of each bin.

        They are thinned evenly to at most `most` rows; the newest one is always among them.
        """
        every = 1 if most is None else max(1, -(-self._n // most))
        bins = self._bins[::-1][::every][::-1]
        made = {column: bins.last[:, i].copy() for i, column in enumerate(self.columns)}
        return {"step": bins.step.copy(), **made}

    def curves(self, most: int, first: int = 0, last: int | None = None) -> StepCurves:
        """Return the columns from step `first` to `last`: in about `most` bins, if they are many.

        The bins end at the same steps however long the run is, until they become twice as wide.
        """
        steps = self._bins.step
        end = self._n if last is None else int(np.searchsorted(steps, last, side="right"))
        bins = self._bins[int(np.searchsorted(steps, first)) : end]
        return curves_of(bins, self.columns, self.stride, most)

    def truncate_after(self, step: int) -> None:
        """Drop every bin that holds a later step."""
        self._n = int(np.searchsorted(self._bins.step, step, side="right"))

    def to_dict(self) -> dict[str, object]:
        """Return everything: JSON-able values, and tensors for the bins of several steps."""
        bins = self._bins
        rows = [
            [step, *row] for step, row in zip(bins.step.tolist(), bins.last.tolist(), strict=True)
        ]
        made = {
            "columns": self.columns,
            "most": self.max_points,
            "stride": self.stride,
            "rows": rows,
        }
        if self.stride > 1:
            made["bins"] = {name: torch.tensor(getattr(bins, name)) for name in BIN_PARTS}
        return made

    @classmethod
    def from_dict(cls, stored: Mapping[str, object]) -> History:
        history = cls(list(stored["columns"]), stored["most"])
        history.stride = stored["stride"]
        table = np.array([row[1:] for row in stored["rows"]], dtype=float)
        steps = np.array([row[0] for row in stored["rows"]], dtype=np.int64)
        bins = Bins.of_rows(steps, table.reshape(-1, len(history.columns)))
        for name, part in stored.get("bins", {}).items():
            setattr(bins, name, part.cpu().numpy())
        history._write(0, bins)
        return history


def curves_of(bins: Bins, columns: Sequence[str], width: int, most: int) -> StepCurves:
    """Return bins of `width` steps as curves, merged to about `most` points."""
    covered = int(bins.step[-1] - bins.step[0]) + width if len(bins) else 0
    if len(bins) > max(most, MAX_SINGLE):
        while covered > most * width:
            width *= 2
    bins = bins.merge(width)
    parts = (
        {column: getattr(bins, part)[:, i].copy() for i, column in enumerate(columns)}
        for part in ("low", "high", "mean")
    )
    return StepCurves(bins.step.copy(), *parts)
