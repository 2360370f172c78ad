"""What `pip install .` brings: every file of the core and the pages, and the command `gan-lab`."""

import re
import subprocess
from pathlib import Path

import pytest

from gan_core.cli.main import main
from gan_core.cli.parser import PROGRAM
from gan_core.explain import component_reference
from tests.helpers.installed import install
from tests.helpers.paths import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return install(tmp_path_factory.mktemp("installed"))


def tracked(*places):
    listed = subprocess.run(["git", "ls-files", *places], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    return set(listed.stdout.splitlines())


def files(folder):
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name for name in found if "__pycache__" not in name}


def test_every_file_of_the_core_and_of_the_pages_is_installed(installed):
    core = {f"gan_core/{name}" for name in files(installed.site / "gan_core")}
    assert core >= tracked("gan_core")
    pages = files(installed.site / "gan_laboratory")
    wanted = tracked("ui", "pages", "dashboard.py", ".streamlit")
    assert {Path(name).suffix for name in wanted} > {".py", ".js", ".css", ".html", ".png"}
    assert pages >= wanted
    assert {name.split("/")[0] for name in pages} == {"ui", "pages", "dashboard.py", ".streamlit"}
    tops = {path.name for path in installed.site.iterdir() if path.suffix != ".dist-info"}
    assert tops - {"bin"} == {"gan_core", "gan_laboratory"}


def test_dependencies_are_those_of_the_requirements(installed):
    (about,) = installed.site.glob("*.dist-info/METADATA")
    named = re.findall(r"^Requires-Dist: ([\w-]+)", about.read_text(encoding="utf-8"), re.M)
    listed = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert named == re.findall(r"^([\w-]+)>=", listed, re.M)


def test_gan_lab_has_the_words_of_the_command_line(installed, tmp_path):
    """It keeps its runs in the user's folder, as site-packages is no place for them."""
    done = installed.run("list")
    assert done.returncode == 0, done.stderr
    assert done.stdout == component_reference.text() + "\n"
    alone = installed.run("runs", GAN_RUNS="", HOME=str(tmp_path))
    assert alone.stdout == f"There are no runs in {tmp_path / 'gan-laboratory' / 'runs'}.\n"


def test_words_of_gan_lab_are_those_of_python_m_gan_core(capsys):
    for program in (PROGRAM, "gan-lab"):
        with pytest.raises(SystemExit) as ended:
            main(["trian"], program)
        assert ended.value.code == 2
        said = capsys.readouterr().err
        assert said.startswith(f"usage: {program} ")
        assert "'run', 'train'" in said
