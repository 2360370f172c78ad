"""Which checkpoints stay: the newest, the best, and one for every doubling of the steps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from gan_core.runtime.files import write_atomically
from gan_core.storage.run_folder import CheckpointFile, RunFolder, all_folders, runs_folder

NEWEST = 3
MOST_SAMPLES = 120
DEFAULT_BUDGET = 4 * 10**9
"""Bytes of all runs together, unless the user has set another number."""

SETTINGS = "settings.json"


def budget() -> int:
    """Return how many bytes all runs together may take."""
    try:
        given = json.loads((runs_folder() / SETTINGS).read_bytes())["budget_bytes"]
        return given if isinstance(given, int) and given > 0 else DEFAULT_BUDGET
    except (OSError, ValueError, LookupError, TypeError):
        return DEFAULT_BUDGET


def set_budget(size: int) -> None:
    """Let all runs together take `size` bytes from now on.

    Raises:
        OSError: if that cannot be written down.
    """
    runs_folder().mkdir(parents=True, exist_ok=True)
    write_atomically(runs_folder() / SETTINGS, json.dumps({"budget_bytes": size}).encode())


def apply_retention(
    folder: RunFolder, measured: Mapping[str, float], whole: int | None = None
) -> None:
    """Thin a run's checkpoints and samples; further, if all runs are beyond the budget.

    Its newest, the one before it, its best by what was `measured` and the one of the step `whole`
    always stay: that one can be read for sure, and newer ones may be damaged.
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
    over = sum(other.size for other in all_folders()) - budget()
    for checkpoint in kept:
        if over > 0 and checkpoint in stay - least:
            over -= checkpoint.size
            checkpoint.path.unlink(missing_ok=True)


def checkpoints_to_keep(
    kept: list[CheckpointFile], measured: Mapping[str, float], octaves: bool = True
) -> list[CheckpointFile]:
    """Return the checkpoints that stay, oldest first."""
    stay = set(kept[-NEWEST:] if octaves else kept[-2:])
    known = [checkpoint for checkpoint in kept if str(checkpoint.step) in measured]
    if known:
        stay.add(min(known, key=lambda checkpoint: measured[str(checkpoint.step)]))
    if octaves:
        first: dict[int, CheckpointFile] = {}
        for checkpoint in kept:
            first.setdefault(checkpoint.step.bit_length(), checkpoint)
        stay |= set(first.values())
    return sorted(stay, key=lambda checkpoint: checkpoint.step)


def _thin_samples(folder: Path) -> None:
    """Drop every second picture when there are too many; the newest stays."""
    pictures = sorted(folder.glob("step-*.png"))
    if len(pictures) > MOST_SAMPLES:
        for path in pictures[-2::-2]:
            path.unlink(missing_ok=True)
