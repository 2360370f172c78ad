"""The real app, run by Streamlit in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.helpers.paths import ROOT

DASHBOARD = (sys.executable, "-m", "streamlit", "run", "dashboard.py")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def app(environment: Mapping[str, str] | None = None, log: Path | None = None) -> Iterator[str]:
    """Run `streamlit run dashboard.py` on a free port; yield its address.

    What the server prints goes to the file `log`.
    """
    with server(free_port(), environment, log) as (address, _):
        yield address


@contextmanager
def server(
    port: int,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
    root: Path = ROOT,
    command: Sequence[str] = DASHBOARD,
) -> Iterator[tuple[str, subprocess.Popen]]:
    """Run the app at `root` on that port, as `make run` does; yield its address and process."""
    served = {"STREAMLIT_SERVER_PORT": str(port), "STREAMLIT_SERVER_HEADLESS": "true"}
    output = log.open("wb") if log else subprocess.DEVNULL
    process = subprocess.Popen(
        command,
        cwd=root,
        env=os.environ | {"MALLOC_ARENA_MAX": "2"} | served | dict(environment or {}),
        stdout=output,
        stderr=output,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(address, process)
        yield address, process
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_healthy(address: str, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"The server ended with status {server.returncode}.")
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError("The server did not answer within a minute.")
