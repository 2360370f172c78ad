"""The README tells the truth: its tables, its code and its commands."""

import re
import shlex
import subprocess
import sys

import pytest

from gan_core.explain import component_reference
from tests.helpers.paths import ROOT

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_tables_are_those_of_the_registries():
    made = README.split("<!-- python -m gan_core list --markdown -->")[1].split("<!-- end -->")[0]
    assert made.strip() == component_reference.markdown()


def test_python_examples_run():
    for code in blocks("python"):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr


def test_command_line_examples_run(tmp_path):
    commands = next(block for block in blocks("bash") if "gan_core train" in block)
    script = commands.replace("python -m", f"{shlex.quote(sys.executable)} -m")
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-ec", script], cwd=tmp_path, env=environment, capture_output=True, timeout=180
    )
    assert done.returncode == 0, done.stderr.decode()
    made = {path.name for path in (tmp_path / "runs" / "first").iterdir()}
    kept = {".lock", "run.json", "config.json", "metrics.csv", "checkpoints", "past.safetensors"}
    assert made == kept | {"samples", "thumbnail.png", "generator.safetensors"}
    assert b'"wasserstein_1"' in done.stdout
    assert (tmp_path / "grid.png").stat().st_size > 1_000


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"(?:^|`)make (\w+)", README, flags=re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_named_files_exist():
    for path in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / path).exists(), path
