"""Data sets that torchvision downloads, stored on the disk once they are complete."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gan_core.data.base import ImageTensors, Progress
from gan_core.runtime.files import data_folder

STALLED_SECONDS = 60
"""Seconds without new data after which a download is given up."""


def _temporary_folder(parent: Path) -> tempfile.TemporaryDirectory:
    # A download that was given up may still write files while the folder is deleted.
    return tempfile.TemporaryDirectory(dir=parent, prefix=".download-", ignore_cleanup_errors=True)


def _megabytes(folder: Path) -> float:
    sizes = []
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # it was renamed
            sizes.append(file.stat().st_size)
    return sum(sizes) / 1e6


@dataclass(frozen=True)
class TorchvisionDownload:
    """A torchvision data set in four gzipped IDX files, kept on disk once it is whole."""

    name: str
    """Name of a class in `torchvision.datasets`."""
    megabytes: float

    @property
    def dataset(self) -> type[Any]:
        # Imported only here: the import takes 1.5 s, which would delay the first page.
        import torchvision.datasets

        return getattr(torchvision.datasets, self.name)

    @property
    def title(self) -> str:
        return "These pictures are not on this machine yet."

    @property
    def action(self) -> str:
        return f"Download {self.megabytes:.0f} MB"

    @property
    def root(self) -> Path:
        return data_folder() / "torchvision"

    @property
    def folder(self) -> Path:
        return self.root / self.name

    def is_there(self) -> bool:
        return (self.folder / "raw").is_dir()

    def run(self, progress: Progress | None = None) -> None:
        """Download into a temporary folder; keep it only if every file is complete.

        Raises:
            ValueError: if the download fails; nothing of it is kept.
        """
        name = self.name
        self.root.mkdir(exist_ok=True)
        with _temporary_folder(self.root) as partial:
            failure: list[Exception] = []

            def work() -> None:
                try:
                    self.dataset(partial, download=True)
                except Exception as error:
                    failure.append(error)

            worker = threading.Thread(target=work, daemon=True)
            worker.start()
            done, last_news = 0.0, time.monotonic()
            while worker.is_alive():
                worker.join(0.2)
                before, done = done, _megabytes(Path(partial))
                if done > before:
                    last_news = time.monotonic()
                elif time.monotonic() - last_news > STALLED_SECONDS:
                    raise ValueError(f"{name}: the download stalled. Nothing was kept.")
                if progress:
                    share = min(done / self.megabytes, 1.0)
                    progress(share, f"{name}: {done:.1f} of {self.megabytes:.1f} MB")
            if failure:
                reason = " ".join(str(failure[0]).split())[:200]
                raise ValueError(f"{name} could not be downloaded ({reason}). Nothing was kept.")
            shutil.rmtree(self.folder, ignore_errors=True)
            shutil.move(Path(partial) / name, self.folder)

    @lru_cache(maxsize=4)  # noqa: B019 -- frozen, and there are three of them
    def load(self) -> ImageTensors:
        if not self.is_there():
            raise ValueError(
                f"{self.name} is not on this machine yet: it has to be downloaded "
                f"({self.megabytes:.0f} MB)."
            )
        whole = self.dataset(self.root)
        return ImageTensors(whole.data.unsqueeze(1), whole.targets.unsqueeze(1))
