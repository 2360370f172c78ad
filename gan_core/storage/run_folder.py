"""Run folders: everything that is saved of a run.

    run.json          metadata for the Runs page; rebuilt from the checkpoints if it is damaged
    config.json       the experiment
    checkpoints/      complete states, `step-00001234.safetensors`, each with its own checksum
    past.safetensors  the states in memory between the checkpoints, if they are small
    timeline.safetensors  the grids of samples that were kept over the steps
    metrics.csv       statistics and metrics over the steps
    steps.bin         the statistics of every single step
    evaluations.json  how good the generator was, wherever that was measured
    data.json         what is known of the user's own data, which lie in the data folder by hash
    samples/          pictures of generated samples
    thumbnail.png     the latest of these pictures
    .lock             lock of the process that has the run open
    .owner            digest of the secret of the browser that owns the run

Every file is written completely or not at all, and every file is checked when it is read.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gan_core.config import ExperimentConfig
from gan_core.data.own_data import MissingDataError
from gan_core.registry import error_text
from gan_core.runtime.device import resolve_device
from gan_core.runtime.files import PARTIAL, entries, is_being_written, write_atomically
from gan_core.storage import checkpoint, run_data
from gan_core.storage.run_lock import RunLock
from gan_core.storage.run_metadata import (
    METADATA_ERRORS,
    RunMetadata,
    format_metadata,
    parse_metadata,
    sanitize_name,
    sanitize_note,
    sanitize_tags,
)
from gan_core.training.engines.selector import resolve_engine
from gan_core.training.trainer import Trainer

CHECKPOINT = re.compile(r"step-(\d{8,12})\.safetensors")

CONFIG, ABOUT, PAST, METRICS = "config.json", "run.json", "past.safetensors", "metrics.csv"
GENERATOR, TIMELINE, STEPS = "generator.safetensors", "timeline.safetensors", "steps.bin"


@dataclass(frozen=True)
class CheckpointFile:
    """A checkpoint in a run's folder."""

    step: int
    path: Path

    @property
    def size(self) -> int:
        """Bytes of the file; 0 if it was deleted."""
        return _size(self.path)


