"""`run`: serves the pages, and opens them in the browser."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

from gan_core.runtime.settings import dashboard, environment_with

MALLOC = {"MALLOC_ARENA_MAX": "2"}
"""Keeps the server's memory from growing with every session; see docs/deployment.md."""


def open_page(port: int | None, browser: bool) -> int:
    """Serve the pages until Ctrl-C; return the exit status. Without a port Streamlit chooses one.

    Raises:
        ValueError: if the pages are not installed, or Streamlit is not.
    """
    page = dashboard()
    if page is None or find_spec("streamlit") is None:
        lacks = "The pages are" if page is None else "Streamlit, which shows the pages, is"
        raise ValueError(f"{lacks} not installed; install the laboratory with pip again.")
    # -P: modules that lie in the folder where the command is given are not taken for our own.
    command = [sys.executable, "-P", "-m", "streamlit", "run", str(page)]
    command += ["--server.showEmailPrompt", "false"]
    if port is not None:
        command += ["--server.port", str(port)]
    if not browser:
        command += ["--server.headless", "true"]
    environment = environment_with(MALLOC)
    sys.stdout.flush()
    if os.name == "posix":  # signals reach the server itself
        os.execve(sys.executable, command, environment)
    return subprocess.call(command, env=environment)
