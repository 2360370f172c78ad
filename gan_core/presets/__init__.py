"""Presets: example experiments, each with a text on what to look for."""

from __future__ import annotations

from functools import cache

from gan_core.config import ExperimentConfig
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


def preset_of(config: ExperimentConfig) -> Preset | None:
    """Return the preset whose experiment this is, with this or another seed; None if none is."""
    return next((p for p in PRESETS if set(_config(p.name).differences(config)) <= {"seed"}), None)


def partners(preset: Preset) -> list[Preset]:
    """Return the presets beside which this one is shown, in their order."""
    rows = (row for group in groups().values() for row in group)
    return [each for each in next(row for row in rows if preset in row) if each is not preset]


@cache
def _config(name: str) -> ExperimentConfig:
    return next(preset for preset in PRESETS if preset.name == name).config


__all__ = ["PRESETS", "Preset", "groups", "partners", "preset_of"]
