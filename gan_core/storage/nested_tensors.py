"""Nested values whose tensors are kept apart, by names: what JSON cannot hold."""

from __future__ import annotations

from typing import Any

import torch

TENSOR = "tensor:"


def take_tensors(value: Any, path: str, tensors: dict[str, torch.Tensor]) -> Any:
    """Return `value` with each tensor moved to `tensors` and replaced by its name."""
    if isinstance(value, torch.Tensor):
        tensors[path] = value.detach().cpu().contiguous()
        return TENSOR + path
    if isinstance(value, dict):
        return {str(k): take_tensors(v, f"{path}/{k}", tensors) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [take_tensors(v, f"{path}/{i}", tensors) for i, v in enumerate(value)]
    return value


def put_tensors(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """Undo `take_tensors`; keys of digits become integers, as in an optimizer's state."""
    if isinstance(value, str) and value.startswith(TENSOR):
        return tensors[value.removeprefix(TENSOR)]
    if isinstance(value, dict):
        return {int(k) if k.isdigit() else k: put_tensors(v, tensors) for k, v in value.items()}
    if isinstance(value, list):
        return [put_tensors(v, tensors) for v in value]
    return value
