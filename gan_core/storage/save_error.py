"""The sentence about a save that failed."""

from __future__ import annotations

import errno
from pathlib import Path

RETRY_NOTICE = (
    "Training goes on, and what was saved before is whole. It is tried again at every autosave."
)


def sentence_of(error: OSError, path: Path) -> str:
    """Return the sentence about a failed save for the user."""
    why = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EROFS: "the disk is read-only",
        errno.EACCES: "the folder may not be written to",
    }.get(error.errno, error.strerror or str(error))
    return f"The run could not be saved to {path.parent.name}/{path.name}: {why}. {RETRY_NOTICE}"
