"""The registered components as tables for the command line and docs/components.md, and as cards."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import NamedTuple

from gan_core.config import REGISTRIES
from gan_core.diagnosis import CONDITIONS
from gan_core.evaluation.metrics import METRICS
from gan_core.evaluation.metrics.images import IMAGE_METRICS
from gan_core.registry import Component, Knob, Registry, knobs

ROOT = Path(__file__).parents[2]


def registries() -> dict[str, Registry]:
    """Return every registry once, by its kind."""
    return {r.kind: r for r in (*REGISTRIES.values(), METRICS, IMAGE_METRICS, CONDITIONS)}


def describe_knob(name: str, knob: Knob) -> str:
    """Return `name default (bounds)`."""
    if knob.choices is not None:
        return f"{name} {knob.default} ({', '.join(map(str, knob.choices))})"
    if isinstance(knob.default, bool):
        return f"{name} {'yes' if knob.default else 'no'}"
    if isinstance(knob.default, str):
        return name
    return f"{name} {knob.default:g} ({knob.low:g} to {knob.high:g})"


def text() -> str:
    """Return every registered component with its knobs, for a terminal."""
    lines = []
    for kind, registry in registries().items():
        lines.append(f"{kind}:")
        for cls in registry:
            lines.append(f"  {cls.name}: {cls.summary()}")
            lines += [f"      {describe_knob(name, knob)}" for name, knob in knobs(cls).items()]
    return "\n".join(lines)


def markdown() -> str:
    """Return the tables of docs/components.md, one per kind of component."""
    parts = []
    for kind, registry in registries().items():
        rows = [f"## {kind}", "", "| name | what it is | knobs |", "| --- | --- | --- |"]
        for cls in registry:
            settings = "; ".join(describe_knob(n, k) for n, k in knobs(cls).items() if not k.hidden)
            summary = cls.summary().replace("|", "\\|")
            rows.append(f"| `{cls.name}` | {summary} | {settings} |")
        parts.append("\n".join(rows))
    return "\n\n".join(parts)


class Source(NamedTuple):
    """The code of one class, and where it stands."""

    file: str
    line: int
    code: str


def sources(cls: type[Component]) -> list[Source]:
    """Return the code of a component, then of its base classes in the same file."""
    roots = Component.__subclasses__()
    return [
        _source(part)
        for part in cls.__mro__
        if part is cls
        or (part.__module__ == cls.__module__ and issubclass(part, Component) and part not in roots)
    ]


def _source(cls: type) -> Source:
    lines, first = inspect.getsourcelines(cls)
    file = Path(inspect.getfile(cls)).relative_to(ROOT)
    return Source(file.as_posix(), first, "".join(lines))


def search(text: str) -> list[tuple[Registry, type[Component]]]:
    """Return the components with every word of `text` in name, title, summary or paper."""
    words = text.casefold().split()
    return [
        (registry, cls)
        for registry in registries().values()
        for cls in registry
        if all(
            word in " ".join((cls.name, cls.title, cls.summary(), cls.paper)).casefold()
            for word in words
        )
    ]
