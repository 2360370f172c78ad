"""The command line on terminals of any encoding."""

import io
import os
import subprocess
import sys

import pytest

from gan_core.cli import terminal
from gan_core.cli.main import main
from gan_core.explain import component_reference
from gan_core.presets import PRESETS
from tests.helpers.paths import ROOT


def stream(encoding, monkeypatch, name="stdout"):
    made = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    monkeypatch.setattr(sys, name, made)
    return made


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "latin-1", "utf-8", "shift_jis"])
@pytest.mark.parametrize("words", [["list"], ["list", "--markdown"], ["runs"]], ids=" ".join)
def test_every_list_is_printed_in_every_encoding(monkeypatch, encoding, words):
    out = stream(encoding, monkeypatch)
    assert main(words) == 0
    out.flush()
    printed = out.buffer.getvalue().decode(encoding)
    assert printed.count("\n") > 5 or words == ["runs"]
    assert "\\u" not in printed
    if encoding == "utf-8" and words == ["list"]:
        assert printed == component_reference.text() + "\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1252:strict"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
    ids=lambda environment: " ".join(f"{k}={v}" for k, v in environment.items()),
)
def test_list_is_printed_by_a_process_of_its_own(environment):
    done = subprocess.run(
        [sys.executable, "-m", "gan_core", "list"],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        timeout=180,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"adam: Steps scaled by running means of the gradient (" in done.stdout


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("−3 × 10⁻⁸", "-3 x 10^-^8"),
        ("x² ≥ β₁, σ → ∞", "x^2 >= beta_1, sigma -> inf"),
        ("Δx ± ½", "Deltax +/- 1/2"),
        ("Fréchet, Sønderby, “Größe” …", 'Frechet, Sonderby, "Grosse" ...'),
        ("あ", "\\u3042"),
    ],
)
def test_signs_that_ascii_lacks_are_written_in_others(text, plain):
    terminal.prepare_streams()
    assert text.encode("ascii", terminal.NEAREST).decode() == plain


def test_no_text_of_ours_is_printed_as_a_code():
    terminal.prepare_streams()
    for preset in PRESETS:
        plain = (preset.title + preset.look_for).encode("ascii", terminal.NEAREST).decode()
        assert "\\" not in plain


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
@pytest.mark.parametrize("name", [b"r\xc3\xa9sum\xc3\xa9", b"caf\xe9", b"plain"])
def test_a_path_is_printed_byte_for_byte(monkeypatch, encoding, name):
    out = stream(encoding, monkeypatch)
    terminal.prepare_streams()
    terminal.print_path(os.fsdecode(name))
    out.flush()
    assert out.buffer.getvalue() == name + b"\n"


def test_wrong_bytes_that_are_read_are_still_an_error():
    terminal.prepare_streams()
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", terminal.NEAREST)
