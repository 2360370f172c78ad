"""A whole run in one safetensors file: weights, moments, generators, history and config.

Everything that is not a tensor is JSON in the file's header, and so is the SHA-256 of the whole
file (computed with zeros in its own place). Nothing is pickled.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch.utils._pytree import keystr, tree_leaves_with_path

from gan_core.config import ExperimentConfig
from gan_core.data.own_data import absent_source
from gan_core.registry import error_text
from gan_core.runtime.files import write_atomically
from gan_core.storage.nested_tensors import put_tensors, take_tensors
from gan_core.storage.validation import state as validation
from gan_core.training.monitoring.change_log import used_losses
from gan_core.training.monitoring.state_history import StateSnapshot
from gan_core.training.trainer import Trainer

FORMAT = 3
UNSEALED = b'"sha256":"' + 64 * b"0" + b'"'
CHECKSUM = re.compile(rb'"sha256":"([0-9a-f]{64})"')
STATE_KEYS = (
    *("generator", "discriminator", "ema", "optimizer_g", "optimizer_d"),
    *("rng", "latest", "z", "labels", "z_is_fresh", "counters"),
)
"""Parts of a state on which the next step depends; the other parts are history."""

STAY_ON_CPU = ("rng", "timeline", "history", "metric_history")
STREAM_BYTES = {5_056, 16}
"""Bytes of the state of a random generator on the CPU and on a GPU."""

MAX_HEADER = 100 * 2**20
"""Bytes; the safetensors library accepts no larger header either."""


def save(trainer: Trainer, path: Path) -> None:
    """Write the run to `path`, completely or not at all."""
    write_atomically(path, to_bytes(capture(trainer)))


def capture(trainer: Trainer) -> dict[str, Any]:
    """Return a copy of the content of a checkpoint; `to_bytes` can encode it later."""
    with trainer.lock:
        return {
            "config": trainer.config.to_dict(),
            "device": trainer.device.type,
            "engine_from": trainer.engine_selector.engine_from,
            "state": trainer.state_dict(),
        }


def to_bytes(content: dict[str, Any]) -> bytes:
    """Return the file of a content that `capture` returned."""
    tensors: dict[str, torch.Tensor] = {}
    rest = take_tensors(content, "", tensors)
    metadata = {"format": str(FORMAT), "sha256": 64 * "0"}
    metadata |= {name: json.dumps(part) for name, part in rest.items()}
    return _sealed(safetensors.torch.save(tensors, metadata))


def read(path: Path) -> dict[str, Any]:
    """Return the content that `capture` returned when the checkpoint was written.

    Raises:
        ValueError: if the file is not a whole checkpoint of this format.
    """
    try:
        return _unpacked(path.read_bytes())
    except READ_ERRORS as error:
        raise ValueError(f"{path.name} is not a whole checkpoint: {error_text(error)}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path.name} cannot be used as a checkpoint: {error_text(error)}"
        ) from None


READ_ERRORS = (safetensors.SafetensorError, OSError, LookupError, TypeError, AttributeError)
"""Errors inside `read` for files of other kinds."""


def digest(content: dict[str, Any]) -> str:
    """Return the SHA-256 over weights, EMA, optimizer moments and random generators.

    Two runs with the same digest are in the same state, bit for bit.
    """
    made = hashlib.sha256()
    for part in ("generator", "discriminator", "ema", "optimizer_g", "optimizer_d", "rng"):
        leaves = {keystr(p): v for p, v in tree_leaves_with_path({part: content["state"][part]})}
        for path, leaf in sorted(leaves.items()):
            made.update(path.encode())
            if isinstance(leaf, torch.Tensor):
                made.update(f"{leaf.dtype}{list(leaf.shape)}".encode())
                made.update(leaf.contiguous().flatten().view(torch.uint8).numpy().tobytes())
            else:
                made.update(json.dumps(leaf).encode())
    return made.hexdigest()


def load(path: Path, device: str = "cpu", engine: str = "auto", needs_data: bool = True) -> Trainer:
    """Return the run stored in `path`; its next step is that of the saved run, bit for bit.

    On a device of another kind its random generators start from their seed: states of a CPU's
    generators do not fit a GPU's.

    Raises:
        ValueError: if the file is not a whole checkpoint of this format.
    """
    content = read(path)
    try:
        return restore_trainer(content, device, engine, needs_data)
    except RESTORE_ERRORS as error:
        raise ValueError(
            f"{path.name} cannot be used as a checkpoint: {error_text(error)}"
        ) from None


RESTORE_ERRORS = (LookupError, RuntimeError, TypeError, AttributeError, OverflowError, ValueError)
"""Errors of `restore_trainer` for a content that is not a run."""


def past_of(trainer: Trainer, max_bytes: int) -> list[dict[str, Any]] | None:
    """Return the states that the run has in memory, or None above `max_bytes` in total."""
    snapshots = trainer.state_history.snapshots
    if sum(waypoint.nbytes for waypoint in snapshots) > max_bytes:
        return None
    return [
        {"step": w.step, "config": w.config.to_dict(), "state": dict(w.state)} for w in snapshots
    ]


def state_from_checkpoint(trainer: Trainer, content: dict[str, Any]) -> StateSnapshot:
    """Return the state of a run that one of its checkpoints holds.

    Raises:
        ValueError: if the checkpoint is damaged or of another run.
    """
    try:
        state = {name: content["state"][name] for name in STATE_KEYS}
        row = {"step": state["counters"]["step"], "config": content["config"], "state": state}
        return next(states_in(trainer, {"past": [row]}))
    except RESTORE_ERRORS as error:
        raise ValueError(f"The checkpoint cannot be used: {error_text(error)}") from None


def load_timeline(trainer: Trainer, path: Path) -> None:
    """Load the grids that were kept of a run, up to its present step.

    Raises:
        ValueError: if the file does not hold such grids.
    """
    content = read(path)
    try:
        validation.check_timeline(trainer, content["timeline"])
    except RESTORE_ERRORS as error:
        raise ValueError(f"{path.name} cannot be used: {error_text(error)}") from None
    trainer.timeline.load_state_dict(content["timeline"])
    trainer.timeline.truncate_after(trainer.step_count)


def load_state_history(trainer: Trainer, path: Path) -> None:
    """Load the states that were in a run's memory into its history, up to its present step.

    Raises:
        ValueError: if the file does not hold such states.
    """
    content = read(path)
    try:
        for waypoint in states_in(trainer, content):
            if waypoint.step <= trainer.step_count:
                trainer.state_history.keep(waypoint)
    except RESTORE_ERRORS as error:
        raise ValueError(f"{path.name} cannot be used: {error_text(error)}") from None


def states_in(trainer: Trainer, content: dict[str, Any]) -> Iterator[StateSnapshot]:
    """Yield the states of a file of a run's past, after a check of each.

    Raises:
        one of `RESTORE_ERRORS`: if one is not of this run.
    """
    known: tuple[Any, ExperimentConfig] = ({}, trainer.config)
    for row in content["past"]:
        if row["config"] != known[0]:
            known = row["config"], ExperimentConfig.from_dict(row["config"])
        state = state_to_device(trainer, row["state"])
        validation.check_waypoint(trainer, known[1], row["step"], state)
        yield StateSnapshot(row["step"], known[1], state)


def state_to_device(trainer: Trainer, state: Any) -> dict[str, Any]:
    """Move a state to a run's device; generators of another kind of device are not taken over.

    Raises:
        one of `RESTORE_ERRORS`: if it is not a state.
    """
    if not isinstance(state, dict):
        raise ValueError("its state is no object.")
    state = _on(trainer.device, state)
    if "changes" in state and "losses" not in state:  # as earlier versions wrote it
        state["losses"] = used_losses(state["changes"], trainer.config.loss)
    own = {name: rng.get_state() for name, rng in trainer.gan.rng.items()}
    sizes = {len(stream) for stream in state["rng"].values()}
    if sizes <= STREAM_BYTES and sizes != {len(stream) for stream in own.values()}:
        state["rng"] = own
    return state


def restore_trainer(
    content: dict[str, Any], device: str, engine: str, needs_data: bool = True
) -> Trainer:
    """Return the run that a checkpoint holds.

    With `needs_data` false a run whose data are missing is opened to be looked at.

    Raises:
        one of `RESTORE_ERRORS`: if the content is not that of a run.
    """
    validation.check_envelope(content)
    config = ExperimentConfig.from_dict(content["config"])
    absent = None if needs_data else absent_source(config.dataset)
    trainer = Trainer(config, device, engine, content["engine_from"], absent)
    state = state_to_device(trainer, content["state"])
    validation.check_state(trainer, config, state)
    trainer.load_state_dict(state)
    return trainer


def _on(device: torch.device, value: Any) -> Any:
    """Return nested values with every tensor on the device, but those of `STAY_ON_CPU`."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {k: v if k in STAY_ON_CPU else _on(device, v) for k, v in value.items()}
    if isinstance(value, list):
        return [_on(device, part) for part in value]
    return value


