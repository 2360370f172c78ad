"""A lock per run folder: two processes that write into one folder would damage the run."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

LOCK = ".lock"
"""Name of the lock file; the system releases the lock when the process ends."""

PATIENCE = 3.0
"""Seconds to wait for a lock: a server that is stopping may still be saving its runs."""


class RunLockedError(ValueError):
    """Another process has the run open."""


class RunLock:
    """Lock of this process on a run's folder; all `RunLock`s of one process share it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder.resolve() / LOCK
        # The lock belongs to the process, not to the thread that acquired it.
        self._lock = FileLock(self._path, thread_local=False, is_singleton=True)
        self._held = False

    def acquire(self, patience: float = PATIENCE) -> None:
        """Lock the folder from now on; a read-only folder needs no lock.

        Raises:
            RunLockedError: if another process still has the lock after `patience` seconds.
        """
        if self._held and not self._path.exists():  # somebody has removed the folder
            self.release()
        if self._held or not self._path.parent.is_dir():
            return
        try:
            self._lock.acquire(timeout=patience)
        except Timeout:
            raise RunLockedError(
                "This run is open in another process: on a page of another server, or in a "
                "training from the command line. Close it there, or duplicate it."
            ) from None
        except OSError:
            return
        self._held = True

    def release(self) -> None:
        """Release the lock."""
        if self._held:
            self._held = False
            self._lock.release()


def is_held_elsewhere(folder: Path) -> bool:
    """Return whether another process has the run in this folder open."""
    hold = RunLock(folder)
    try:
        hold.acquire(patience=0.0)
    except RunLockedError:
        return True
    hold.release()
    return False
