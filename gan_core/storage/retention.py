"""Retention of checkpoints: the newest, the best, and one per doubling of the steps stay."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from gan_core.runtime.files import write_atomically
from gan_core.storage.run_folder import ABOUT, CheckpointFile, RunFolder
from gan_core.storage.run_lock import is_held_elsewhere
from gan_core.storage.runs_folder import all_folders, runs_folder

NEWEST = 3
MAX_SAMPLES = 120
DEFAULT_BUDGET = 4 * 10**9
"""Bytes of all runs together, if the user has not set another number."""

SETTINGS = "settings.json"


def budget() -> int:
    """Return the maximum number of bytes of all runs together."""
    try:
        given = json.loads((runs_folder() / SETTINGS).read_bytes())["budget_bytes"]
        return given if isinstance(given, int) and given > 0 else DEFAULT_BUDGET
    except (OSError, ValueError, LookupError, TypeError):
        return DEFAULT_BUDGET


def set_budget(size: int) -> None:
    """Set the maximum number of bytes of all runs together.

    Raises:
        OSError: if the setting cannot be written.
    """
    runs_folder().mkdir(parents=True, exist_ok=True)
    write_atomically(runs_folder() / SETTINGS, json.dumps({"budget_bytes": size}).encode())


def apply_retention(
    folder: RunFolder, measured: Mapping[str, float], whole: int | None = None
) -> None:
    """Delete some of a run's checkpoints and samples; more, of all runs, beyond the budget.

    Beyond it the checkpoints of other runs go first, see `free_up`. Of the run itself, four
    checkpoints always stay: the newest, the one before it, the best by `measured`, and that of step
    `whole`, which is known to be readable (newer ones may be damaged).
    """
    kept = folder.checkpoints
    stay, least = (
        {*checkpoints_to_keep(kept, measured, octaves), *(k for k in kept if k.step == whole)}
        for octaves in (True, False)
    )
    for checkpoint in kept:
        if checkpoint not in stay:
            checkpoint.path.unlink(missing_ok=True)
    _thin_samples(folder.path / "samples")
    over = used() - budget()
    if over > 0:
        over -= free_up(over, spared=folder)
    for checkpoint in kept:
        if over > 0 and checkpoint in stay - least:
            over -= checkpoint.size
            checkpoint.path.unlink(missing_ok=True)


def used() -> int:
    """Return the bytes of all runs together."""
    return sum(folder.size for folder in all_folders())


def free_up(wanted: int, spared: RunFolder | None = None) -> int:
    """Delete old checkpoints of all runs but `spared` until `wanted` bytes are free; return them.

    The run that was saved longest ago comes first. The newest two of each and the best stay, and
    all of a run that another process has open.
    """
    freed = 0
    for folder in sorted(all_folders(), key=_saved_at):
        if freed >= wanted:
            break
        if (spared is not None and folder.id == spared.id) or is_held_elsewhere(folder.path):
            continue
        about = folder.read_metadata()
        for checkpoint in dispensable(folder, {} if about is None else about.measured):
            if freed < wanted:
                freed += checkpoint.size
                checkpoint.path.unlink(missing_ok=True)
    return freed


def dispensable(folder: RunFolder, measured: Mapping[str, float]) -> list[CheckpointFile]:
    """Return the checkpoints that may go where room is needed, oldest first."""
    kept = folder.checkpoints
    stay = checkpoints_to_keep(kept, measured, octaves=False)
    return [checkpoint for checkpoint in kept if checkpoint not in stay]


def _saved_at(folder: RunFolder) -> float:
    try:
        return (folder.path / ABOUT).stat().st_mtime
    except OSError:
        return 0.0


def newest_and_best(
    kept: list[CheckpointFile], measured: Mapping[str, float]
) -> list[CheckpointFile]:
    """Return the newest checkpoint, and the best by `measured` if one was measured."""
    known = [checkpoint for checkpoint in kept if str(checkpoint.step) in measured]
    best = min(known, key=lambda checkpoint: measured[str(checkpoint.step)], default=None)
    return [*kept[-1:], *([] if best is None else [best])]


def checkpoints_to_keep(
    kept: list[CheckpointFile], measured: Mapping[str, float], octaves: bool = True
) -> list[CheckpointFile]:
    """Return the checkpoints that stay, oldest first."""
    stay = {*(kept[-NEWEST:] if octaves else kept[-2:]), *newest_and_best(kept, measured)}
    if octaves:
        first: dict[int, CheckpointFile] = {}
        for checkpoint in kept:
            first.setdefault(checkpoint.step.bit_length(), checkpoint)
        stay |= set(first.values())
    return sorted(stay, key=lambda checkpoint: checkpoint.step)


def _thin_samples(folder: Path) -> None:
    """Delete every second picture if there are too many; the newest stays."""
    pictures = sorted(folder.glob("step-*.png"))
    if len(pictures) > MAX_SAMPLES:
        for path in pictures[-2::-2]:
            path.unlink(missing_ok=True)
