"""Table of all runs; only folders that have changed are read again."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image

from gan_core.config import ExperimentConfig
from gan_core.data.image_grid import png
from gan_core.evaluation.report import MetricResult
from gan_core.storage.evaluations import read_evaluations
from gan_core.storage.run_folder import ABOUT, RunFolder
from gan_core.storage.run_metadata import RunMetadata
from gan_core.storage.runs_folder import all_folders

ROW_PICTURE = (120, 60)
MAX_PICTURE_BYTES = 4_000_000
MAX_PICTURE_PIXELS = 4_000_000


@dataclass(frozen=True, eq=False)
class RunRow:
    """One row of the table of runs; `picture` is a small PNG, or None."""

    folder: RunFolder
    about: RunMetadata
    size: int
    picture: bytes | None
    config: ExperimentConfig
    quality: MetricResult | None = None
    """The latest evaluation by the metric that selects the best checkpoint."""

    @property
    def id(self) -> str:
        return self.folder.id


Stamp = tuple[int, int, int]


class RunIndex:
    """The rows of all runs, cached by the time and size of each `run.json`.

    The index is only in memory, and is updated from the folders at every call.
    """

    def __init__(self) -> None:
        self._rows: dict[str, tuple[Stamp | None, RunRow | None]] = {}
        self._lock = threading.Lock()

    def rows(self, only: Iterable[str] | None = None) -> list[RunRow]:
        """Return the readable runs, newest first; with `only`, those of these ids."""
        wanted = None if only is None else set(only)
        with self._lock:
            folders = [f for f in all_folders() if wanted is None or f.id in wanted]
            if wanted is None:
                here = {str(folder.path) for folder in folders}
                self._rows = {path: kept for path, kept in self._rows.items() if path in here}
            found = [self._row(folder) for folder in folders]
        rows = [row for row in found if row is not None]
        return sorted(rows, key=lambda row: (row.about.created, row.id), reverse=True)

    def _row(self, folder: RunFolder) -> RunRow | None:
        stamp = _stamp(folder)
        known = self._rows.get(str(folder.path))
        if known is None or known[0] != stamp or stamp is None:
            about = folder.metadata()
            row = None if about is None else _row_of(folder, about)
            known = self._rows[str(folder.path)] = stamp, row
        return known[1]


RUN_INDEX = RunIndex()
"""The one index of this process."""


def _row_of(folder: RunFolder, about: RunMetadata) -> RunRow:
    config = ExperimentConfig.from_dict(about.experiment)
    reports = read_evaluations(folder.path)
    best_by = config.dataset.kind.best_by
    quality = reports[-1].values.get(best_by) if reports else None
    return RunRow(folder, about, folder.size, _picture(folder), config, quality)


def _stamp(folder: RunFolder) -> Stamp | None:
    """Return a value that changes when `run.json` is written; None if there is no such file."""
    try:
        state = (folder.path / ABOUT).stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def _picture(folder: RunFolder) -> bytes | None:
    """Return a reduced copy of the run's thumbnail; None if it is too large or damaged."""
    path = folder.path / "thumbnail.png"
    try:
        if path.stat().st_size > MAX_PICTURE_BYTES:
            return None
        with Image.open(io.BytesIO(path.read_bytes()), formats=("PNG",)) as image:
            if image.width * image.height > MAX_PICTURE_PIXELS:
                return None
            small = image.convert("RGB")
            small.thumbnail(ROW_PICTURE, Image.Resampling.BOX)
            return png(small)
    except Exception:  # damaged pictures raise errors of many kinds
        return None
