"""The rooms of the code: each imports only from the rooms below it, and no import goes in a circle.

What a file imports for annotations alone (under TYPE_CHECKING) is left out: it is not imported.
"""

import ast

import pytest

from tests.helpers.paths import ROOT

PARTS = (
    "registry",
    "shapes",
    "losses",
    "divergences",
    "regularizers",
    "optimizers",
    "priors",
    "words",
)
"""The modules directly in gan_core that describe the parts of an experiment."""

BELOW_DATA = {"parts", "runtime"}
BELOW_EVALUATION = {*BELOW_DATA, "data", "networks", "config"}
BELOW_TRAINING = {*BELOW_EVALUATION, "evaluation"}

ROOMS = {
    "runtime": {"parts"},
    "parts": set(),
    "data": BELOW_DATA,
    "networks": {"parts"},
    "config": {"parts", "data", "networks"},
    "evaluation": BELOW_EVALUATION,
    "training": BELOW_TRAINING,
    "diagnosis": {*BELOW_TRAINING, "training"},
    "explain": {*BELOW_TRAINING, "training", "diagnosis"},
    "kinds": {*BELOW_TRAINING, "training", "diagnosis", "explain"},
    "gan_core": {"config", "training", "kinds"},
    "presets": {"gan_core", "config"},
    "storage": {*BELOW_TRAINING, "training", "gan_core"},
    "cli": {
        *BELOW_TRAINING,
        *("training", "diagnosis", "explain", "storage", "gan_core", "kinds"),
    },
    "__main__": {"cli"},
}
"""For every room of gan_core: the rooms that it may import."""

UI_ROOMS = {
    "confirmation": set(),
    "markdown": set(),
    "pages_table": set(),
    "components": set(),
    "figures": set(),
    "run": {"confirmation"},
    "session": {"run", "confirmation"},
    "sidebar": {"session", "run", "markdown"},
    "live": {"session", "run", "components", "markdown"},
    "panels": {"session", "run", "figures", "components", "markdown"},
    "views": {
        *("panels", "live", "session", "run", "figures", "components"),
        *("markdown", "pages_table"),
    },
    "lessons": {"live", "session", "run", "figures", "components"},
    "page_setup": {"session", "components", "pages_table"},
}
"""For every room of ui: the rooms that it may import."""

INSIDE_TRAINING = {
    "engines": ("algorithm", "gan", "optimization", "ema", "state", "engines"),
    "monitoring": ("algorithm", "gan", "monitoring"),
}
"""For the rooms inside `training`: the parts of it that they may import; never the trainer."""


def modules(*folders):
    """Return the file of every module, by its whole name."""
    found = {}
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def is_for_types_alone(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imported(path, known, inside_functions=True):
    """Return the known modules that a file imports."""
    found, left = set(), [ast.parse(path.read_text(encoding="utf-8"))]
    while left:
        node = left.pop()
        if is_for_types_alone(node):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else node.module for name in whole}
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if inside_functions or not is_function:
            left += ast.iter_child_nodes(node)
    return found & set(known)


CORE = modules("gan_core")
UI = modules("ui")


def room_of(name):
    """Return the room of a module of gan_core."""
    _, *rest = name.split(".")
    if not rest:
        return "gan_core"
    return "parts" if rest[0] in PARTS else rest[0]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_lies_below_it(room):
    inside = [name for name in CORE if room_of(name) == room]
    assert inside
    wrong = [
        (name, other)
        for name in inside
        for other in imported(CORE[name], CORE)
        if room_of(other) not in ROOMS[room] | {room}
    ]
    assert wrong == []


def test_every_module_has_a_room():
    assert {room_of(name) for name in CORE} == set(ROOMS)
    assert {ui_room_of(name) for name in UI} == {*UI_ROOMS, "ui"}


def ui_room_of(name):
    """Return the room of a module of ui; that of the panels lies inside the views."""
    _, *rest = name.split(".")
    if not rest:
        return "ui"
    return "panels" if rest[:2] == ["views", "panels"] else rest[0]


@pytest.mark.parametrize("room", UI_ROOMS)
def test_a_room_of_the_pages_imports_only_what_lies_below_it(room):
    inside = [name for name in UI if ui_room_of(name) == room]
    assert inside
    wrong = [
        (name, other)
        for name in inside
        for other in imported(UI[name], UI)
        if ui_room_of(other) not in UI_ROOMS[room] | {room}
    ]
    assert wrong == []


@pytest.mark.parametrize("room", INSIDE_TRAINING)
def test_rooms_inside_training_do_not_know_the_trainer(room):
    place = f"gan_core.training.{room}"
    wrong = [
        (name, other)
        for name in CORE
        if name.startswith(f"{place}.")
        for other in imported(CORE[name], CORE)
        if other.startswith("gan_core.training.")
        and other.split(".")[2] not in INSIDE_TRAINING[room]
    ]
    assert wrong == []


@pytest.mark.parametrize("known", [CORE, UI], ids=["gan_core", "ui"])
def test_no_import_goes_in_a_circle(known):
    wants = {name: imported(path, known, inside_functions=False) for name, path in known.items()}
    done = set()

    def visit(name, way):
        assert name not in way, " -> ".join([*way[way.index(name) :], name])
        if name not in done:
            for other in wants[name]:
                visit(other, [*way, name])
            done.add(name)

    for name in wants:
        visit(name, [])


@pytest.mark.parametrize("known", [CORE, UI], ids=["gan_core", "ui"])
def test_every_room_says_what_lives_there(known):
    rooms = [path for path in known.values() if path.name == "__init__.py"]
    assert len(rooms) > 5
    for path in rooms:
        words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert words, path
        assert len(words) > 40, path
