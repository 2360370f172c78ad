"""A whole run in one safetensors file: weights, moments, generators, history and config.

Tensors are stored as such; everything else is JSON in the file's header. Nothing is pickled.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from gan_core.config import ExperimentConfig
from gan_core.data.store import write_atomically
from gan_core.trainer import Trainer

FORMAT = 2
TENSOR = "tensor:"


def save(trainer: Trainer, path: Path) -> None:
    """Write the run to `path`, whole or not at all."""
    tensors: dict[str, torch.Tensor] = {}
    with trainer.lock:
        rest = _take_tensors(trainer.state_dict(), "", tensors)
        config = trainer.config.to_dict()
    metadata = {"format": str(FORMAT), "config": json.dumps(config), "state": json.dumps(rest)}
    write_atomically(path, safetensors.torch.save(tensors, metadata))


def load(path: Path, device: str = "cpu") -> Trainer:
    """Return the run stored in `path`; its next step is the one it would have taken.

    Raises:
        ValueError: if the file is not a whole checkpoint of this format.
    """
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if metadata.get("format") != str(FORMAT):
            raise ValueError(f"its format is {metadata.get('format')!r}, not {FORMAT}")
        trainer = Trainer(ExperimentConfig.from_json(metadata["config"]), device)
        trainer.load_state_dict(_put_tensors(json.loads(metadata["state"]), tensors))
    except (safetensors.SafetensorError, OSError, LookupError, RuntimeError, TypeError) as error:
        reason = str(error).split("\n")[0][:200]
        raise ValueError(f"{path} is not a whole checkpoint: {reason}.") from None
    except ValueError as error:
        raise ValueError(f"{path} cannot be used: {error}") from None
    return trainer


def _take_tensors(value: Any, path: str, tensors: dict[str, torch.Tensor]) -> Any:
    """Return `value` with each tensor moved to `tensors` and replaced by its name."""
    if isinstance(value, torch.Tensor):
        tensors[path] = value.detach().cpu().contiguous()
        return TENSOR + path
    if isinstance(value, dict):
        return {str(k): _take_tensors(v, f"{path}/{k}", tensors) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_take_tensors(v, f"{path}/{i}", tensors) for i, v in enumerate(value)]
    return value


def _put_tensors(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """Undo `_take_tensors`; whole numbers among the keys are an optimizer's."""
    if isinstance(value, str) and value.startswith(TENSOR):
        return tensors[value.removeprefix(TENSOR)]
    if isinstance(value, dict):
        return {int(k) if k.isdigit() else k: _put_tensors(v, tensors) for k, v in value.items()}
    if isinstance(value, list):
        return [_put_tensors(v, tensors) for v in value]
    return value
