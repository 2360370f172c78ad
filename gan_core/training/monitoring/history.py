"""The past of a run, in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

MAX_POINTS = 2_000


class History:
    """Rows of numbers over steps, at most `MAX_POINTS` of them.

    A row is kept if its step is a multiple of `stride`. When the history is full the stride
    doubles and every row that no longer fits is dropped, so what is kept depends on the steps
    alone and not on when anybody looked.
    """

    def __init__(self, columns: list[str], most: int = MAX_POINTS) -> None:
        self.columns = columns
        self.max_points = most
        self.stride = 1
        self._rows: dict[int, tuple[float, ...]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def should_record(self, step: int) -> bool:
        return step % self.stride == 0

    def add(self, step: int, row: Mapping[str, float]) -> None:
        """Keep a row, if the stride wants it; a second row for the same step replaces it."""
        if not self.should_record(step):
            return
        self._rows[step] = tuple(row[column] for column in self.columns)
        while len(self._rows) > self.max_points:
            self.stride *= 2
            self._rows = {s: r for s, r in self._rows.items() if self.should_record(s)}

    def series(self, most: int | None = None) -> dict[str, np.ndarray]:
        """Return `step` and every column as arrays, thinned evenly to at most `most` points.

        The newest point is always among them.
        """
        steps = sorted(self._rows)
        if most is not None and len(steps) > most:
            every = -(-len(steps) // most)
            steps = steps[::-1][::every][::-1]
        table = np.array([self._rows[s] for s in steps], dtype=float).reshape(-1, len(self.columns))
        made = {column: table[:, i] for i, column in enumerate(self.columns)}
        return {"step": np.array(steps, dtype=int), **made}

    def truncate_after(self, step: int) -> None:
        """Drop every row of a later step."""
        self._rows = {s: r for s, r in self._rows.items() if s <= step}

    def to_dict(self) -> dict[str, object]:
        """Return everything, as JSON-able values."""
        return {
            "columns": self.columns,
            "most": self.max_points,
            "stride": self.stride,
            "rows": [[step, *row] for step, row in self._rows.items()],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, object]) -> History:
        history = cls(list(stored["columns"]), stored["most"])
        history.stride = stored["stride"]
        history._rows = {int(step): tuple(row) for step, *row in stored["rows"]}
        return history
