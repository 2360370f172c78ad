"""Checks of the records of a run: statistics over the steps, and grids of pictures."""

from __future__ import annotations

import io
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
from PIL import Image

from gan_core.storage.validation.require import (
    MAX_STEPS,
    check_stride,
    is_int_in,
    number,
    require,
    same_names,
)
from gan_core.training.monitoring.history import BIN_PARTS, MAX_POINTS


def check_history(part: str, given: Any, columns: list[str]) -> None:
    require(isinstance(given, Mapping), part, "is no object")
    same_names(part, dict.fromkeys(given.keys() - {"bins"}), ("columns", "most", "stride", "rows"))
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
        require(all(map(number, row[1:])), part, "has an entry that is not a number")
    places = [-(-row[0] // stride) for row in rows]
    require(all(a < b for a, b in pairwise(places)), part, "has rows that its stride leaves out")
    if "bins" in given:
        _check_bins(part, given["bins"], len(rows), len(columns))


def _check_bins(part: str, given: Any, rows: int, columns: int) -> None:
    require(isinstance(given, Mapping), part, "has bins that are no object")
    same_names(part, given, BIN_PARTS)
    for name in BIN_PARTS:
        dtype = torch.int32 if name == "count" else torch.float32
        fits = isinstance(given[name], torch.Tensor) and given[name].dtype == dtype
        require(fits and given[name].shape == (rows, columns), part, "has bins of another shape")
    low, high, mean, count = (given[name] for name in BIN_PARTS)
    empty, endless = count == 0, low.isinf() | high.isinf()
    ordered = (low <= mean) & (mean <= high) & (count > 0)
    require(bool((ordered | empty | endless).all()), part, "has bins whose mean lies outside")
    require(bool((low.isnan() == empty).all()), part, "has bins with wrong counts")


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
