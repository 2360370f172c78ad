"""Lists and reads the files of a folder, a zip or uploads, none of which is trusted."""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from gan_core.data.importing.limits import Limits
from gan_core.registry import short_repr

Upload = tuple[str, bytes | io.BufferedIOBase]
"""A file's name, which may include folders, and its content."""

Opener = Callable[[], AbstractContextManager[io.BufferedIOBase]]

DRIVE = re.compile(r"[A-Za-z]:")
IGNORED = {"thumbs.db", "desktop.ini"}
CHUNK = 1 << 20
END, END_64, LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
END_SIZE, END_64_SIZE, LOCATOR_SIZE, MAX_COMMENT_SIZE = 22, 56, 20, 65_535
DIRECTORY_ENTRY = b"PK\x01\x02"
ZIP_ERRORS = (
    zipfile.BadZipFile,
    OSError,
    OverflowError,
    UnicodeError,
    NotImplementedError,
    struct.error,
)
"""Errors of `zipfile` for files that are not zips, or zips that it does not support."""


class UnusableFileError(Exception):
    """A file is left out and counted; the message is the reason in a few words."""


class TooMuchError(ValueError):
    """A source exceeds the limits; the message is a sentence."""


@dataclass(frozen=True)
class Entry:
    """A file that may be a picture: its folders, its name, and a function that opens it."""

    parts: tuple[str, ...]
    open: Opener


class Listing:
    """The files of a source; `left_out` counts those that are not opened, by reason.

    Nothing is extracted to disk, and no link is followed. Zips stay open until `closing` ends.
    """

    def __init__(self, limits: Limits, closing: ExitStack) -> None:
        self.entries: list[Entry] = []
        self.left_out: Counter[str] = Counter()
        self.limits = limits
        self._closing = closing
        self._count = 0

    def add(self, name: str, open_: Opener, above: tuple[str, ...] = ()) -> None:
        """Add a file under its given name, below the folders `above`.

        Raises:
            ValueError: if there are more files than the limits allow.
        """
        plain = readable(name).replace("\\", "/")
        parts = PurePosixPath(plain).parts
        if is_ignored(parts):
            return
        self._count_one()
        if plain.startswith("/") or DRIVE.match(plain) or ".." in parts:
            self.left_out["unsafe name"] += 1
        else:
            self.entries.append(Entry(above + parts, open_))

    def add_folder(self, folder: Path) -> None:
        """Add all files below a folder, in the order of their names.

        Raises:
            ValueError: if there are more files than the limits allow.
        """
        for path, folders, files in os.walk(folder):
            folders[:] = sorted(f for f in folders if not is_ignored((f,)))
            for name in [*filter(lambda f: (Path(path) / f).is_symlink(), folders), *sorted(files)]:
                file = Path(path) / name
                kind = file.lstat().st_mode
                if stat.S_ISREG(kind):
                    self.add(file.relative_to(folder).as_posix(), partial(file.open, "rb"))
                elif not is_ignored((name,)):
                    self._count_one()
                    self.left_out["link" if stat.S_ISLNK(kind) else "not a file"] += 1

    def add_zip(
        self, file: Path | io.BufferedIOBase, title: str, above: tuple[str, ...] = ()
    ) -> None:
        """Add all files of a zip, in their order.

        Raises:
            ValueError: if it is damaged, encrypted, or has more files than the limits allow.
        """
        opened = self._closing.enter_context(file.open("rb")) if isinstance(file, Path) else file
        try:
            if directory_entries(opened, self.limits.files) > self.limits.files:
                raise self._too_many()
            archive = self._closing.enter_context(zipfile.ZipFile(opened))
        except ZIP_ERRORS as error:
            raise ValueError(f"{short_repr(title)} is not a whole zip file: {error}.") from None
        for info in archive.infolist():
            if info.flag_bits & 1:
                raise ValueError(
                    f"{short_repr(title)} is encrypted; make a zip without a password."
                )
            if stat.S_ISLNK(info.external_attr >> 16):
                self._count_one()
                self.left_out["link"] += 1
            elif not info.is_dir():
                self.add(info.filename, partial(archive.open, info), above)

    def add_uploads(self, uploads: list[Upload]) -> None:
        """Add files; the files in a zip are added below a folder with the zip's name.

        Raises:
            ValueError: as in `add` and `add_zip`.
        """
        for name, content in uploads:
            file = io.BytesIO(content) if isinstance(content, bytes) else content
            file.seek(0)
            first = file.read(4)
            file.seek(0)
            if name.lower().endswith(".zip") or first in (b"PK\x03\x04", END):
                self.add_zip(file, name, (PurePosixPath(readable(name)).stem,))
            else:
                self.add(name, partial(nullcontext, file))

    def _count_one(self) -> None:
        self._count += 1
        if self._count > self.limits.files:
            raise self._too_many()

    def _too_many(self) -> TooMuchError:
        return TooMuchError(f"There are more than {self.limits.files:,} files; give fewer at once.")


