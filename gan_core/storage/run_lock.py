"""One process at a time has a run open: two that write into one folder would spoil it."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

LOCK = ".lock"
"""The file that says so. The system frees it with its process, however that ends."""

PATIENCE = 3.0
"""Seconds that a server which is just ending may take to save its runs."""


class RunLockedError(ValueError):
    """Another process has the run open."""


class RunLock:
    """This process's hold on a run's folder; several of them in one process share the run."""

    def __init__(self, folder: Path) -> None:
        self._path = folder.resolve() / LOCK
        # Held by the process, not by the thread that asked for it.
        self._lock = FileLock(self._path, thread_local=False, is_singleton=True)
        self._held = False

    def acquire(self, patience: float = PATIENCE) -> None:
        """Hold the folder from now on. One that cannot be written to needs no hold.

        Raises:
            RunLockedError: if another process still has it after so many seconds.
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
        """Let go of the folder."""
        if self._held:
            self._held = False
            self._lock.release()


def is_held_elsewhere(folder: Path) -> bool:
    """Say whether another process has the run in this folder open."""
    hold = RunLock(folder)
    try:
        hold.acquire(patience=0.0)
    except RunLockedError:
        return True
    hold.release()
    return False
