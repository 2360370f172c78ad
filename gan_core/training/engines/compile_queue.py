"""Compiles steps in the background, one at a time, and keeps them on disk for the next run.

A process of its own does the work, so nobody waits for it and no interpreter is held. Runs that
need the same step share it; an order that nobody wants any more is ended.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch

from gan_core.runtime import settings
from gan_core.runtime.cpu_threads import THREADS
from gan_core.runtime.files import data_folder

MAX_PACKAGES = 64
"""Packages kept on disk, about 2 MB each; the one unused longest goes first."""


@dataclass(eq=False)
class CompileJob:
    """A step to be compiled. `package` is there once it is done; `failure` says why it is not."""

    key: str
    request: dict[str, Any]
    package: Path
    failure: str | None = None
    requesters: weakref.WeakSet[Any] = field(default_factory=weakref.WeakSet)

    @property
    def signature(self) -> Path:
        """The file that says what arguments the package takes."""
        return self.package.with_suffix(".json")

    @property
    def done(self) -> bool:
        return self.package.exists()


class CompileQueue:
    """All the orders of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: dict[str, CompileJob] = {}
        self._current: CompileJob | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._output: Any = None
        atexit.register(self._end_process)

    def submit(self, request: dict[str, Any], requester: object) -> CompileJob:
        """Ask for a step; the same request gives the same order. Poll to have it worked on."""
        key = key_of(request)
        with self._lock:
            order = self._orders.get(key)
            if order is None or not order.requesters:
                order = CompileJob(key, request, cache_dir() / f"{key}.pt2")
                self._orders[key] = order
            order.requesters.add(requester)
            return order

    def poll(self) -> None:
        """See how the work goes: note what is finished, end what nobody wants, begin the next."""
        with self._lock:
            self._orders = {key: order for key, order in self._orders.items() if order.requesters}
            current = self._current
            if current is not None:
                if self._process.poll() is None:
                    if current.requesters:
                        return
                    self._end_process()
                elif not current.done:
                    current.failure = self._error_line()
                self._current = self._process = None
            waiting = (o for o in self._orders.values() if not o.done and o.failure is None)
            self._begin(next(waiting, None))
            THREADS.note_compiler(self._process is not None)

    @property
    def busy(self) -> bool:
        """Whether something is being compiled."""
        self.poll()
        return self._process is not None

    def _begin(self, order: CompileJob | None) -> None:
        if order is None:
            return
        if compiler() is None:
            order.failure = "there is no C++ compiler (g++) on this machine"
            return
        evict_old()
        content = order.request | {"package": str(order.package)}
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - read when the process has ended
        self._current = order
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gan_core.training.engines.build", json.dumps(content)],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _error_line(self) -> str:
        self._output.seek(0)
        lines = self._output.read().decode(errors="replace").strip().splitlines()
        errors = [line for line in lines if line.split(":")[0].endswith(("Error", "Exception"))]
        return (errors or lines or ["the compiler said nothing"])[-1][:200]

    def _end_process(self) -> None:
        """End the compiling process and the compilers that it has started."""
        if self._process is None or self._process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 15)
        self._process.wait()


def cache_dir() -> Path:
    """Return where packages are kept."""
    path = data_folder() / "engines"
    path.mkdir(exist_ok=True)
    return path


def evict_old() -> None:
    """Remove the packages unused longest, and what ended processes have left behind."""
    packages = sorted(cache_dir().glob("[!.]*.pt2"), key=lambda path: path.stat().st_mtime)
    for package in packages[: max(0, len(packages) + 1 - MAX_PACKAGES)]:
        package.unlink(missing_ok=True)
        package.with_suffix(".json").unlink(missing_ok=True)


def compiler() -> str | None:
    """Return the path of the C++ compiler that torch would use, if there is one."""
    return shutil.which(settings.cpp_compiler())


def key_of(request: dict[str, Any]) -> str:
    """Return a name for what a request leads to: on this machine, with these sources."""
    content = json.dumps([request, _environment_key()], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:24]


@cache
def _environment_key() -> list[str]:
    core = Path(__file__).parents[2]
    sources = hashlib.sha256()
    for path in sorted(core.rglob("*.py")):  # any of them may change what a step computes
        sources.update(f"{path.relative_to(core)}\n".encode())
        sources.update(path.read_bytes())
    processor = platform.processor()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        processor = next((line for line in lines if line.startswith("flags")), processor)
    return [torch.__version__, platform.machine(), processor, sources.hexdigest()]


COMPILE_QUEUE = CompileQueue()
"""The one workshop of this process."""