def readable(name: str) -> str:
    """Return a name that can be written as UTF-8; names on a disk may be invalid."""
    return name.encode("utf-8", "replace").decode("utf-8")


def is_ignored(parts: tuple[str, ...]) -> bool:
    """Return whether a file was created by an operating system, not by the user."""
    return any(
        part == "__MACOSX" or (part.startswith(".") and part != "..") or part.lower() in IGNORED
        for part in parts
    )


def directory_entries(file: io.BufferedIOBase, enough: int) -> int:
    """Return an upper bound of a zip's number of entries; stop soon after `enough`.

    `zipfile.ZipFile` creates an object per entry before the number can be checked, and the number
    in the zip's header may be false; so the signatures of the entries are counted.
    """
    end = file.seek(0, io.SEEK_END)
    tail_at = max(0, end - MAX_COMMENT_SIZE - END_SIZE - LOCATOR_SIZE - END_64_SIZE)
    file.seek(tail_at)
    tail = file.read()
    at = tail.rfind(END)
    if at < 0:
        raise zipfile.BadZipFile("its end is missing")
    size = struct.unpack_from("<I", tail, at + 12)[0]
    record = at - LOCATOR_SIZE - END_64_SIZE
    if tail[at - LOCATOR_SIZE : at].startswith(LOCATOR_64) and tail[record:].startswith(END_64):
        size = max(size, struct.unpack_from("<Q", tail, record + 40)[0])
    file.seek(max(0, tail_at + at - LOCATOR_SIZE - END_64_SIZE - size))
    count, seam = 0, b""
    while count <= enough and (chunk := file.read(CHUNK)):
        count += (seam + chunk).count(DIRECTORY_ENTRY)
        seam = chunk[-len(DIRECTORY_ENTRY) + 1 :]
    return count


class Reader:
    """Reads whole files and stops when their sum exceeds the limit."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.total = 0

    def read(self, entry: Entry) -> bytes:
        """Return the content of a file.

        Raises:
            UnusableFileError: if it cannot be read, or is larger than any picture may be.
            ValueError: if the unpacked bytes exceed the limits; the headers are not trusted.
        """
        try:
            return self._read(entry)
        except (UnusableFileError, TooMuchError):
            raise
        except Exception:  # each compression method raises different errors
            raise UnusableFileError("unreadable") from None

    def _read(self, entry: Entry) -> bytes:
        content = io.BytesIO()
        with entry.open() as file:
            while chunk := file.read(CHUNK):
                content.write(chunk)
                self._count(len(chunk))
                if content.tell() > self.limits.file_bytes:
                    raise UnusableFileError("too large")
        return content.getvalue()

    def _count(self, size: int) -> None:
        self.total += size
        if self.total > self.limits.unpacked_bytes:
            raise TooMuchError(
                f"This unpacks to more than {self.limits.unpacked_gb:g} GB; give less at once."
            )
