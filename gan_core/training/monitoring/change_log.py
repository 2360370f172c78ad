"""The log of a run's live changes: the step after which each setting was changed, and how."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from gan_core.config import ExperimentConfig
from gan_core.losses import LOSSES, Loss
from gan_core.registry import Component, knobs
from gan_core.words import choice_text, setting_text

SIDES = {"optimizer_g": "G's optimizer", "optimizer_d": "D's optimizer"}


def used_losses(changes: Sequence[Sequence[Any]], loss: Loss) -> list[tuple[int, str]]:
    """Return what `LossLog` begins with, from changes in words alone, which end with `loss`."""
    titles = {cls.title for cls in LOSSES}
    return [(max((step for step, text in changes if text in titles), default=0), loss.name)]


class Quantities(NamedTuple):
    """The steps since which the losses, and D's outputs, have been the quantities they are now.

    `former` is the title of the loss before.
    """

    loss: int = 0
    outputs: int = 0
    former: str | None = None


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


class LossLog:
    """The losses of a run and the steps after which each was used: what its curves measure."""

    def __init__(self, used: Sequence[tuple[int, str]]) -> None:
        self.used = list(used)

    def note(self, step: int, name: str) -> None:
        """Note which loss is used from `step` on; what was noted of later steps is dropped."""
        self.used = [(at, loss) for at, loss in self.used if at < step] or [(0, name)]
        if self.used[-1][1] != name:
            self.used.append((step, name))

    def quantities(self) -> Quantities:
        """Return since when the curves of a run have measured what they measure now."""
        loss = outputs = self.used[0][0]  # what an earlier version measured before is unknown
        former = None
        for (_, before), (step, after) in pairwise(self.used):
            old, new = LOSSES[before], LOSSES[after]
            if not (old.is_probabilistic and new.is_probabilistic):
                loss, former = step, old.title
            if old.is_probabilistic != new.is_probabilistic:
                outputs = step
        return Quantities(loss, outputs, former)


def describe_changes(old: ExperimentConfig, new: ExperimentConfig) -> list[str]:
    """Return one text for each setting in which two experiments differ."""
    texts = []
    for field in old.differences(new):
        before, after = getattr(old, field), getattr(new, field)
        if not isinstance(after, Component):
            texts.append(f"{setting_text(field)} {_value(before)} → {_value(after)}")
            continue
        subject = f"{SIDES[field]}: " if field in SIDES else ""
        if before.name != after.name:
            texts.append(f"{subject}{after.title}")
            continue
        for name in knobs(type(after)):
            values = getattr(before, name), getattr(after, name)
            if values[0] != values[1]:
                knob_ = setting_text(name, type(after))
                what = knob_ if subject else f"{setting_text(field)}'s {knob_}"
                texts.append(f"{subject}{what} {_value(values[0])} → {_value(values[1])}")
    return texts


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else choice_text(value)
