"""Packs: pictures of one size in a file that is memory-mapped instead of loaded."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.lib import format as npy

from gan_core.data.base import ImageTensors
from gan_core.data.own_data import MissingDataError, check_hash
from gan_core.registry import short_repr
from gan_core.runtime.files import UPLOAD_ID, data_folder

READ_AT_ONCE = 1 << 24
"""Bytes of pictures per block when all pictures are read in order."""


@dataclass(frozen=True)
class PackMeta:
    """Content of a pack's `meta.json`: facts that are needed before the pack is opened."""

    title: str
    count: int
    shape: tuple[int, int, int]
    """Channels, height, width."""
    factors: Mapping[str, tuple[str, ...]]
    note: str = ""
    """Files that were left out, by reason."""
    options: Mapping[str, str | int] = field(default_factory=dict)
    """The options of the import, with which the same files give the same pack."""


def packs_folder() -> Path:
    """Return the folder of all packs; it is made if it is missing."""
    folder = data_folder() / "packs"
    folder.mkdir(exist_ok=True)
    return folder


def pack_folder(pack: str) -> Path | None:
    """Return the folder of a pack, or None; the id may come from a link and is checked."""
    folder = packs_folder() / pack if UPLOAD_ID.fullmatch(pack) else None
    return folder if folder and (folder / "meta.json").is_file() else None


def pack_files(pack: str) -> dict[str, Path]:
    """Return the files of a pack's content, by name; {} if it is not on this machine."""
    folder = pack_folder(pack)
    if folder is None:
        return {}
    paths = (folder / "images.npy", folder / "factors.npy")
    found = {path.name: path for path in paths if path.is_file()}
    return found if "images.npy" in found else {}


def find_pack(owner: str, pack: str) -> tuple[Path, PackMeta]:
    """Return the folder and the metadata of a pack.

    Raises:
        ValueError: if it is not on this machine; the message names the data set `owner`.
    """
    folder = pack_folder(pack)
    if folder is None:
        raise MissingDataError(
            f"{owner}: upload = {short_repr(pack)} is not on this machine; choose the pictures "
            f"again."
        )
    try:
        return folder, read_meta(folder)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(f"{owner}: the stored pictures {pack} are damaged.") from None


@lru_cache(maxsize=64)
def read_meta(folder: Path) -> PackMeta:
    """Return the metadata of a pack."""
    kept = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    factors = {name: tuple(values) for name, values in kept.pop("factors").items()}
    shape = tuple(kept.pop("shape"))
    return PackMeta(**kept, shape=shape, factors=factors)


def open_pack(folder: Path, flips: bool = False) -> ImageTensors:
    """Return the memory-mapped pictures of a pack.

    Raises:
        ValueError: if the files are damaged.
    """
    try:
        # Copy on write, because torch warns about read-only arrays.
        images = torch.from_numpy(np.load(folder / "images.npy", mmap_mode="c"))
        known = folder / "factors.npy"
        factors = torch.from_numpy(np.load(known)) if known.exists() else None
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"The stored pictures in {folder} are damaged: {error}.") from None
    return ImageTensors(images, factors, flips)


class PackWriter:
    """Writes a pack picture by picture; it is stored completely or not at all."""

    def __init__(self, folder: Path, channels: int, side: int) -> None:
        self.folder = folder
        self.shape = (channels, side, side)
        self.count = 0
        self._content = hashlib.sha256()
        self._file = (folder / "images.npy").open("wb")
        self._write_header()

    def append(self, pictures: np.ndarray) -> None:
        """Append pictures: bytes of shape (n, channels, height, width)."""
        content = np.ascontiguousarray(pictures, dtype=np.uint8).tobytes()
        self._file.write(content)
        self._content.update(content)
        self.count += len(pictures)

    def close(self) -> None:
        self._file.close()

    def pictures(self) -> Iterator[np.ndarray]:
        """Yield the appended pictures again, in blocks of a few thousand."""
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
        options: Mapping[str, str | int] | None = None,
        expected: str | None = None,
    ) -> str:
        """Store the pack and return its id: `pack`, or the hash of its content.

        `labels`, of shape (n, factors), holds the class numbers of each picture.

        Raises:
            ValueError: if the hash is not the `expected` one; nothing is stored then.
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
        meta = PackMeta(title, self.count, self.shape, named, note, options or {})
        text = json.dumps(asdict(meta), ensure_ascii=False, indent=1)
        (self.folder / "meta.json").write_text(text, encoding="utf-8")
        pack = pack or self._content.hexdigest()[:16]
        check_hash(pack, expected)
        if not pack_files(pack):
            shutil.rmtree(packs_folder() / pack, ignore_errors=True)  # what is left of a lost pack
            self.folder.rename(packs_folder() / pack)
        return pack

    def _write_header(self) -> None:
        # Its length does not depend on the count: numpy leaves room for the first axis to grow.
        header = {"descr": "|u1", "fortran_order": False, "shape": (self.count, *self.shape)}
        npy.write_array_header_1_0(self._file, header)


@contextmanager
def new_pack(channels: int, side: int) -> Iterator[PackWriter]:
    """Give a writer; its files are deleted unless its `keep` was called."""
    parent = tempfile.TemporaryDirectory(dir=packs_folder(), prefix=".making-")
    with parent as temporary:
        folder = Path(temporary) / "pack"
        folder.mkdir()
        writer = PackWriter(folder, channels, side)
        try:
            yield writer
        finally:
            writer.close()