class RunFolder:
    """A run on the disk; its id is the name of the folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: RunLock | None = None

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def checkpoints(self) -> list[CheckpointFile]:
        """The checkpoints, oldest first, including damaged ones."""
        folder = self.path / "checkpoints"
        found = [(CHECKPOINT.fullmatch(path.name), path) for path in entries(folder)]
        return sorted(
            (CheckpointFile(int(match[1]), path) for match, path in found if match),
            key=lambda k: k.step,
        )

    @property
    def size(self) -> int:
        """Bytes of all its files; other processes may add or delete files at the same time."""
        return sum(
            _size(Path(place) / name) for place, _, names in os.walk(self.path) for name in names
        )

    def checkpoint_path(self, step: int) -> Path:
        """Return the path of the checkpoint of a step."""
        return self.path / "checkpoints" / f"step-{step:08d}.safetensors"

    def create(self) -> None:
        """Create the folder; delete incomplete files of processes that were killed."""
        (self.path / "checkpoints").mkdir(parents=True, exist_ok=True)
        (self.path / "samples").mkdir(exist_ok=True)
        for place, _, names in os.walk(self.path):
            for left in (Path(place) / name for name in names if name.endswith(PARTIAL)):
                if not is_being_written(left):
                    left.unlink(missing_ok=True)

    def acquire_lock(self) -> None:
        """Keep other processes from opening the run, until `release_lock` or the end of this one.

        Raises:
            RunLockedError: if another process has it open.
        """
        if self._lock is None:
            self._lock = RunLock(self.path)
        self._lock.acquire()

    def release_lock(self) -> None:
        """Let other processes open the run."""
        if self._lock is not None:
            self._lock.release()

    def metadata(self) -> RunMetadata | None:
        """Return `run.json`, or data of the newest whole checkpoint; None if there is no run."""
        return self.read_metadata() or self._metadata_from_checkpoint()

    def read_metadata(self) -> RunMetadata | None:
        """Return the content of `run.json`; None if it is missing or damaged."""
        run_data.read_record(self.path)
        try:
            return parse_metadata((self.path / ABOUT).read_bytes())
        except METADATA_ERRORS:
            return None

    def _metadata_from_checkpoint(self) -> RunMetadata | None:
        for kept in reversed(self.checkpoints):
            try:
                content = checkpoint.read(kept.path)
                config = ExperimentConfig.from_dict(content["config"])
                saved = kept.path.stat().st_mtime
            except (*METADATA_ERRORS, *checkpoint.RESTORE_ERRORS):
                continue
            return RunMetadata(self.id, saved, saved, kept.step, config.to_dict())
        return None

    def write_metadata(self, about: RunMetadata) -> None:
        """Write `run.json`."""
        write_atomically(self.path / ABOUT, format_metadata(about))

    def rename(self, name: str) -> None:
        """Give the run another name, of at most `MAX_NAME_LENGTH` characters."""
        self._annotate(name=sanitize_name(name))

    def annotate(self, note: str, tags: Iterable[str]) -> None:
        """Give the run another note, and other tags."""
        self._annotate(note=sanitize_note(note), tags=sanitize_tags(tags))

    def mark_favourite(self, favourite: bool) -> None:
        """Make the run a favourite, or not."""
        self._annotate(favourite=favourite)

    def _annotate(self, **changes: Any) -> None:
        about = self.metadata()
        if about is not None:
            self.write_metadata(replace(about, **changes))

    def read(self, step: int | None = None) -> tuple[dict[str, Any], list[str]]:
        """Return the content of the newest whole checkpoint, and a sentence for each damaged one.

        With `step`, it is the newest one up to that step.

        Raises:
            ValueError: if there is none.
        """
        said: list[str] = []
        for kept in reversed(self.checkpoints):
            if step is not None and kept.step > step:
                continue
            try:
                return checkpoint.read(kept.path), said
            except ValueError as error:
                said.append(f"The checkpoint of step {kept.step:,} was left out: {error}")
        raise ValueError(
            " ".join(said) or f"{self.path} is not the folder of a run: it has no checkpoint."
        )

    def open(
        self,
        device: str = "auto",
        engine: str = "auto",
        step: int | None = None,
        needs_data: bool = True,
    ) -> tuple[Trainer, list[str]]:
        """Return the run at its newest whole checkpoint, and a sentence for each damaged one.

        With `needs_data` false a run whose data are missing is opened to be looked at.

        Raises:
            MissingDataError: if the user's own data are missing.
            ValueError: if there is no such device or engine, or if no checkpoint can be used.
        """
        resolve_engine(engine, resolve_device(device))
        run_data.read_record(self.path)
        said: list[str] = []
        for kept in reversed(self.checkpoints):
            if step is not None and kept.step > step:
                continue
            try:
                content = checkpoint.read(kept.path)
                trainer = checkpoint.restore_trainer(content, device, engine, needs_data)
            except MissingDataError:  # of this checkpoint as of all others
                raise
            except checkpoint.RESTORE_ERRORS as error:
                said.append(
                    f"The checkpoint of step {kept.step:,} was left out: {error_text(error)}"
                )
                continue
            self._load_state_history(trainer)
            self._load_timeline(trainer)
            return trainer, said
        raise ValueError(
            " ".join(said) or f"{self.path} is not the folder of a run: it has no checkpoint."
        )

    def _load_state_history(self, trainer: Trainer) -> None:
        """Load the states that were in memory; without them the run has only its checkpoints."""
        if (self.path / PAST).exists():
            try:
                checkpoint.load_state_history(trainer, self.path / PAST)
            except ValueError:
                (self.path / PAST).unlink(missing_ok=True)

    def _load_timeline(self, trainer: Trainer) -> None:
        """Load the grids; runs of earlier versions have them in their checkpoints."""
        if (self.path / TIMELINE).exists():
            try:
                checkpoint.load_timeline(trainer, self.path / TIMELINE)
            except ValueError:
                (self.path / TIMELINE).unlink(missing_ok=True)

    def digest(self) -> str:
        """Return the digest (SHA-256) of the newest whole checkpoint.

        Raises:
            ValueError: if there is none.
        """
        return checkpoint.digest(self.read()[0])

    def delete(self) -> None:
        """Remove the run from the disk."""
        shutil.rmtree(self.path, ignore_errors=True)


def _size(path: Path) -> int:
    """Return the bytes of a file; 0 if it was deleted."""
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0
