"""Settings from the environment: defaults, good values, and one sentence for each bad one."""

import re
from pathlib import Path

import pytest

from gan_core.cli.main import main
from gan_core.runtime import settings
from tests.helpers.paths import ROOT

NAME = re.compile(r"\bGAN_[A-Z][A-Z_]*[A-Z]\b")
HOME_CACHE = Path.home() / ".cache" / "gan-laboratory"

VALUES = [
    ("GAN_RUNS", settings.runs_folder, ROOT / "runs", {"/tmp/r": Path("/tmp/r")}),
    ("GAN_DATA", settings.data_folder, HOME_CACHE, {"/tmp/d": Path("/tmp/d")}),
    ("GAN_ENGINE", settings.engine, "auto", {"eager": "eager", "auto": "auto"}),
    ("GAN_THREADS", settings.threads, None, {"3": 3}),
    ("GAN_MAX_RUNS", settings.max_runs, None, {"1": 1, "12": 12}),
    ("GAN_MAX_UNPACKED_GB", settings.max_unpacked_gb, 2.0, {"0.5": 0.5}),
    ("GAN_MAX_FILES", settings.max_files, 250_000, {"10": 10, "2.5": 2}),
    ("GAN_MAX_MEGAPIXELS", settings.max_megapixels, 64.0, {"12": 12.0}),
    ("CXX", settings.cpp_compiler, "g++", {"clang++": "clang++"}),
]
"""Variable, function that returns it, default, and texts with their values."""

BAD = [
    ("GAN_RUNS", __file__),
    ("GAN_DATA", __file__),
    ("GAN_ENGINE", "fastest"),
    *((name, text) for name in ("GAN_THREADS", "GAN_MAX_RUNS") for text in ("0", "-2", "1.5", "x")),
    *(
        (name, text)
        for name in ("GAN_MAX_UNPACKED_GB", "GAN_MAX_FILES", "GAN_MAX_MEGAPIXELS")
        for text in ("0", "-1", "nan", "inf", "many")
    ),
]


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    for setting in settings.SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)


def test_every_setting_is_tried_here():
    names = [setting.name for setting in settings.SETTINGS]
    assert [name for name, *_ in VALUES] == names
    assert {name for name, _ in BAD} == set(names) - {"CXX"}


@pytest.mark.parametrize(("name", "function", "default", "good"), VALUES)
def test_values_are_read_at_each_call(monkeypatch, name, function, default, good):
    assert function() == default
    for text, expected in good.items():
        monkeypatch.setenv(name, text)
        assert function() == expected
        settings.check_settings()
    monkeypatch.setenv(name, "")
    assert function() == default


@pytest.mark.parametrize(("name", "text"), BAD)
def test_a_bad_value_is_one_sentence(monkeypatch, capsys, name, text):
    monkeypatch.setenv(name, text)
    function = next(function for found, function, *_ in VALUES if found == name)
    allowed = next(s.allowed for s in settings.SETTINGS if s.name == name)
    for read in (function, settings.check_settings):
        with pytest.raises(ValueError, match=f"^{name}") as caught:
            read()
        sentence = str(caught.value)
        assert sentence.endswith(f" = {text!r} is not {allowed}.")
        assert "\n" not in sentence
    assert main(["runs"]) == 2
    assert capsys.readouterr().err == f"gan_core: {sentence}\n"


def test_the_table_in_the_docs_is_the_settings():
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"<!-- settings -->\n(.*?)\n<!-- end -->", page, re.DOTALL)
    assert table == settings.settings_table()


def test_the_table_lists_every_name_in_the_sources():
    sources = [
        path.read_text(encoding="utf-8")
        for folder in ("gan_core", "ui")
        for path in (ROOT / folder).rglob("*.py")
    ]
    names = {name for text in sources for name in NAME.findall(text)}
    assert names == set(NAME.findall(settings.settings_table()))


def test_one_file_reads_the_environment():
    readers = [
        path.relative_to(ROOT).as_posix()
        for folder in ("gan_core", "ui")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.environ|getenv", path.read_text(encoding="utf-8"))
    ]
    assert readers == ["gan_core/runtime/settings.py"]
