"""Comparison of experiments with the defaults and with each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gan_core.config import NETWORKS, REGISTRIES, ExperimentConfig, default_knobs
from gan_core.data import DATASETS
from gan_core.data.kind import DataKind
from gan_core.words import setting_text

MAX_LENGTH = 120


def settings(config: ExperimentConfig) -> dict[str, str]:
    """Return one text per setting; for a component, its title and its non-default options."""
    return _texts(config.to_dict(), config.dataset.kind)


def from_defaults(config: ExperimentConfig) -> dict[str, str]:
    """Return the settings that differ from the defaults of an experiment on the same data."""
    short = config.diff_from_defaults()
    dataset = short.pop("dataset")
    texts = _texts(short, config.dataset.kind)
    knobs = _unusual("dataset", dataset, config.dataset.kind)
    return ({"dataset": ", ".join(knobs)} if knobs else {}) | texts


def differences(configs: Sequence[ExperimentConfig]) -> dict[str, list[str]]:
    """Return the settings in which the experiments differ, with the text of each."""
    tables = [settings(config) for config in configs]
    return {
        name: [table[name] for table in tables]
        for name in tables[0]
        if len({table[name] for table in tables}) > 1
    }


def _texts(given: Mapping[str, Any], kind: DataKind) -> dict[str, str]:
    found = {}
    for key, value in given.items():
        if key == "architecture":
            found |= _texts(value, kind)
        elif key in REGISTRIES or key in NETWORKS:
            title = REGISTRIES[key][value["name"]].title
            found[key] = ", ".join([title, *_unusual(key, value, kind)])[:MAX_LENGTH]
        else:
            found[key] = _text(value)
    return {setting_text(name): text for name, text in found.items()}


def _unusual(key: str, component: Mapping[str, Any], kind: DataKind) -> list[str]:
    """Return the options of a component that differ from their defaults, as texts."""
    usual = default_knobs(key, component["name"], kind)
    return [
        _label(component) if name == "upload" else f"{name.replace('_', ' ')} {_text(value)}"
        for name, value in component.items()
        if name != "name" and usual.get(name) != value
    ]


def _label(dataset: Mapping[str, Any]) -> str:
    """Return the name of the file that the user's own data came from."""
    made = DATASETS.create(dataset)
    return made.label if made.label != made.title else f"{made.size:,} of your own"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text[:MAX_LENGTH]
