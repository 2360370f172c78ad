"""Runs of the user's own data: taken along in an export, missed in a sentence, known by hash."""

import io
import json
import zipfile

import numpy as np
import pytest

from gan_core import ExperimentConfig, Trainer
from gan_core.cli.main import main
from gan_core.data.importing.decode import ImportOptions
from gan_core.data.importing.importer import import_pictures
from gan_core.data.importing.limits import Limits
from gan_core.data.own_data import AbsentSource, DataRecord, MissingDataError
from gan_core.runtime.files import data_folder
from gan_core.storage import run_zip
from gan_core.storage.run_saver import RunSaver
from gan_core.storage.runs_folder import all_folders, new_folder
from tests.helpers.carried import carry, train
from tests.helpers.own_data import KINDS, TITLES, lose_data, own_dataset, zip_of_blobs
from tests.helpers.runs import NETWORKS

kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("GAN_DATA", str(tmp_path / "data"))
    yield tmp_path
    lose_data()


def a_run(kind, steps=(2, 5)):
    config = {"dataset": own_dataset(kind).to_dict(), "architecture": NETWORKS, "batch_size": 8}
    trainer = Trainer(ExperimentConfig.from_dict(config), "cpu", "eager")
    keeper = RunSaver(trainer, new_folder(), "mine")
    for step in steps:
        trainer.step(step - trainer.step_count)
        keeper.save(trainer.snapshot())
    keeper.close()
    return keeper.folder


def zipped(folder, **options):
    file = io.BytesIO()
    run_zip.export_run(folder, file, **options)
    return file


def stored():
    """Return the files of own data on this machine."""
    return {
        path.relative_to(data_folder()).as_posix()
        for path in data_folder().rglob("*")
        if path.is_file()
    }


@kinds
def test_an_export_takes_the_data_along_and_an_import_brings_them_back(kind, place, monkeypatch):
    folder = a_run(kind)
    file, before, digest = zipped(folder), stored(), folder.digest()
    label, sample = folder.metadata().config.dataset.label, folder.open("cpu")[0].sample(3)
    lose_data()
    monkeypatch.setenv("GAN_RUNS", str(place / "elsewhere"))
    assert stored() == set()
    made = run_zip.import_run(file)
    assert stored() == before
    assert made.digest() == digest
    assert not (made.path / "data").exists()
    trainer, said = made.open("cpu", "eager")
    assert said == []
    assert (trainer.sample(3) == sample).all()
    assert made.metadata().config.dataset.label == label == TITLES[kind]
    trainer.step(3)
    assert trainer.step_count == 8


@kinds
def test_the_size_is_said_with_the_data_and_without(kind):
    folder = a_run(kind)
    with_data, without = zipped(folder), zipped(folder, with_data=False)
    for file, options in ((with_data, {}), (without, {"with_data": False})):
        size = run_zip.export_size(folder, **options)
        assert len(file.getvalue()) == pytest.approx(size, rel=0.05)
    data = sum(path.stat().st_size for path in folder.metadata().config.dataset.files.values())
    assert run_zip.export_size(folder) == run_zip.export_size(folder, with_data=False) + data
    assert not any(name.startswith("data/") for name in zipfile.ZipFile(without).namelist())


@kinds
def test_without_its_data_a_run_is_seen_and_not_trained(kind):
    folder = a_run(kind)
    config = folder.metadata().config.to_dict()
    file = zipped(folder, with_data=False)
    sample = folder.open("cpu")[0].sample(3)
    lose_data()
    for seen in (run_zip.import_run(file), folder):
        assert seen.metadata().config.to_dict() == config
        assert seen.metadata().config.dataset.is_missing
        trainer, said = seen.open("cpu", "eager", needs_data=False)
        assert said == []
        assert isinstance(trainer.source, AbsentSource)
        assert (trainer.sample(3) == sample).all()
        assert trainer.snapshot().step == 5
        assert trainer.history.series()["step"][-1] == 5
        assert trainer.frozen_generator().step == 5
        with pytest.raises(MissingDataError, match="not on this machine"):
            trainer.fork(trainer.capture_state())
        with pytest.raises(MissingDataError, match=TITLES[kind]) as caught:
            seen.open("cpu", "eager")
        assert str(caught.value).count("not on this machine") == 1
        run_zip.export_run(seen, io.BytesIO())  # there is nothing of the data to take along
    own_dataset(kind)
    assert folder.open("cpu", "eager")[0].step(1) == 1


@kinds
def test_a_run_whose_data_are_deleted_while_it_is_open_is_saved(kind):
    config = {"dataset": own_dataset(kind).to_dict(), "architecture": NETWORKS, "batch_size": 8}
    trainer = Trainer(ExperimentConfig.from_dict(config), "cpu", "eager")
    keeper = RunSaver(trainer, new_folder())
    trainer.step(2)
    snapshot = trainer.snapshot()
    lose_data()
    assert keeper.save(snapshot)
    keeper.close()
    own_dataset(kind)
    assert keeper.folder.open("cpu", "eager")[0].step_count == 2


def spoiled(file, change):
    """Return a zip in which `change` has had its way with the files."""
    with zipfile.ZipFile(file) as old:
        files = {info.filename: old.read(info) for info in old.infolist()}
    change(files)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in files.items():
            new.writestr(name, content)
    return made


def array(values):
    file = io.BytesIO()
    np.save(file, values, allow_pickle=True)
    return file.getvalue()