def _sealed(content: bytes) -> bytes:
    place = content.index(UNSEALED)
    digest = hashlib.sha256(content).hexdigest().encode()
    made = bytearray(content)
    made[place : place + len(UNSEALED)] = b'"sha256":"' + digest + b'"'
    return bytes(made)


def _unpacked(content: bytes) -> dict[str, Any]:
    """Return the content that `to_bytes` encoded, after a check of its checksum.

    Raises:
        ValueError, LookupError, SafetensorError: if it is not such a file, or is damaged.
    """
    length = int.from_bytes(content[:8], "little")
    if not 8 < length <= min(len(content) - 8, MAX_HEADER):
        raise ValueError("it is empty, cut short or no safetensors file.")
    try:
        metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    except ValueError:
        raise ValueError("its header is damaged.") from None
    if metadata.get("format") != str(FORMAT):
        raise ValueError(f"its format is {metadata.get('format')!r}, not {FORMAT}.")
    seal = CHECKSUM.search(content, 8, 8 + length)
    if seal is None:
        raise ValueError("its checksum is missing.")
    digest, view = hashlib.sha256(), memoryview(content)
    for part in (view[: seal.start()], UNSEALED, view[seal.end() :]):
        digest.update(part)
    if digest.hexdigest().encode() != seal[1]:
        raise ValueError("it is damaged: its checksum does not fit its content.")
    rest = {k: json.loads(v) for k, v in metadata.items() if k not in ("format", "sha256")}
    return put_tensors(rest, safetensors.torch.load(content))
