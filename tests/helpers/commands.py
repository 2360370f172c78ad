"""`python -m gan_core` in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.helpers.paths import ROOT

FIXED = {"GAN_ENGINE": "eager", "GAN_THREADS": "1"}


def start_command(
    *words: object, environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start `python -m gan_core`."""
    return subprocess.Popen(
        [sys.executable, "-m", "gan_core", *map(str, words)],
        cwd=ROOT,
        env=os.environ | FIXED | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def command(*words: object) -> subprocess.CompletedProcess:
    """Run it to its end."""
    return subprocess.run(
        [sys.executable, "-m", "gan_core", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )
