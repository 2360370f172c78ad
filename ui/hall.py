"""Who is in the laboratory: the visitors of this server, and the runs that each has open."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gan_core.runtime.memory import release_memory
from ui.background import Background
from ui.run import Run
from ui.shelf import Shelf

LAST_FRAME = 1.0
"""Seconds after which a page that has gone has drawn its last frame."""


@dataclass(eq=False)
class Lab:
    """All that one visitor has open; `lost` are the ids of runs that another tab has taken."""

    runs: dict[str, Run] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    kept: dict[Any, Any] = field(default_factory=dict)
    background: dict[str, Background] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    shelf: Shelf = field(default_factory=Shelf)

    def remember(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what `make` made for this key before, or makes now; the last four are kept."""
        if key not in self.kept:
            self.kept[key] = make()
            while len(self.kept) > 4:
                self.kept.pop(next(iter(self.kept)))
        return self.kept[key]


@dataclass(eq=False)
class Visit:
    """What lives as long as a browser's tab is connected."""

    labs: set[Lab] = field(default_factory=set)


class Hall:
    """The visits to this server. A run is in one visitor's hands at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._visits: set[Visit] = set()
        atexit.register(self.close)

    def visit(self) -> Visit:
        """Let somebody in."""
        visit = Visit()
        with self._lock:
            self._visits.add(visit)
        return visit

    def claim(self, run_id: str, lab: Lab, pictures: bool) -> Run | None:
        """Take a run of that kind out of another visitor's hands, at rest; None if none has it."""
        with self._lock:
            for other in {lab for visit in self._visits for lab in visit.labs} - {lab}:
                for page, run in other.runs.items():
                    if run.id == run_id and run.trainer.config.dataset.pictures == pictures:
                        run.pause()
                        del other.runs[page]
                        other.lost.add(run_id)
                        return run
        return None

    def is_open(self, run_id: str) -> bool:
        """Say whether somebody has a run open."""
        with self._lock:
            labs = [lab for visit in self._visits for lab in visit.labs]
            return any(run.id == run_id for lab in labs for run in lab.runs.values())

    def see_off(self, visit: Visit) -> None:
        """Save a visitor's runs and forget them; in a thread, for the server must go on.

        A tab whose connection was merely lost comes back to its runs by the link.
        """
        threading.Thread(target=self._put_away, args=(visit,)).start()

    def _put_away(self, visit: Visit) -> None:
        for lab in visit.labs:
            for run in list(lab.runs.values()):
                run.leave()
        time.sleep(LAST_FRAME)
        with self._lock:
            self._visits.discard(visit)
            left = [run for lab in visit.labs for run in lab.runs.values()]
            for lab in visit.labs:
                lab.runs.clear()
                lab.kept.clear()
        for run in left:
            run.forget()
        del left
        release_memory()

    def close(self) -> None:
        """Save all runs: the server ends."""
        for visit in list(self._visits):
            for lab in visit.labs:
                for run in list(lab.runs.values()):
                    run.leave()


HALL = Hall()
"""The one hall of this server."""
