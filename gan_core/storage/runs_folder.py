"""The folder of all runs: a place for a new one, and the way to one that is there."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

from gan_core.config import ExperimentConfig
from gan_core.runtime import settings
from gan_core.runtime.files import entries
from gan_core.storage.run_folder import RunFolder
from gan_core.storage.run_metadata import sanitize_name
from gan_core.training.trainer import Trainer

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
GIVEN_ID = re.compile(r"\d{8}-[0-9a-f]{16}")
"""Form of the ids that `new_id` returns."""


def runs_folder() -> Path:
    """Return the folder of all runs: `GAN_RUNS`, or `runs` beside the dashboard."""
    return settings.runs_folder()


def new_id() -> str:
    """Return a random id for a new run; it must be hard to guess, as it gives access to the run."""
    return f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(8)}"


def new_folder() -> RunFolder:
    """Return a folder for a new run; it is created when the run is saved."""
    return RunFolder(runs_folder() / new_id())


def find_run(run_id: str) -> RunFolder | None:
    """Return the run of that id, or None; the id is looked up and never becomes part of a path."""
    return next((folder for folder in all_folders() if folder.id == run_id), None)


def all_folders() -> list[RunFolder]:
    """Return all runs, in no particular order."""
    return [
        RunFolder(path)
        for path in entries(runs_folder())
        if RUN_ID.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
    ]


def resolve_run(run: str) -> RunFolder:
    """Return the run of a folder or of an id, as a user at this machine may give either.

    Raises:
        ValueError: if there is none.
    """
    if Path(run).is_dir():
        return RunFolder(Path(run))
    found = find_run(run)
    if found is None:
        raise ValueError(f"{run} is neither the folder of a run nor the id of one.")
    return found


def open_run(run: Path, device: str = "cpu", needs_data: bool = True) -> Trainer:
    """Return the run in the folder `run`, at its newest whole checkpoint; see `RunFolder.open`.

    Raises:
        ValueError: if there is none.
    """
    return RunFolder(run).open(device, needs_data=needs_data)[0]


def default_name(folder: RunFolder, config: ExperimentConfig) -> str:
    """Return the default name of a run: its folder's, or one from its dataset and loss."""
    if GIVEN_ID.fullmatch(folder.id):
        return sanitize_name(f"{config.dataset.label}, {config.loss.title.lower()}")
    return sanitize_name(folder.id)
