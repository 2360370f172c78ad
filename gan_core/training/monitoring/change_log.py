"""The log of a run's live changes: the step after which each setting was changed, and how."""

from __future__ import annotations

from gan_core.config import ExperimentConfig
from gan_core.registry import Component, knobs

SIDES = {"optimizer_g": "G's optimizer", "optimizer_d": "D's optimizer"}


class ChangeLog:
    """Adds the changes of a run to `changes`, its list of pairs (step, text).

    Changes at the same step are described together, so a setting that comes back leaves no trace.
    """

    def __init__(self) -> None:
        self._step = -1
        self._before: ExperimentConfig | None = None
        self._known = 0

    def add(
        self,
        changes: list[tuple[int, str]],
        step: int,
        old: ExperimentConfig,
        new: ExperimentConfig,
    ) -> None:
        """Note that the settings were changed after `step`."""
        if step != self._step or self._before is None or self._known > len(changes):
            self._step, self._before, self._known = step, old, len(changes)
        changes[self._known :] = [(step, text) for text in describe_changes(self._before, new)]

    def forget(self) -> None:
        """Describe the next change by itself: the run went to another state."""
        self._before = None


def describe_changes(old: ExperimentConfig, new: ExperimentConfig) -> list[str]:
    """Return one text for each setting in which two experiments differ."""
    texts = []
    for field in old.differences(new):
        before, after = getattr(old, field), getattr(new, field)
        if not isinstance(after, Component):
            texts.append(f"{_words(field)} {_value(before)} → {_value(after)}")
            continue
        subject = f"{SIDES[field]}: " if field in SIDES else ""
        if before.name != after.name:
            texts.append(f"{subject}{after.title}")
            continue
        for name in knobs(type(after)):
            values = getattr(before, name), getattr(after, name)
            if values[0] != values[1]:
                what = name if subject else f"{_words(field)}'s {name}"
                texts.append(f"{subject}{_words(what)} {_value(values[0])} → {_value(values[1])}")
    return texts


def _words(name: str) -> str:
    return name.replace("_", " ")


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
