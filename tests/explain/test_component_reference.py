"""The Reference page: every component with its equation, its knobs, its paper and its code."""

import ast
import re

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.explain import component_reference
from gan_core.losses import LOSSES, Minimax
from gan_core.registry import knobs
from tests.helpers.paths import ROOT
from ui.markdown import escape_markdown, link_papers
from ui.views import reference

KINDS = list(component_reference.registries())
COMPONENTS = [
    pytest.param(cls, id=f"{kind}-{cls.name}")
    for kind, registry in component_reference.registries().items()
    for cls in registry
]


@pytest.mark.parametrize("cls", COMPONENTS)
def test_component_has_an_equation_unless_it_is_pictures(cls):
    assert bool(cls.equation) != (getattr(cls, "kind_name", "") == "images")
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", cls.equation):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    for left, right in ((r"\\left", r"\\right"), (r"\\begin\b", r"\\end\b")):
        assert len(re.findall(left + r"(?![a-z])", cls.equation)) == len(
            re.findall(right + r"(?![a-z])", cls.equation)
        )


@pytest.mark.parametrize("cls", COMPONENTS)
def test_knobs_that_an_equation_names_exist(cls):
    named = re.findall(r"\\texttt\{([^}]+)\}", cls.equation)
    assert {name.replace(r"\_", "_") for name in named} <= set(knobs(cls))


@pytest.mark.parametrize("cls", COMPONENTS)
def test_arxiv_numbers_are_well_formed_and_linked(cls):
    words = re.findall(r"arXiv:?\s*(\S*)", cls.paper, flags=re.IGNORECASE)
    numbers = re.findall(r"arXiv:(\d{4}\.\d+)", cls.paper)
    assert len(words) == len(numbers)
    for number in numbers:  # four digits after the point until 2014, five since
        assert len(number) == (9 if int(number[:2]) < 15 else 10)
    assert all(1 <= int(number[2:4]) <= 12 for number in numbers)
    linked = link_papers(cls.paper)
    assert re.findall(r"\]\(https://arxiv\.org/abs/([\d.]+)\)", linked) == numbers


@pytest.mark.parametrize("cls", COMPONENTS)
def test_source_is_what_stands_in_the_file(cls):
    for source in component_reference.sources(cls):
        lines = (ROOT / source.file).read_text(encoding="utf-8").splitlines(keepends=True)
        assert source.code == "".join(lines[source.line - 1 :][: len(source.code.splitlines())])
    (definition,) = ast.parse(component_reference.sources(cls)[0].code).body
    assert isinstance(definition, ast.ClassDef)
    assert definition.name == cls.__name__
    assert f'"{cls.name}"' in ast.unparse(definition.decorator_list[0]).replace("'", '"')


def test_source_of_what_a_loss_extends_comes_along():
    names = [ast.parse(source.code).body[0].name for source in component_reference.sources(Minimax)]
    assert names == ["Minimax", "CrossEntropy"]


def test_search_wants_every_word():
    found = {
        (registry.kind, cls.name) for registry, cls in component_reference.search("goodfellow MLP")
    }
    assert found == {
        ("generator", "mlp"),
        ("discriminator", "mlp"),
        ("discriminator", "maxout_mlp"),
    }
    assert [cls.name for _, cls in component_reference.search("1705.02894")] == ["hinge"]
    assert component_reference.search("no such thing") == []
    assert len(component_reference.search("")) == len(COMPONENTS)


def test_a_table_of_knobs():
    table = reference.knob_table(LOSSES["hinge"]).splitlines()
    assert table[2:] == [
        "| `margin` | 1 | 0.1 to 2 | linear | Logit beyond which D is satisfied. |"
    ]
    rates = reference.knob_table(
        component_reference.registries()["optimizer"]["rmsprop"]
    ).splitlines()
    assert rates[2].startswith("| `lr` | 5e-05 | 1e-06 to 100 | logarithmic |")
    assert reference.knob_table(LOSSES["wasserstein"]) == ""


def test_text_is_shown_as_it_is():
    assert escape_markdown("x_i * $5 | [a]", docstring=True) == r"x\_i \* \$5 \| \[a\]"


# The page


@pytest.fixture(scope="module")
def page():
    at = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60).run()
    at.switch_page("pages/5_Reference.py").run()
    return at


def headings(at):
    return [m.value for m in at.markdown if m.value.startswith("##### ")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_component_of_a_kind_is_on_the_page(page, kind):
    page.text_input[0].set_value("")
    page.run()
    page.get("button_group")[0].set_value(kind)
    page.run()
    assert not page.exception
    registry = component_reference.registries()[kind]
    assert headings(page) == [f"##### {cls.title} &nbsp; `{cls.name}`" for cls in registry]
    equations = [cls.equation for cls in registry if cls.equation]
    assert len(page.latex) == len(equations)
    for shown, equation in zip(page.latex, equations, strict=True):
        assert equation in shown.value
    assert len(page.code) == sum(len(component_reference.sources(cls)) for cls in registry)
    text = "\n".join(m.value for m in page.markdown)
    for cls in registry:
        for name, knob in knobs(cls).items():
            assert knob.hidden or f"| `{name}` |" in text


def test_every_kind_has_its_symbols_explained(page):
    assert set(reference.OF_KIND) == set(KINDS)


def test_search_finds_over_all_kinds_and_says_when_it_does_not(page):
    page.text_input[0].set_value("arXiv:1701.07875").run()
    assert not page.exception
    assert [re.findall(r"`(.+)`", heading)[0] for heading in headings(page)] == [
        "wasserstein",
        "weight_clipping",
        "d_fooled",
    ]
    assert ":gray-badge[loss]" in headings(page)[0]
    page.text_input[0].set_value("no such thing").run()
    assert not headings(page)
    assert "no such thing" in page.info[0].value
