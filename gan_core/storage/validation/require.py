"""Basic checks of values; each raises ValueError with one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from gan_core.registry import short_repr

MAX_STEPS = 10**15


def require(holds: bool, part: str, words: str) -> None:
    if not holds:
        raise ValueError(f"{part} {words}.")


def same_names(part: str, given: Any, wanted: Any) -> None:
    require(isinstance(given, Mapping), part, "is no object")
    if set(given) != set(wanted):
        odd = sorted(map(str, set(given) ^ set(wanted)))
        raise ValueError(f"{part} has other parts than it should: {short_repr(odd)}.")


def check_tensor(part: str, given: Any, dtype: torch.dtype, shape: torch.Size) -> None:
    fits = isinstance(given, torch.Tensor) and given.dtype == dtype and given.shape == shape
    require(fits, part, f"is not a tensor of {dtype} and shape {tuple(shape)}")


def check_stride(part: str, stride: Any) -> None:
    require(
        is_int_in(stride, 1, MAX_STEPS) and not stride & (stride - 1), part, "has a wrong stride"
    )


def is_int_in(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def number(value: Any) -> bool:
    return isinstance(value, float) or is_int_in(value, -MAX_STEPS, MAX_STEPS)


def normalize(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
