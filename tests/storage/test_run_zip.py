"""Runs as zips: out of one laboratory, into another, and nothing but runs."""

import csv
import io
import json
import stat
import time
import zipfile
from dataclasses import replace

import pytest
import torch

from gan_core import ExperimentConfig, Trainer
from gan_core.data.importing.limits import Limits
from gan_core.storage import checkpoint, run_zip
from gan_core.storage.retention import set_budget
from gan_core.storage.run_folder import RunFolder
from gan_core.storage.run_saver import RunSaver
from gan_core.storage.runs_folder import all_folders, find_run, new_folder, runs_folder

SMALL = {"name": "mlp", "depth": 1, "width": 8}
NETWORKS = {"generator": SMALL, "discriminator": SMALL}
EXPERIMENTS = {
    "numbers": {"architecture": NETWORKS, "batch_size": 16},
    "pictures": {"dataset": {"name": "mnist"}, "architecture": NETWORKS, "batch_size": 16},
}
STEPS = (0, 3, 10)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))
    return tmp_path


def a_run(kind="numbers", steps=STEPS):
    """Train a small run, and save it at some of its steps."""
    trainer = Trainer(ExperimentConfig.from_dict(EXPERIMENTS[kind]), "cpu", "eager")
    keeper = RunSaver(trainer, new_folder(), "a <b>bold</b> name", parent="20260101-secret")
    for step in steps:
        trainer.step(step - trainer.step_count)
        keeper.save(trainer.snapshot(), 1.0 / (1 + step))
    return keeper.folder


def zipped(folder, everything=True):
    file = io.BytesIO()
    run_zip.export_run(folder, file, everything)
    return file


def test_a_zip_holds_the_newest_and_the_best_checkpoint_and_says_its_size():
    folder = a_run()
    about = folder.metadata()
    folder.write_metadata(replace(about, measured={"0": 0.5, "3": 0.1, "10": 0.9}))
    small, whole = zipped(folder, everything=False), zipped(folder)
    assert [k.step for k in run_zip.import_run(small).checkpoints] == [3, 10]
    assert [k.step for k in run_zip.import_run(whole).checkpoints] == list(STEPS)
    for file, everything in ((small, False), (whole, True)):
        size = run_zip.export_size(folder, everything)
        assert len(file.getvalue()) == pytest.approx(size, rel=0.05)


def changed(folder, change=lambda files: None, how=zipfile.ZIP_STORED):
    """Return the zip of a run in which `change` has had its way with the files."""
    with zipfile.ZipFile(zipped(folder)) as old:
        files = {info.filename: old.read(info) for info in old.infolist()}
    change(files)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as new:
        for name, content in files.items():
            new.writestr(name, content)
    return file


def resealed(content, change):
    """Return a checkpoint with changed content and a checksum that fits it."""
    read = checkpoint._unpacked(content)
    change(read)
    return checkpoint.to_bytes(read)


