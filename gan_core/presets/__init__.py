"""Presets: example experiments, each with a text on what to look for."""

from __future__ import annotations

from gan_core.presets.base import Preset
from gan_core.presets.classics import CLASSICS
from gan_core.presets.first_steps import FIRST_STEPS
from gan_core.presets.pictures import PICTURES

PRESETS = (*FIRST_STEPS, *PICTURES, *CLASSICS)


def groups() -> dict[str, list[list[Preset]]]:
    """Return, for each group, its rows: a preset and those that name it as partner."""
    rows: dict[str, list[list[Preset]]] = {}
    for preset in PRESETS:
        group = rows.setdefault(preset.group, [])
        if preset.partner:
            next(row for row in group if row[0].name == preset.partner).append(preset)
        else:
            group.append([preset])
    return rows


__all__ = ["PRESETS", "Preset", "groups"]
