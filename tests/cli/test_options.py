"""Options of the command line that cannot be: refused with a sentence before any work is done."""

import json
import os

import pytest
from PIL import Image

from gan_core import ExperimentConfig
from gan_core.cli import headless
from gan_core.cli.main import main
from gan_core.cli.output import check_file, check_new_folder
from gan_core.data.image_grid import encode
from gan_core.runtime.device import resolve_device
from gan_core.runtime.files import write_atomically

SMALL = {"name": "mlp", "depth": 1, "width": 16}
PICTURES = {
    "dataset": {"name": "mnist"},
    "architecture": {"generator": SMALL, "discriminator": SMALL},
    "batch_size": 8,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run on pictures."""
    folder = tmp_path_factory.mktemp("kept") / "run"
    headless.train(ExperimentConfig.from_dict(PICTURES), 1, folder, engine="eager")
    return folder


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "experiment.json"
    path.write_text(json.dumps({"dataset": "normal"}), encoding="utf-8")
    return path


def said(capsys, *words):
    """Return the exit status and standard error of a command."""
    capsys.readouterr()
    try:
        status = main(list(map(str, words)))
    except SystemExit as ended:
        status = ended.code
    return status, capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--device", "gpu"], "device = 'gpu' is not one of auto, cpu, cuda."),
        (["--device", "cpu:x"], "device = 'cpu:x' is not one of auto, cpu, cuda."),
        (["--device", "cuda:99999999"], "is not one of auto, cpu, cuda."),
        (["--device", "cuda:999"], "device = 'cuda:999': the"),
        (["--device", ""], "device = '' is not one of auto, cpu, cuda."),
        (["--engine", "fast"], "engine = 'fast' is not one of auto, eager, compiled, cuda_graph."),
        (["--engine", "cuda_graph", "--device", "cpu"], "engine = 'cuda_graph': "),
        (["--stop-when", "frechet<5"], "stop-when: frechet is not measured on normal"),
        (["--steps", "many"], "'many' is not a whole number from 1 to "),
        (["--steps", "0"], "'0' is not a whole number from 1 to "),
        (["--steps", "9" * 6_000], "is not a whole number from 1 to "),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_a_wrong_option_is_refused_before_a_folder_is_promised(
    tmp_path, capsys, config, options, sentence
):
    out = tmp_path / "out"
    status, words = said(capsys, "train", "--config", config, "--steps", 1, "--out", out, *options)
    assert status == 2
    assert sentence in words
    assert "kept in" not in words
    assert "Traceback" not in words
    assert not out.exists()


def test_a_folder_that_cannot_be_is_refused_before_it_is_promised(tmp_path, capsys, config):
    (tmp_path / "file").write_text("precious")
    for out, sentence in (
        (tmp_path, "is not an empty folder"),
        (tmp_path / "file", "is not an empty folder"),
        (tmp_path / "file" / "deep" / "run", f"{tmp_path / 'file'} is a file, not a folder."),
    ):
        status, words = said(capsys, "train", "--config", config, "--steps", 1, "--out", out)
        assert (status, sentence in words, "kept in" in words) == (2, True, False)
    status, words = said(capsys, "train", "--resume", tmp_path, "--steps", 1)
    assert (status, "kept in" in words) == (2, False)
    assert (tmp_path / "file").read_text() == "precious"


def test_a_folder_is_promised_once_and_kept(tmp_path, capsys, config):
    out = tmp_path / "new" / "run"
    train = ["train", "--steps", 1, "--device", "cpu", "--engine", "eager"]
    status, words = said(capsys, *train, "--config", config, "--out", out)
    assert status == 0
    assert words.count(f"The run is kept in {out}") == 1
    assert (out / "run.json").is_file()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_is_read_only_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ValueError, match="is read-only for you"):
        check_new_folder(tmp_path / "run")
    with pytest.raises(ValueError, match="is read-only for you"):
        check_file(tmp_path / "a.png", [".png"])


@pytest.mark.parametrize(
    ("name", "form"), [("a.png", "PNG"), ("a.JPG", "JPEG"), ("a.jpeg", "JPEG"), ("b.PNG", "PNG")]
)
def test_a_picture_has_the_format_of_its_ending(tmp_path, capsys, run, name, form):
    assert said(capsys, "sample", run, "--n", 4, "--out", tmp_path / name)[0] == 0
    with Image.open(tmp_path / name) as image:
        assert (image.format, image.size) == (form, (4 * 30 + 2, 32))


@pytest.mark.parametrize(
    ("command", "name", "works"),
    [
        ("sample", "a.gif", ".png or .jpg or .jpeg"),
        ("sample", "a", ".png or .jpg or .jpeg"),
        ("steps", "a.xlsx", ".csv"),
        ("export-run", "a.png", ".zip"),
    ],
)
def test_another_ending_gets_those_that_work(tmp_path, capsys, run, command, name, works):
    status, words = said(capsys, command, run, "--out", tmp_path / name)
    assert (status, words) == (2, f"gan_core: --out {tmp_path / name} does not end in {works}.\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "ending"), [("sample", "png"), ("steps", "csv"), ("export-run", "zip")]
)
def test_no_sentence_names_a_temporary_file(tmp_path, capsys, run, command, ending):
    (tmp_path / f"folder.{ending}").mkdir()
    (tmp_path / "file").write_text("")
    for place, why in (
        (f"folder.{ending}", "is a folder"),
        (f"none/a.{ending}", "there is no folder"),
        (f"file/a.{ending}", "is no folder"),
    ):
        status, words = said(capsys, command, run, "--out", tmp_path / place)
        assert status == 2
        assert why in words
        assert ".part" not in words


def test_an_error_while_writing_names_the_file_that_was_meant(tmp_path):
    path = tmp_path / "none" / "a.png"
    with pytest.raises(FileNotFoundError) as failed:
        write_atomically(path, b"")
    assert failed.value.filename == str(path)
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError) as failed:
        write_atomically(tmp_path / "taken", b"")
    assert failed.value.filename == str(tmp_path / "taken")
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize(
    "options",
    [
        ["--seed", 2**64],
        ["--seed", 10**20],
        ["--seed", -1],
        ["--seed", "1e3"],
        ["--n", 10**12],
        ["--n", 0],
    ],
    ids=str,
)
def test_numbers_out_of_range_get_their_range(tmp_path, capsys, run, options):
    status, words = said(capsys, "sample", run, "--out", tmp_path / "a.png", *options)
    assert status == 2
    assert f"'{options[1]}' is not a whole number from " in words
    assert "unpacking" not in words


def test_the_largest_seed_is_one(tmp_path, capsys, run):
    out = tmp_path / "a.png"
    assert said(capsys, "sample", run, "--n", 1, "--out", out, "--seed", 2**63 - 1)[0] == 0


def test_a_picture_too_long_for_a_jpeg_gets_a_sentence():
    with pytest.raises(ValueError, match=r"65,500 a side\. Choose fewer pictures, or a PNG"):
        encode(Image.new("RGB", (1, 65_501)), ".jpg")
    assert encode(Image.new("RGB", (1, 65_500)), ".jpg")[:2] == b"\xff\xd8"


def test_a_device_without_a_number_is_found():
    assert resolve_device("cpu").type == "cpu"
    assert resolve_device("auto").type in ("cpu", "cuda")