def refused(file, says, folders):
    """Check that a zip is refused in one sentence, and leaves nothing."""
    with pytest.raises(ValueError, match=says) as caught:
        run_zip.import_run(file)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    assert {f.id for f in all_folders()} == folders
    assert not [p for p in runs_folder().iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("kind", EXPERIMENTS)
def test_a_run_comes_back_to_the_bit(kind):
    folder = a_run(kind)
    made = run_zip.import_run(zipped(folder))
    assert made.id != folder.id
    assert find_run(made.id) is not None
    assert made.digest() == folder.digest()
    assert [k.step for k in made.checkpoints] == list(STEPS)
    old, new = folder.metadata(), made.metadata()
    assert (new.name, new.step, new.experiment, new.metrics, new.measured) == (
        *(old.name, old.step, old.experiment, old.metrics, old.measured),
    )
    assert old.created < new.created <= time.time()
    trainers = [f.open("cpu", "eager")[0] for f in (folder, made)]
    before, after = ([w.step for w in trainer.state_history.snapshots] for trainer in trainers)
    assert before == after == list(range(11))
    for trainer in trainers:
        trainer.step(5)
    first, second = (t.optimizers.tensors() for t in trainers)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    for name in ("metrics.csv", "config.json"):
        assert (made.path / name).read_bytes() == (folder.path / name).read_bytes()
    pictures = {p.name for p in (folder.path / "samples").iterdir()}
    assert pictures == {p.name for p in (made.path / "samples").iterdir()} != set()


def test_the_id_of_the_run_before_it_stays_here():
    folder = a_run()
    assert folder.metadata().parent == "20260101-secret"
    with zipfile.ZipFile(zipped(folder)) as made:
        assert json.loads(made.read("run.json"))["parent"] is None
        assert not any(b"secret" in made.read(name) for name in made.namelist())


def test_a_copy_is_a_run_of_its_own():
    folder = a_run()
    copy = run_zip.duplicate(folder)
    assert copy.digest() == folder.digest()
    assert copy.metadata().parent == folder.id
    assert copy.metadata().name == "Copy of a <b>bold</b> name"
    copy.delete()
    assert find_run(folder.id) is not None
    assert find_run(copy.id) is None


@pytest.mark.parametrize(
    "name",
    [
        "../evil.json",
        "/etc/evil.json",
        "checkpoints/../../evil.safetensors",
        "checkpoints/step-1.safetensors",
        "samples/step-00000000.svg",
        "generator.pkl",
        "RUN.JSON",
        "C:\\evil.json",
        "checkpoints\\step-00000001.safetensors",
    ],
)
def test_unknown_names(name, place):
    folder = a_run(steps=(2,))
    file = changed(folder, lambda files: files.update({name: b"x"}))
    refused(file, "which no run's folder holds", {folder.id})
    assert [p.name for p in place.iterdir()] == ["runs"]


def test_links_duplicates_and_passwords():
    folder = a_run(steps=(2,))
    link = changed(folder)
    with zipfile.ZipFile(link, "a") as file:
        info = zipfile.ZipInfo("samples/step-00000099.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(info, "/etc/passwd")
    refused(link, "as a link", {folder.id})
    twice = changed(folder)
    with zipfile.ZipFile(twice, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("run.json", "{}")
    refused(twice, "holds run.json twice", {folder.id})
    secret = bytearray(changed(folder).getvalue())
    at = secret.index(b"PK\x01\x02")
    secret[at + 8] |= 1
    refused(io.BytesIO(bytes(secret)), "encrypted", {folder.id})
    packed = changed(folder, how=zipfile.ZIP_LZMA)
    refused(packed, "way of packing", {folder.id})


def test_bombs():
    folder = a_run(steps=(2,))

    def blow(files):
        files["metrics.csv"] = bytes(30_000_000)

    refused(changed(folder, blow, zipfile.ZIP_DEFLATED), "more than any such file", {folder.id})
    lying = bytearray(changed(folder, blow, zipfile.ZIP_DEFLATED).getvalue())
    at = lying.index((30_000_000).to_bytes(4, "little"), lying.index(b"PK\x01\x02"))
    lying[at : at + 4] = (100).to_bytes(4, "little")
    refused(io.BytesIO(bytes(lying)), "unpack", {folder.id})
    many = changed(folder, lambda files: files.update({f"{n}": b"" for n in range(600)}))
    refused(many, "more than 500 entries", {folder.id})
    with pytest.raises(ValueError, match=r"more than 1e-05 GB"):
        run_zip.import_run(zipped(folder), Limits(unpacked_gb=1e-5))


def test_the_disk_budget_holds_for_imports():
    folder = a_run(steps=(2,))
    file = zipped(folder)
    set_budget(folder.size + 1_000)
    refused(file, "delete runs, or raise the budget", {folder.id})
    set_budget(3 * folder.size)
    assert run_zip.import_run(file).digest() == folder.digest()


def test_what_is_written_beside_the_states_is_made_anew():
    folder = a_run()

    def lie(files):
        files["metrics.csv"] = b"=cmd|' /C calc'!A0"
        files["config.json"] = b"no"
        told = json.loads(files["run.json"])
        files["run.json"] = json.dumps(
            told | {"name": "two\nlines", "step": 99, "created": 9e10, "parent": folder.id}
        ).encode()

    made = run_zip.import_run(changed(folder, lie))
    about = made.metadata()
    assert (about.name, about.step, about.parent) == ("two lines", 10, None)
    assert abs(about.created - time.time()) < 60
    with (made.path / "metrics.csv").open() as rows:
        assert {"step", "loss_d", "wasserstein_1"} <= set(next(csv.reader(rows)))
    assert ExperimentConfig.from_json((made.path / "config.json").read_text()).batch_size == 16


def test_zips_that_hold_no_run():
    for content, says in ((b"", "not a whole zip"), (b"PK\x03\x04", "not a whole zip")):
        with pytest.raises(ValueError, match=says):
            run_zip.import_run(io.BytesIO(content))
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    with pytest.raises(ValueError, match="no checkpoint"):
        run_zip.import_run(empty)
    assert all_folders() == []


TENTH = "checkpoints/step-00000010.safetensors"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.update({"samples/step-00000010.png": b"GIF89a"}), "not a picture"),
        (lambda f: f.update({"past.safetensors": b"no"}), "past.safetensors"),
        (lambda f: f.update({"checkpoints/step-00000003.safetensors": b"no"}), "step-00000003"),
        (
            lambda f: f.update(
                {
                    "checkpoints/step-00000044.safetensors": f[
                        "checkpoints/step-00000010.safetensors"
                    ]
                }
            ),
            "another step",
        ),
    ],
)
def test_parts_that_are_no_parts_of_the_run(change, says):
    folder = a_run()
    refused(changed(folder, change), says, {folder.id})


def test_checkpoints_of_two_runs_make_no_run():
    folder, other = a_run(steps=(5,)), a_run("pictures", steps=(2,))
    foreign = other.checkpoints[0].path.read_bytes()
    file = changed(
        folder, lambda files: files.update({"checkpoints/step-00000002.safetensors": foreign})
    )
    refused(file, "different runs", {folder.id, other.id})


def test_large_pictures_are_not_decoded():
    folder = a_run(steps=(2,))
    header = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + 2 * (50_000).to_bytes(4, "big") + b"\x08\x02"

    def swap(files):
        files["thumbnail.png"] = header + files["thumbnail.png"][26:]

    refused(changed(folder, swap), "not a picture", {folder.id})


def test_what_was_begun_long_ago_is_removed(monkeypatch):
    folder = a_run(steps=(2,))
    left = runs_folder() / f"{run_zip.BEGUN}0"
    left.mkdir()
    run_zip.duplicate(folder)
    assert left.exists()
    monkeypatch.setattr(run_zip, "STALE_SECONDS", -1.0)
    run_zip.duplicate(folder)
    assert not left.exists()


def test_a_folder_without_a_run():
    nothing = RunFolder(runs_folder() / "nothing")
    with pytest.raises(ValueError, match="no run"):
        run_zip.export_run(nothing, io.BytesIO())
    with pytest.raises(ValueError, match="no run"):
        run_zip.duplicate(nothing)
