"""Metadata of a run: the content of its `run.json`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from gan_core.config import ExperimentConfig

FORMAT = 1
MAX_NAME_LENGTH = 80
MAX_CHANGES = 10_000
MAX_NOTE_LENGTH, MAX_TAG_LENGTH, MAX_TAGS = 2_000, 24, 8
LATEST = 1e11
"""Seconds since 1970; the date of a run must be earlier."""

METADATA_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""Errors of `parse_metadata` for files that are not a `run.json`."""


@dataclass(frozen=True)
class RunMetadata:
    """Description of a run in `run.json`; `metrics` are those of its latest step.

    `measured` maps the steps of checkpoints to the metric that selects the best one; smaller is
    better. `changes` are the steps after which settings were changed, and how. `note`, `tags` and
    `favourite` are the user's own. Times are seconds since 1970.
    """

    name: str
    created: float
    saved: float
    step: int
    experiment: Mapping[str, Any]
    metrics: Mapping[str, float] = field(default_factory=dict)
    parent: str | None = None
    measured: Mapping[str, float] = field(default_factory=dict)
    changes: tuple[tuple[int, str], ...] = ()
    note: str = ""
    tags: tuple[str, ...] = ()
    favourite: bool = False

    @property
    def config(self) -> ExperimentConfig:
        """The experiment."""
        return ExperimentConfig.from_dict(self.experiment)


def sanitize_name(name: str) -> str:
    """Return a name that is one line of printable characters."""
    words = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return words[:MAX_NAME_LENGTH] or "a run without a name"


def sanitize_note(note: str) -> str:
    """Return a note as lines of printable characters."""
    lines = ["".join(c if c.isprintable() else " " for c in line) for line in note.splitlines()]
    return "\n".join(lines).strip()[:MAX_NOTE_LENGTH]


def sanitize_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags as short lines, each once."""
    lines = (" ".join(tag.replace("#", " ").split()) for tag in tags)
    words = ("".join(c for c in line if c.isprintable())[:MAX_TAG_LENGTH] for line in lines)
    return tuple(dict.fromkeys(filter(None, words)))[:MAX_TAGS]


def format_metadata(about: RunMetadata) -> bytes:
    """Return the metadata as JSON."""
    content = json.dumps({"format": FORMAT} | asdict(about), indent=1, ensure_ascii=False)
    return content.encode()


def parse_metadata(content: bytes) -> RunMetadata:
    """Return the metadata that `format_metadata` wrote.

    Raises:
        one of `METADATA_ERRORS`: if it is anything else.
    """
    given = json.loads(content)
    if not isinstance(given, dict) or given.pop("format", None) != FORMAT:
        raise ValueError("another format")
    changes = given.get("changes", [])[:MAX_CHANGES]  # earlier versions did not write them
    given = {"note": "", "tags": [], "favourite": False} | given  # nor these
    given["changes"] = tuple((int(step), sanitize_name(str(text))) for step, text in changes)
    given["tags"] = tuple(map(str, given["tags"]))
    about = RunMetadata(**{f.name: given[f.name] for f in fields(RunMetadata)})
    experiment = ExperimentConfig.from_dict(about.experiment).to_dict()
    created, saved, step = float(about.created), float(about.saved), int(about.step)
    if not (0 <= created < LATEST and 0 <= saved < LATEST and step >= 0):
        raise ValueError("a time or a step that cannot be")
    return RunMetadata(
        sanitize_name(str(about.name)),
        created,
        saved,
        step,
        experiment,
        {sanitize_name(str(name)): float(value) for name, value in dict(about.metrics).items()},
        about.parent if about.parent is None else sanitize_name(str(about.parent)),
        {str(int(step)): float(value) for step, value in dict(about.measured).items()},
        about.changes,
        sanitize_note(str(about.note)),
        sanitize_tags(about.tags),
        about.favourite is True,
    )
