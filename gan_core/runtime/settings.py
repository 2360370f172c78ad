"""The settings that the environment gives: every `GAN_…` variable is read and checked here.

The functions read `os.environ` at each call, so a change takes effect at once. An empty value
counts as unset.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENGINES = ("auto", "eager", "compiled", "cuda_graph")

ROOT = Path(__file__).parents[2]
INSTALLED_PAGES = ROOT / "gan_laboratory"
"""Where pip puts the pages: beside `gan_core`; see `pyproject.toml`."""

DEFAULT_UNPACKED_GB = 2.0
DEFAULT_FILES = 250_000
DEFAULT_MEGAPIXELS = 64.0


@dataclass(frozen=True)
class Setting:
    """One environment variable: its row in docs/deployment.md, and the parser of its value."""

    name: str
    meaning: str
    default: str
    allowed: str
    """Completes the sentence 'NAME = value is not …'."""
    parse: Callable[[str], Any]
    """Returns the value of a text, or raises ValueError if it is not allowed."""
    subject: str = ""
    """Name of the option that the variable replaces, if an error should mention it too."""
    note: str = ""
    """Remark in the column of allowed values."""

    def read(self, default: Any = None) -> Any:
        """Return the checked value, or `default` where the variable is unset or empty.

        Raises:
            ValueError: if the value is not allowed; names the variable, the value and what is.
        """
        text = os.environ.get(self.name, "")
        if not text:
            return default
        try:
            return self.parse(text)
        except ValueError:
            subject = f"{self.name}: {self.subject}" if self.subject else self.name
            raise ValueError(f"{subject} = {text!r} is not {self.allowed}.") from None


def _folder(text: str) -> Path:
    if os.path.exists(text) and not os.path.isdir(text):
        raise ValueError
    return Path(text)


def _engine(text: str) -> str:
    if text not in ENGINES:
        raise ValueError
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ValueError
    return int(text)


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e15:
        raise ValueError
    return number


RUNS = Setting(
    "GAN_RUNS",
    "the folder in which runs are kept; on a separate disk a full one stops nothing else",
    "`runs` beside `dashboard.py`; `~/gan-laboratory/runs` if installed with pip",
    "the path of a folder",
    _folder,
)
DATA = Setting(
    "GAN_DATA",
    "the folder for uploads, downloads and compiled steps",
    "`~/.cache/gan-laboratory`",
    "the path of a folder",
    _folder,
)
ENGINE = Setting(
    "GAN_ENGINE",
    "takes the place of `auto` wherever an engine is chosen",
    "none: `auto` decides",
    f"one of {', '.join(ENGINES)}",
    _engine,
    subject="engine",
)
THREADS = Setting(
    "GAN_THREADS",
    "threads of each run's steps",
    "by network size, cores and other runs",
    "a whole number from 1",
    _count,
)
MAX_RUNS = Setting(
    "GAN_MAX_RUNS",
    "how many runs may take turns at training",
    "4 for each core, but at most one for every 2 GiB of memory",
    "a whole number from 1",
    _count,
)
MAX_UNPACKED_GB = Setting(
    "GAN_MAX_UNPACKED_GB",
    "how much one import may unpack",
    f"{DEFAULT_UNPACKED_GB:g}",
    "a positive number",
    _positive,
    note=" (GB of 10⁹ bytes)",
)
MAX_FILES = Setting(
    "GAN_MAX_FILES",
    "how many files one import may list",
    f"{DEFAULT_FILES:,}",
    "a positive number",
    _positive,
)
MAX_MEGAPIXELS = Setting(
    "GAN_MAX_MEGAPIXELS",
    "how large one picture may be before it is decoded",
    f"{DEFAULT_MEGAPIXELS:g}",
    "a positive number",
    _positive,
    note="; above 178 the library Pillow refuses",
)
CXX = Setting(
    "CXX",
    "the C++ compiler of compiled steps; without one, steps run eagerly",
    "`g++`",
    "the name or the path of a program",
    str,
)

SETTINGS = (
    RUNS,
    DATA,
    ENGINE,
    THREADS,
    MAX_RUNS,
    MAX_UNPACKED_GB,
    MAX_FILES,
    MAX_MEGAPIXELS,
    CXX,
)
"""All settings, in the order of the table."""


def dashboard() -> Path | None:
    """Return the file of the first page; None if only `gan_core` is there."""
    places = INSTALLED_PAGES, ROOT
    return next((p / "dashboard.py" for p in places if (p / "dashboard.py").is_file()), None)


def runs_folder() -> Path:
    """Return `GAN_RUNS`, or `runs` beside the dashboard, or the user's if pip installed it."""
    installed = INSTALLED_PAGES.is_dir()
    return RUNS.read(Path.home() / "gan-laboratory" / "runs" if installed else ROOT / "runs")


def data_folder() -> Path:
    """Return `GAN_DATA`, or the user's cache."""
    return DATA.read() or Path.home() / ".cache" / "gan-laboratory"


def engine() -> str:
    """Return `GAN_ENGINE`, or `auto`."""
    return ENGINE.read("auto")


def threads() -> int | None:
    """Return `GAN_THREADS`, or None if it is unset."""
    return THREADS.read()


def max_runs() -> int | None:
    """Return `GAN_MAX_RUNS`, or None if it is unset."""
    return MAX_RUNS.read()


def max_unpacked_gb() -> float:
    """Return `GAN_MAX_UNPACKED_GB`, in units of 10⁹ bytes."""
    return MAX_UNPACKED_GB.read(DEFAULT_UNPACKED_GB)


def max_files() -> int:
    """Return `GAN_MAX_FILES`; a fraction is rounded down."""
    return int(MAX_FILES.read(DEFAULT_FILES))


def max_megapixels() -> float:
    """Return `GAN_MAX_MEGAPIXELS`, in units of 10⁶ pixels."""
    return MAX_MEGAPIXELS.read(DEFAULT_MEGAPIXELS)


def cpp_compiler() -> str:
    """Return `CXX`, or `g++`; the program may be missing."""
    return CXX.read("g++")


def environment_with(defaults: dict[str, str]) -> dict[str, str]:
    """Return the environment of another program: this one's, and `defaults` for what it lacks."""
    return defaults | os.environ


def check_settings() -> None:
    """Check all settings.

    Raises:
        ValueError: for the first one whose value is not allowed.
    """
    for setting in SETTINGS:
        setting.read()


def settings_table() -> str:
    """Return the settings as a Markdown table, for docs/deployment.md."""
    rows = [
        ("variable", "what it does", "default", "allowed values"),
        ("---", "---", "---", "---"),
        *((f"`{s.name}`", s.meaning, s.default, s.allowed + s.note) for s in SETTINGS),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
