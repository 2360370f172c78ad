"""Every symbol of every equation on the page Reference is explained there."""

import re

import pytest

from gan_core.explain.component_reference import registries
from gan_core.registry import knobs
from ui.views.reference import OF_KIND, SYMBOLS

pytestmark = pytest.mark.quick

EQUATIONS = [
    pytest.param(registry.kind, cls, id=f"{registry.kind} {cls.name}")
    for registry in registries().values()
    for cls in registry
    if cls.equation
]
GREEK = "alpha beta gamma delta epsilon varepsilon eta lambda mu nu phi psi sigma Gamma Delta Sigma"
WELL_KNOWN = {"e", "i", "j", "l", "max", "min", "tanh", "lVert"}
"""Numbers, indices and functions that every reader knows; the length of a vector has a test."""


def symbols(latex):
    """Return the letters, Greek letters and upright words of a formula."""
    latex = re.sub(r"\\texttt\{[^}]*\}|\\text\{[^}]*\}|\\top|\\pi\b|\\,?dx", " ", latex)
    words = set(re.findall(r"\\mathrm\{?(\w+)\}?", latex))
    latex = re.sub(r"\\mathrm\{?\w+\}?|\\mathbb ?E", " ", latex)
    commands = set(re.findall(r"\\([A-Za-z]+)", latex))
    letters = set(re.findall(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", " ", latex)))
    return words | letters | (commands & set(GREEK.split()))


def explained(kind, cls):
    """Return the symbols of the legend, and those that the equation or a knob explains itself."""
    legend = f"{SYMBOLS} {OF_KIND.get(kind, '')}"
    known = set().union(*(symbols(part) for part in re.findall(r"\$([^$]+)\$", legend)))
    known |= set(re.findall(r"[A-Za-z]+", re.sub(r"\$[^$]+\$", " ", legend)))
    for line in re.split(r"\\\\|\\quad|,\\ ", cls.equation):
        for given in re.findall(r"^([^=]+?)(?:=|\\sim|\\leftarrow)", line.strip(" ,{}")):
            known |= symbols(given)
    return known | set(knobs(cls))


@pytest.mark.parametrize(("kind", "cls"), EQUATIONS)
def test_every_symbol_is_explained(kind, cls):
    assert symbols(cls.equation) - explained(kind, cls) - WELL_KNOWN == set()


def test_the_length_of_a_vector_is_explained():
    assert r"\lVert" in SYMBOLS


def test_a_symbol_without_a_word_would_be_found():
    assert symbols(r"R=\lambda\,\lVert\nabla_xD\rVert^2") == {"R", "lambda", "x", "D"}
