"""What stays when another loss, regularizer or optimizer takes the place of one while training."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import streamlit as st

from gan_core.registry import Component, Knob, knobs
from gan_core.training.monitoring.change_log import SIDES
from gan_core.words import setting_text


def keep_shared(
    section: str, old: Component, cls: type[Component], values: dict[str, Any]
) -> dict[str, Any]:
    """Return the values with which a `cls` takes the place of `old`, and say them in a toast.

    What both know, such as the learning rate, stays if `cls` allows it; the rest is from `values`.
    """
    kept = {}
    for option in (name for name in knobs(cls) if name in knobs(type(old))):
        with suppress(ValueError):
            kept[option] = knobs(cls)[option].check(cls.name, option, getattr(old, option))
    new = {name: values[name] for name in knobs(cls) if name not in kept}
    told = [_told("Kept", cls, kept), _told("Newly set", cls, new)]
    if any(told):
        what = SIDES.get(section, section.capitalize())
        st.toast(" ".join(filter(None, [f"{what} is {cls.title} now.", *told])))
    return values | kept


def label_of(name: str, knob: Knob) -> str:
    """Return a knob's name on the page."""
    return knob.label or setting_text(name)


def _told(words: str, cls: type[Component], values: dict[str, Any]) -> str:
    parts = [f"{label_of(name, knobs(cls)[name])} {_shown(values[name])}" for name in values]
    return f"{words}: {', '.join(parts)}." if parts else ""


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
