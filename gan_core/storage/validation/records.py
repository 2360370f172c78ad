"""Checks of the records of a run: statistics over the steps, and grids of pictures."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image

from gan_core.storage.validation.require import (
    MAX_STEPS,
    check_stride,
    is_int_in,
    number,
    require,
    same_names,
)
from gan_core.training.monitoring.history import MAX_POINTS


def check_history(part: str, given: Any, columns: list[str]) -> None:
    require(isinstance(given, Mapping), part, "is no object")
    same_names(part, given, ("columns", "most", "stride", "rows"))
    stride, rows = given["stride"], given["rows"]
    require(given["columns"] == columns, part, "has other columns")
    require(is_int_in(given["most"], 1, MAX_POINTS), part, "is longer than any")
    check_stride(part, stride)
    require(isinstance(rows, list) and len(rows) <= given["most"], part, "has too many rows")
    for row in rows:
        is_eval_step = isinstance(row, list) and len(row) == 1 + len(columns)
        require(
            is_eval_step and is_int_in(row[0], 0, MAX_STEPS), part, "has a row of another length"
        )
        require(row[0] % stride == 0, part, "has rows that its stride leaves out")
        require(all(map(number, row[1:])), part, "has an entry that is not a number")


def check_grid(content: bytes, size: int, shape: tuple[int, ...]) -> None:
    """Check a grid: its header must give the pixels of `size` samples before it is decoded."""
    channels, height, width = shape
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            wanted = (width, size * height), "L" if channels == 1 else "RGB"
            fits = (image.size, image.mode) == wanted
            if fits:
                image.load()
    except Exception:  # damaged pictures raise errors of many kinds
        fits = False
    require(fits, "timeline", "has a picture of another size, or a damaged one")
