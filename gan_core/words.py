"""Names and numbers in words: what a page, a mark in a chart and a sentence have in common."""

from __future__ import annotations

import math
import re

from gan_core.registry import knobs

CHOICES = {"leaky_relu": "leaky ReLU", "relu": "ReLU", "silu": "SiLU", "elu": "ELU"}
"""Choices whose words are more than their letters."""

SHORT = {"n_critic": "D updates per G update"} | {
    f"optimizer_{side}": f"optimizer of {side.upper()}" for side in "gd"
}
"""Fields of an experiment whose words are not their letters."""

HYPHEN = re.compile(r"(?<![\w)\]-])-(?=[\d.])")
"""A hyphen before a number that is no part of a word or of a range."""

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def setting_text(name: str, owner: type | None = None) -> str:
    """Return the name of a field, or of a knob of the class `owner`, in words."""
    label = knobs(owner)[name].label if owner is not None else ""
    return label or SHORT.get(name) or name.replace("_", " ")


def choice_text(value: object) -> str:
    """Return one of a knob's choices in words."""
    return CHOICES.get(str(value)) or str(value).replace("_", " ")


def true_minus(text: str) -> str:
    """Return the text with a minus, not a hyphen, before each negative number."""
    return HYPHEN.sub("−", text)


def number_text(value: float, digits: int = 3) -> str:
    """Return a number to so many digits, zeros at its end included: `0.500`, `−1.20·10⁻⁵`.

    A number of more digits before its point is whole, with commas: `12,346`.
    """
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    power = int(exponent)
    if power < -3:
        return true_minus(f"{mantissa}·10{str(power).translate(SUPERSCRIPT)}")
    return true_minus(f"{value:,.0f}" if power >= digits else f"{value:#.{digits}g}".rstrip("."))
