"""Atomic writes, and the folder of downloaded and uploaded data (`GAN_DATA`)."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
import time
from pathlib import Path

import numpy as np

from gan_core.runtime import settings
from gan_core.shapes import Values

PARTIAL = ".part"
"""Suffix of a file that is being written."""

WRITER = re.compile(rf"\..*\.(\d+)-\d+{re.escape(PARTIAL)}", re.DOTALL)
MAX_WRITE_SECONDS = 3600.0
"""Seconds; a temporary file that is older belongs to a process that has ended."""

UPLOAD_ID = re.compile(r"[0-9a-f]{16}")


def data_folder() -> Path:
    """Return the folder; it is made if it is missing."""
    folder = settings.data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file completely or not at all; after the return it is on the disk.

    Raises:
        OSError: if it cannot be written; an older file of that name stays as it was.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{PARTIAL}")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise about_file(error, partial, path) from None
    _settle(path.parent)


def about_file(error: OSError, partial: Path, path: Path) -> OSError:
    """Return an error of a temporary file as one of the file that was meant to be written."""
    if error.filename not in (None, str(partial)):
        return error
    return OSError(error.errno, error.strerror or str(error), str(path))


def is_being_written(partial: Path) -> bool:
    """Return whether the process that created a temporary file may still be writing it.

    No write takes an hour: in an older file, the process number now belongs to another process.
    """
    began = WRITER.fullmatch(partial.name)
    try:
        if began is None or time.time() - partial.stat().st_mtime > MAX_WRITE_SECONDS:
            return False
        if os.name == "posix":  # elsewhere 0 is a signal that ends the process
            os.kill(int(began[1]), 0)
    except (ProcessLookupError, FileNotFoundError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _settle(folder: Path) -> None:
    """Flush the folder's entries to the disk, on systems that can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def hash_of(values: Values) -> str:
    """Return the hash under which numbers are stored."""
    return hashlib.sha256(np.ascontiguousarray(values, dtype="<f8").tobytes()).hexdigest()[:16]


def store_values(values: Values, title: str = "") -> str:
    """Store numbers in a file named by the hash of their content, and return the hash.

    `title` is kept beside them; the first one stays.
    """
    values = np.ascontiguousarray(values, dtype="<f8")
    upload = hash_of(values)
    folder = data_folder() / "uploads"
    folder.mkdir(exist_ok=True)
    write_atomically(folder / f"{upload}.f64", values.tobytes())
    if title and not values_title(upload):
        write_atomically(folder / f"{upload}.title", title.encode("utf-8", "replace"))
    return upload


def values_title(upload: str) -> str:
    """Return the title that is kept beside stored numbers; "" if there is none."""
    path = values_file(upload)
    try:
        text = "" if path is None else path.with_suffix(".title").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:120]


def values_file(upload: str) -> Path | None:
    """Return the file of the numbers stored under a hash; None if there is none."""
    path = data_folder() / "uploads" / f"{upload}.f64"
    return path if UPLOAD_ID.fullmatch(upload) and path.is_file() else None


def load_values(upload: str) -> Values:
    """Return the numbers stored under a hash.

    Raises:
        ValueError: if there are none, or the text (it may come from a link) is no hash.
    """
    path = values_file(upload)
    if path is None:
        raise ValueError(
            f"csv_column: upload = {upload[:40]!r} is not on this machine; upload the file again."
        )
    return np.frombuffer(path.read_bytes(), dtype="<f8")


def entries(folder: Path) -> list[Path]:
    """Return what is in a folder, sorted; nothing if it is not there."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
