"""The README and the docs tell the truth: their code, commands, tables, links and pictures."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gan_core.explain import component_reference
from tests.helpers.commands import FIXED
from tests.helpers.paths import ROOT

pytestmark = pytest.mark.slow


PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").glob("*.md")
)
README, COMMANDS = ROOT / "README.md", ROOT / "docs" / "command-line.md"
LINK = re.compile(r"\]\((?!https?://)([^)\s]+)\)")
ENVIRONMENT = re.compile(r"\bGAN_[A-Z][A-Z_]*[A-Z]\b")

WRITTEN_LATER = {
    *("config.json", "data.json", "evaluations.json", "run.json", "settings.json"),
    "secrets.toml",
}
"""Files of a run or of a server, not of the repository."""


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def names(paths: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text(path), flags=re.DOTALL)


def anchor(heading: str) -> str:
    """Return the name that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def tracked() -> set[str]:
    """Return the paths of all files that git knows, and of the folders that they are in."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    files = [Path(line) for line in listed.stdout.splitlines()]
    return {path.as_posix() for file in files for path in (file, *file.parents)}


def test_tables_are_those_of_the_registries():
    page = text(ROOT / "docs" / "components.md")
    made = page.split("<!-- python -m gan_core list --markdown -->")[1].split("<!-- end -->")[0]
    assert made.strip() == component_reference.markdown()


def test_readme_stays_short():
    assert len(text(README).encode()) <= 11_000


@pytest.mark.parametrize("code", blocks(README, "python"), ids=["trainer", "loss"])
def test_python_examples_run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_example_of_a_loss_sets_nothing_that_losses_do_not_have():
    from gan_core.losses import LOSSES, Loss

    (code,) = (code for code in blocks(README, "python") if "LOSSES.register" in code)
    made: dict[str, object] = {}
    exec(code.replace("@LOSSES.register", "@(lambda *names, **facts: lambda cls: cls)"), made)
    assert "margin" not in LOSSES.names()
    public = {name for name in vars(made["Margin"]) if not name.startswith("_")}
    assert public - {"margin"} <= {name for name in dir(Loss) if not name.startswith("_")}


@pytest.mark.parametrize("page", [README, COMMANDS], ids=names([README, COMMANDS]))
def test_command_line_examples_run(page, tmp_path):
    (commands,) = (block for block in blocks(page, "bash") if "gan_core train" in block)
    script = commands.replace("python -m", f"{shlex.quote(sys.executable)} -m")
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **FIXED}
    done = subprocess.run(
        ["bash", "-ec", script], cwd=tmp_path, env=environment, capture_output=True, timeout=180
    )
    assert done.returncode == 0, done.stderr.decode()
    made = {path.name for path in (tmp_path / "runs" / "first").iterdir()}
    kept = {".lock", "run.json", "config.json", "metrics.csv", "checkpoints", "steps.bin"}
    states = {"past.safetensors", "generator.safetensors"}
    assert made == kept | states | {"samples", "thumbnail.png"}
    if page == COMMANDS:
        assert b'"wasserstein_1"' in done.stdout
        assert (tmp_path / "grid.png").stat().st_size > 1_000


def test_every_command_of_the_command_line_is_described():
    from gan_core.cli.parser import parser

    (commands,) = (a for a in parser(None)._actions if a.dest == "command")
    page = text(COMMANDS)
    for name, made in commands.choices.items():
        assert f"gan_core {name}" in page, name
        options = {o for action in made._actions for o in action.option_strings}
        for option in options - {"-h", "--help"}:
            assert option in page, f"{name} {option}"


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_make_targets_exist(page):
    makefile = text(ROOT / "Makefile")
    for target in set(re.findall(r"(?:^|`)make (\w+)", text(page), flags=re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_scripts_exist_and_have_the_options_named(page):
    for script, options in re.findall(r"python ((?:benchmarks|docs)/\w+\.py)([^`\n]*)", text(page)):
        code = text(ROOT / script)
        for option in re.findall(r"--[\w-]+", options):
            assert f'"{option}"' in code, f"{script} {option}"


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_links_and_pictures_exist(page):
    for link in LINK.findall(text(page)):
        path, _, name = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if name:
            headings = re.findall(r"^#+ (.*)$", text(target), flags=re.MULTILINE)
            assert name in map(anchor, headings), link


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_named_modules_exist(page):
    """A path in code style ends a path of the repository, such as `engines/build.py`."""
    known = tracked()
    for path in re.findall(r"`((?:\w+/)*\w+\.(?:py|js|json|toml|md))`", text(page)):
        found = any(file == path or file.endswith(f"/{path}") for file in known)
        assert found or path in WRITTEN_LATER, path
    for path in re.findall(r"`((?:gan_core|ui|benchmarks)/[\w/]*)`", text(page)):
        assert path.rstrip("/") in known, path


def test_no_merge_was_left_half_way():
    marks = re.compile(r"^(<{7} |>{7} )", re.MULTILINE)
    for name in tracked():
        path = ROOT / name
        if path.suffix in {".md", ".py", ".js", ".css", ".toml", ".txt", ".json"}:
            assert not marks.search(text(path)), name


def test_tree_of_the_readme_is_the_repository():
    (tree,) = (block for block in blocks(README, "text") if block.startswith("gan_core/"))
    core = tree.split("\nui/")[0]
    listed = set(re.findall(r"── (\w+)/", core)) | set(re.findall(r"(\w+)/ ", core)) - {"gan_core"}
    rooms = {path.parent.name for path in (ROOT / "gan_core").rglob("__init__.py")} - {"gan_core"}
    assert listed == rooms


def test_table_of_environment_variables_is_complete():
    read = {
        name
        for folder in ("gan_core", "ui")
        for path in (ROOT / folder).rglob("*.py")
        for name in ENVIRONMENT.findall(text(path))
    }
    page = text(ROOT / "docs" / "deployment.md")
    rows = {
        name for row in re.findall(r"^\|(.*?)\|", page, re.M) for name in ENVIRONMENT.findall(row)
    }
    assert rows == read
