"""The registries as tables, for the command line and the README."""

from __future__ import annotations

from gan_core.config import REGISTRIES
from gan_core.diagnosis import CONDITIONS
from gan_core.metrics import METRICS
from gan_core.metrics.pictures import PICTURE_METRICS
from gan_core.registry import Knob, Registry, knobs


def registries() -> dict[str, Registry]:
    """Return every registry once, by its kind."""
    return {r.kind: r for r in (*REGISTRIES.values(), METRICS, PICTURE_METRICS, CONDITIONS)}


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
    """Return the tables that stand in the README."""
    parts = []
    for kind, registry in registries().items():
        rows = [f"| {kind} | what it is | knobs |", "| --- | --- | --- |"]
        for cls in registry:
            settings = "; ".join(describe_knob(n, k) for n, k in knobs(cls).items() if not k.hidden)
            summary = cls.summary().replace("|", "\\|")
            rows.append(f"| `{cls.name}` | {summary} | {settings} |")
        parts.append("\n".join(rows))
    return "\n\n".join(parts)
