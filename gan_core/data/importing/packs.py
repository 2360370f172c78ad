"""Packs: pictures of one size on disk, read through the page cache instead of held in memory."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.lib import format as npy

from gan_core.data.base import ImageTensors
from gan_core.registry import short_repr
from gan_core.runtime.files import UPLOAD_ID, data_folder

READ_AT_ONCE = 1 << 24
"""Bytes of pictures that are read at a time where all of them are gone through."""


@dataclass(frozen=True)
class PackMeta:
    """What `meta.json` says of a pack: what a data set must know before it is opened."""

    title: str
    count: int
    shape: tuple[int, int, int]
    """Channels, height, width."""
    factors: Mapping[str, tuple[str, ...]]
    note: str = ""
    """What was left out, and why."""


def packs_folder() -> Path:
    """Return the folder of all packs, made if need be."""
    folder = data_folder() / "packs"
    folder.mkdir(exist_ok=True)
    return folder


def pack_folder(pack: str) -> Path | None:
    """Return the folder of a pack, or None; an id from a link is never more than looked up."""
    folder = packs_folder() / pack if UPLOAD_ID.fullmatch(pack) else None
    return folder if folder and (folder / "meta.json").is_file() else None


def find_pack(owner: str, pack: str) -> tuple[Path, PackMeta]:
    """Return the folder of a pack and what it says of itself.

    Raises:
        ValueError: in the name of the data set `owner`, if it is not on this machine.
    """
    folder = pack_folder(pack)
    if folder is None:
        raise ValueError(
            f"{owner}: upload = {short_repr(pack)} is not on this machine; choose the pictures "
            f"again."
        )
    try:
        return folder, read_meta(folder)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(f"{owner}: the stored pictures {pack} are damaged.") from None


@lru_cache(maxsize=64)
def read_meta(folder: Path) -> PackMeta:
    """Return what a pack says of itself."""
    kept = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    factors = {name: tuple(values) for name, values in kept.pop("factors").items()}
    shape = tuple(kept.pop("shape"))
    return PackMeta(**kept, shape=shape, factors=factors)


def open_pack(folder: Path, flips: bool = False) -> ImageTensors:
    """Return the pictures of a pack; their memory is the system's page cache.

    Raises:
        ValueError: if the files are damaged.
    """
    try:
        # Copy on write, because torch warns of arrays that cannot be written to.
        images = torch.from_numpy(np.load(folder / "images.npy", mmap_mode="c"))
        known = folder / "factors.npy"
        factors = torch.from_numpy(np.load(known)) if known.exists() else None
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"The stored pictures in {folder} are damaged: {error}.") from None
    return ImageTensors(images, factors, flips)


class PackWriter:
    """Appends pictures to a pack that is kept whole or not at all."""

    def __init__(self, folder: Path, channels: int, side: int) -> None:
        self.folder = folder
        self.shape = (channels, side, side)
        self.count = 0
        self._content = hashlib.sha256()
        self._file = (folder / "images.npy").open("wb")
        self._write_header()

    def append(self, pictures: np.ndarray) -> None:
        """Add bytes of shape (n, channels, height, width)."""
        content = np.ascontiguousarray(pictures, dtype=np.uint8).tobytes()
        self._file.write(content)
        self._content.update(content)
        self.count += len(pictures)

    def close(self) -> None:
        self._file.close()

    def pictures(self) -> Iterator[np.ndarray]:
        """Read back what was appended, a few thousand pictures at a time."""
        self._file.flush()
        size = int(np.prod(self.shape))
        with (self.folder / "images.npy").open("rb") as file:
            npy.read_magic(file)
            npy.read_array_header_1_0(file)
            while content := file.read(READ_AT_ONCE // size * size):
                yield np.frombuffer(content, np.uint8).reshape(-1, *self.shape)

    def keep(
        self,
        title: str,
        factors: Mapping[str, Sequence[str]],
        labels: np.ndarray | None = None,
        note: str = "",
        pack: str | None = None,
    ) -> str:
        """Put the pack in its place and return its id: `pack`, or the hash of its content.

        `labels`, of shape (n, factors), numbers the values of each picture.
        """
        self._file.seek(0)
        self._write_header()
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()
        named = {name: tuple(values) for name, values in factors.items()}
        if labels is not None:
            np.save(self.folder / "factors.npy", labels.astype(np.int64))
            self._content.update(labels.astype("<i8").tobytes())
        self._content.update(json.dumps([self.shape, named]).encode())
        meta = PackMeta(title, self.count, self.shape, named, note)
        text = json.dumps(asdict(meta), ensure_ascii=False, indent=1)
        (self.folder / "meta.json").write_text(text, encoding="utf-8")
        pack = pack or self._content.hexdigest()[:16]
        if pack_folder(pack) is None:
            self.folder.rename(packs_folder() / pack)
        return pack

    def _write_header(self) -> None:
        # Of one length whatever the count is: numpy leaves room for the first axis to grow.
        header = {"descr": "|u1", "fortran_order": False, "shape": (self.count, *self.shape)}
        npy.write_array_header_1_0(self._file, header)


@contextmanager
def new_pack(channels: int, side: int) -> Iterator[PackWriter]:
    """Give a writer; nothing stays on disk unless its `keep` was reached."""
    parent = tempfile.TemporaryDirectory(dir=packs_folder(), prefix=".making-")
    with parent as temporary:
        folder = Path(temporary) / "pack"
        folder.mkdir()
        writer = PackWriter(folder, channels, side)
        try:
            yield writer
        finally:
            writer.close()
