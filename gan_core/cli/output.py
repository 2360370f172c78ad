"""Checks of a file or folder to be written, before the work for it begins."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path


def check_file(path: Path, endings: Collection[str]) -> str:
    """Return the ending of a file's name, in small letters.

    Raises:
        ValueError: if the file cannot be written, or if its ending is none of `endings`.
    """
    if path.is_dir():
        raise ValueError(f"--out {path} is a folder; give the name of a file in it.")
    ending = path.suffix.lower()
    if ending not in endings:
        raise ValueError(f"--out {path} does not end in {' or '.join(endings)}.")
    if not path.parent.is_dir():
        is_file = path.parent.exists()
        why = f"{path.parent} is no folder" if is_file else f"there is no folder {path.parent}"
        raise ValueError(f"--out {path}: {why}.")
    _check_writable(path.parent, path)
    return ending


def check_new_folder(path: Path) -> None:
    """Check that a folder is new or empty, and that it can be made.

    Raises:
        ValueError: if not.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ValueError(f"{path} is not an empty folder; choose another one.")
    nearest = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise ValueError(f"{path} cannot be made: {nearest} is a file, not a folder.")
    _check_writable(nearest, path)


def _check_writable(folder: Path, path: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(f"{path} cannot be written: the folder {folder} is read-only for you.")