def record(**changes):
    def change(files):
        files["data.json"] = json.dumps(json.loads(files["data.json"]) | changes).encode()

    return change


def without(name):
    return lambda files: files.pop(name)


def content(name, change):
    return lambda files: files.update({name: change(files[name])})


IMAGES, FACTORS, VALUES = "data/images.npy", "data/factors.npy", "data/values.f64"
SPOILED = [
    ("pictures", content(IMAGES, lambda old: old[:-1] + bytes([old[-1] ^ 1]))),
    ("pictures", content(IMAGES, lambda old: old[:-1])),
    ("pictures", content(IMAGES, lambda old: b"no")),
    ("pictures", content(IMAGES, lambda old: array(np.array([{"a": 1}], object)))),
    ("pictures", content(IMAGES, lambda old: array(np.zeros((12, 3, 28, 28), np.float32)))),
    ("pictures", content(FACTORS, lambda old: array(np.full((12, 1), 2)))),
    ("pictures", without(FACTORS)),
    ("pictures", without("data.json")),
    ("pictures", record(upload="0" * 16)),
    ("pictures", record(upload="../../evil")),
    ("pictures", record(count=10**12)),
    ("pictures", record(shape=[3, 28, 10**6])),
    ("pictures", record(factors={"folder": "left"})),
    ("pictures", record(title={"a": 1})),
    ("pictures", lambda files: files.update({VALUES: b"12345678"})),
    ("numbers", content(VALUES, lambda old: bytes([old[0] ^ 1]) + old[1:])),
    ("numbers", content(VALUES, lambda old: old[:-8])),
    ("numbers", record(count=3)),
    ("numbers", record(moments={"mean": "a"})),
    ("numbers", lambda files: files.update({IMAGES: b"no"})),
]


@pytest.mark.parametrize(("kind", "change"), SPOILED)
def test_data_that_are_not_the_runs_are_refused(kind, change):
    folder = a_run(kind)
    file = spoiled(zipped(folder), change)
    lose_data()
    folder.delete()
    with pytest.raises(ValueError, match="not imported") as caught:
        run_zip.import_run(file)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    assert stored() == set()
    assert all_folders() == []


def test_data_of_another_run_are_refused():
    one, two = zipped(a_run("pictures")), zipped(a_run("numbers"))
    with zipfile.ZipFile(two) as other:
        foreign = {name: other.read(name) for name in ("data.json", VALUES)}

    def swap(files):
        for name in ("data.json", IMAGES, FACTORS):
            files.pop(name)
        files.update(foreign)

    with pytest.raises(ValueError, match="not those of its run"):
        run_zip.import_run(spoiled(one, swap))


def test_bombs_and_limits():
    folder = a_run("pictures")
    blow = content(IMAGES, lambda old: bytes(200_000_000))
    with pytest.raises(ValueError, match="unpacks to more"):
        run_zip.import_run(spoiled(zipped(folder), blow))
    with pytest.raises(ValueError, match="more than 2e-05 GB"):
        run_zip.import_run(zipped(folder), Limits(unpacked_gb=2e-5))


def test_the_same_pictures_are_known_by_their_hash_and_others_are_refused():
    dataset = own_dataset("pictures")
    lose_data()
    options = ImportOptions(28)
    with pytest.raises(ValueError, match="other data than the run's"):
        import_pictures([("b.zip", zip_of_blobs(first=5))], options, expected=dataset.upload)
    assert stored() == set()
    again, _ = import_pictures([("b.zip", zip_of_blobs())], options, expected=dataset.upload)
    assert again == dataset
    assert again.record.options == {"size": 28, "fit": "crop", "colour": "auto", "classes": "auto"}


@kinds
def test_a_record_comes_back_equal(kind):
    kept = own_dataset(kind).record
    assert DataRecord.parse(kept.to_json()) == kept
    for broken in (b"", b"[]", b"{}", kept.to_json()[:-3], b'{"format": 1}'):
        with pytest.raises((ValueError, LookupError, TypeError)):
            DataRecord.parse(broken)


def test_the_command_line_says_it_once_and_how_to_go_on(place, capsys):
    folder = a_run("pictures", steps=(0, 2, 5))
    run, zips = str(folder.path), (place / "with.zip", place / "without.zip")

    def said(status, *words):
        assert main([*map(str, words)]) == status
        return capsys.readouterr().err

    assert "of it your data" in said(0, "export-run", run, "--out", zips[0])
    assert "without your data" in said(0, "export-run", run, "--out", zips[1], "--without-data")
    lose_data()
    for words in (("train", "--resume", run, "--steps", "9"), ("evaluate", run)):
        sentence = said(2, *words)
        assert sentence.count("are not on this machine") == 1
        assert "import-pictures PATH --size 28 --fit crop --colour auto --classes auto." in sentence
    said(0, "sample", run, "--n", 4, "--out", place / "grid.png")
    assert (place / "grid.png").exists()
    said(0, "import-run", zips[1])
    assert folder.metadata().config.dataset.is_missing
    said(0, "import-run", zips[0])
    assert "stands at step 6" in said(0, "train", "--resume", run, "--steps", "6")


def test_a_run_of_own_pictures_is_the_same_on_another_machine(place):
    """The short form of `benchmarks/own_pictures.py`."""
    folder = train(24, 28, 30, architecture=NETWORKS, batch_size=8)
    results = carry(folder, place)
    assert results["is_same"]
    assert (results["steps"], results["pictures"]) == (30, 24)
    assert results["grids"] > 5
    assert results["zip_bytes"] < 60_000_000
