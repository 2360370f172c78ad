"""The visitors of this server, and the runs that each of them has open."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gan_core.runtime.memory import release_memory
from ui.run.page_run import PageRun
from ui.run.watched_run import WatchedRun
from ui.session.background_task import BackgroundTask
from ui.session.made_file import MadeFile
from ui.session.runs_page_state import RunsPageState

LAST_FRAME_SECONDS = 1.0
"""Seconds after which the page of a closed tab has drawn its last frame."""

MAX_CACHED = 4


@dataclass(eq=False)
class VisitorState:
    """All that one visitor has open.

    `secret` is that of the visitor's browser; `taken_run_ids` are the runs that another tab of the
    same browser has taken.
    """

    secret: str
    runs: dict[str, PageRun] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    cache: dict[Any, Any] = field(default_factory=dict)
    tasks: dict[str, BackgroundTask] = field(default_factory=dict)
    taken_run_ids: set[str] = field(default_factory=set)
    runs_page: RunsPageState = field(default_factory=RunsPageState)
    watched: dict[str, WatchedRun] = field(default_factory=dict)
    """The runs of other visitors that this one watches, by page."""
    file: MadeFile | None = None
    """The file that the latest click made."""

    def cached(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return the value that `make` made for this key; the last four values are kept."""
        if key not in self.cache:
            self.cache[key] = make()
            while len(self.cache) > MAX_CACHED:
                self.cache.pop(next(iter(self.cache)))
        return self.cache[key]


@dataclass(eq=False)
class Connection:
    """A browser's connected tab, with the states of its visitor."""

    visitors: set[VisitorState] = field(default_factory=set)


class VisitorRegistry:
    """All connections to this server. A run is open for one visitor at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: set[Connection] = set()
        atexit.register(self.close)

    def connect(self) -> Connection:
        """Register a new connection."""
        connection = Connection()
        with self._lock:
            self._connections.add(connection)
        return connection

    def take_over(self, run_id: str, visitor: VisitorState, kind_name: str) -> PageRun | None:
        """Pause a run of that kind and take it from another tab of the same browser, or None."""
        with self._lock:
            for other in self._visitors() - {visitor}:
                for page, run in other.runs.items():
                    if (
                        run.id == run_id
                        and run.config.dataset.kind_name == kind_name
                        and other.secret == visitor.secret
                    ):
                        run.pause_for_reload()
                        del other.runs[page]
                        other.taken_run_ids.add(run_id)
                        return run
        return None

    def find(self, run_id: str) -> tuple[VisitorState, PageRun] | None:
        """Return a run that is open, and the visitor who has it; None if nobody has."""
        with self._lock:
            for visitor in self._visitors():
                for run in visitor.runs.values():
                    if run.id == run_id:
                        return visitor, run
        return None

    def is_open(self, run_id: str) -> bool:
        """Return whether a visitor has the run open."""
        return self.find(run_id) is not None

    def _visitors(self) -> set[VisitorState]:
        return {visitor for connection in self._connections for visitor in connection.visitors}

    def on_disconnect(self, connection: Connection) -> None:
        """Save a visitor's runs and release them; in a thread, for the server must go on.

        A tab whose connection was merely lost comes back to its runs by the link.
        """
        threading.Thread(target=self._release, args=(connection,)).start()

    def _release(self, connection: Connection) -> None:
        for visitor in connection.visitors:
            for run in list(visitor.runs.values()):
                run.on_disconnect()
        time.sleep(LAST_FRAME_SECONDS)
        with self._lock:
            self._connections.discard(connection)
            left = [run for visitor in connection.visitors for run in visitor.runs.values()]
            for visitor in connection.visitors:
                visitor.runs.clear()
                visitor.cache.clear()
                for run in visitor.watched.values():
                    run.source.watchers.discard(run)
                visitor.watched.clear()
        for run in left:
            run.release()
        del left
        release_memory()

    def close(self) -> None:
        """Save all runs: the server ends."""
        for connection in list(self._connections):
            for visitor in connection.visitors:
                for run in list(visitor.runs.values()):
                    run.on_disconnect()


VISITORS = VisitorRegistry()
"""The one registry of this server."""
