"""Who may import whom: the numerical core runs without the dashboard."""

import ast
import pkgutil
import subprocess
import sys

import pytest

import gan_core
from tests.helpers.paths import ROOT

PAGES = [ROOT / "dashboard.py", *sorted((ROOT / "pages").glob("*.py"))]


def files(folder):
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path):
    """Return the top-level names of all that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def ids(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.slow
def test_core_runs_without_the_dashboard():
    modules = [
        module.name
        for module in pkgutil.walk_packages(gan_core.__path__, "gan_core.")
        if not module.name.endswith("__main__")
    ]
    assert {
        "gan_core.training.trainer",
        "gan_core.data.csv_column",
        "gan_core.networks.mlp",
    } <= set(modules)
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module(name)\n"
        "print(*sorted({'streamlit', 'plotly', 'ui', 'torch'} & sys.modules.keys()))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert run.stderr == ""
    assert run.stdout.split() == ["torch"]


@pytest.mark.parametrize("path", files("gan_core"), ids=ids(files("gan_core")))
def test_core_imports_no_dashboard(path):
    assert not imports(path) & {"streamlit", "plotly", "ui", "pages", "dashboard"}


@pytest.mark.parametrize("path", PAGES, ids=ids(PAGES))
def test_pages_hold_no_numerics(path):
    assert "ui" in imports(path)
    assert not imports(path) & {"torch", "torchvision", "numpy", "scipy", "plotly"}


@pytest.mark.parametrize("path", files("ui/figures"), ids=ids(files("ui/figures")))
def test_figures_need_neither_browser_nor_training(path):
    assert not imports(path) & {"streamlit", "torch"}


def modules(path):
    """Return the modules that a file imports, wherever in it, by their whole names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_no_test_imports_a_test_or_a_benchmark():
    found = [
        (path.relative_to(ROOT).as_posix(), name)
        for path in files("tests")
        for name in modules(path)
        if name.startswith("benchmarks") or is_a_test(name)
    ]
    assert found == []


def test_programs_take_from_the_tests_their_helpers_alone():
    programs = [*files("benchmarks"), *files("docs")]
    found = [
        (path.relative_to(ROOT).as_posix(), name)
        for path in programs
        for name in modules(path)
        if is_a_test(name)
    ]
    assert len(programs) > 10
    assert found == []


def is_a_test(name):
    """Return whether a module is among the tests, and none of their helpers."""
    first, *rest = name.split(".")
    return first == "tests" and rest[:1] not in ([], ["helpers"])


def test_one_file_keeps_the_sessions_state():
    mentions = [
        path.relative_to(ROOT).as_posix()
        for path in [*files("ui"), *files("gan_core"), *PAGES]
        if "session_state" in path.read_text(encoding="utf-8")
    ]
    assert mentions == ["ui/session/state.py"]
