"""The folder in which downloaded and uploaded data are kept: `GAN_DATA`, or the user's cache."""

from __future__ import annotations

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
"""How the names of files end that are being written."""

WRITER = re.compile(rf"\..*\.(\d+)-\d+{re.escape(PARTIAL)}", re.DOTALL)
LONGEST_WRITE = 3600.0
"""Seconds."""

UPLOAD_ID = re.compile(r"[0-9a-f]{16}")


def data_folder() -> Path:
    """Return the folder; it is made if it is missing."""
    folder = settings.data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; once this returns it is on the disk.

    Raises:
        OSError: if it cannot be written; what was there before is left.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{PARTIAL}")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    _settle(path.parent)


def is_being_written(partial: Path) -> bool:
    """Say whether the process that began a file under its temporary name may still be at it.

    An hour is more than any file takes; the process may have had the number of another one.
    """
    began = WRITER.fullmatch(partial.name)
    try:
        if began is None or time.time() - partial.stat().st_mtime > LONGEST_WRITE:
            return False
        if os.name == "posix":  # elsewhere 0 is a signal that ends the process
            os.kill(int(began[1]), 0)
    except (ProcessLookupError, FileNotFoundError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _settle(folder: Path) -> None:
    """Let the folder's entries reach the disk, where the system can be asked for that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def store_values(values: Values) -> str:
    """Store numbers under the hash of their content and return it."""
    values = np.ascontiguousarray(values, dtype="<f8")
    upload = hashlib.sha256(values.tobytes()).hexdigest()[:16]
    folder = data_folder() / "uploads"
    folder.mkdir(exist_ok=True)
    write_atomically(folder / f"{upload}.f64", values.tobytes())
    return upload


def load_values(upload: str) -> Values:
    """Return the numbers stored under a hash.

    Raises:
        ValueError: if there are none; a hash from a link is never more than looked up.
    """
    path = data_folder() / "uploads" / f"{upload}.f64"
    if not UPLOAD_ID.fullmatch(upload) or not path.is_file():
        raise ValueError(
            f"csv_column: upload = {upload[:40]!r} is not on this machine; upload the file again."
        )
    return np.frombuffer(path.read_bytes(), dtype="<f8")
