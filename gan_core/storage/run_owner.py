"""The owner of a run: the browser that began it, known by a secret that is in no address.

Beside the run stands the SHA-256 of the secret, which does not tell it. An exported zip leaves it
out. A run without this file has no owner yet: a run of the command line, an import, a copy.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path

from gan_core.runtime.files import write_atomically

OWNER = ".owner"
"""Name of the file in the run's folder."""

DIGEST = re.compile(r"[0-9a-f]{64}")


def digest_of(secret: str) -> str:
    """Return the SHA-256 of a secret, as hexadecimal digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def read_owner(folder: Path) -> str | None:
    """Return the digest of the owner's secret; None if the run has no owner."""
    try:
        text = (folder / OWNER).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return text if DIGEST.fullmatch(text) else None


def write_owner(folder: Path, secret: str) -> None:
    """Make the browser with this secret the owner of a run that is on the disk."""
    write_atomically(folder / OWNER, digest_of(secret).encode())


def is_owner(folder: Path, secret: str) -> bool:
    """Return whether the browser with this secret owns the run."""
    digest = read_owner(folder)
    return digest is not None and hmac.compare_digest(digest, digest_of(secret))
