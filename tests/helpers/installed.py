"""The laboratory as pip installs it, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.paths import ROOT

SOURCES = ("gan_core", "ui", "pages", ".streamlit")
FILES = ("dashboard.py", "setup.py", "pyproject.toml", "requirements.txt", "README.md", "LICENSE")
OFFLINE = (
    "--no-deps",
    "--no-build-isolation",
    "--no-index",
    "--no-compile",
    "--disable-pip-version-check",
)


@dataclass(frozen=True)
class Installed:
    """An installation: `site` takes the place of site-packages."""

    site: Path

    @property
    def command(self) -> str:
        """The path of `gan-lab`."""
        return str(self.site / "bin" / "gan-lab")

    @property
    def environment(self) -> dict[str, str]:
        """Lets Python find this installation, and none beside it."""
        return {"PYTHONPATH": str(self.site)}

    def run(self, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `gan-lab` to its end, in a folder that holds nothing of the project."""
        return subprocess.run(
            [self.command, *map(str, words)],
            cwd=self.site.parent,
            env=os.environ | self.environment | environment,
            capture_output=True,
            text=True,
            timeout=180,
        )


def copy_sources(source: Path) -> None:
    """Copy what pip needs into a new folder: it leaves files beside what it builds."""
    for name in SOURCES:
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=left_out)
    for name in FILES:
        shutil.copy(ROOT / name, source / name)


def install(folder: Path) -> Installed:
    """Let pip install the sources into a folder, without the internet."""
    source, site = folder / "source", folder / "site"
    copy_sources(source)
    pip = [sys.executable, "-m", "pip", "install", "-q", *OFFLINE]
    done = subprocess.run(
        [*pip, "--target", str(site), str(source)], capture_output=True, text=True, timeout=180
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    shutil.rmtree(source)
    return Installed(site)
