"""How good a generator was is kept with its run, and checked when it is read."""

import dataclasses
import io
import json
import math

import pytest

from gan_core import ExperimentConfig, Trainer
from gan_core.evaluation.report import ClassHistogram, ClassResult, EvaluationReport, MetricResult
from gan_core.losses import LOSSES
from gan_core.storage import run_zip
from gan_core.storage.evaluations import (
    EVALUATIONS,
    format_evaluations,
    parse_evaluations,
    read_evaluations,
)
from gan_core.storage.run_saver import RunSaver
from gan_core.storage.runs_folder import new_folder
from tests.helpers.runs import a_run


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))


def report(step, frechet=12.5):
    values = {
        "frechet": MetricResult(
            *(frechet, 0.25, 2_000, False, "Fréchet distance", ""),
            *((frechet - 1, frechet + 1), (0.2, 12.0), ("blurred pictures",)),
        ),
        "recall": MetricResult(math.nan, 0.9, 2_000, True, "Recall", ""),
    }
    census = {"digit": ClassHistogram(("0", "1"), (3, 4), (7, 0))}
    classes = {"0": ClassResult(3, 7, {"coverage": values["frechet"]})}
    rest = ("A classifier.", {"digit": 0.98}, ("few",), classes)
    return EvaluationReport(step, 2_000, values, census, *rest)


def test_a_report_comes_back_as_it_was():
    first, second = report(4), report(900, 3.5)
    found = parse_evaluations(format_evaluations([second, first]))
    assert [kept.to_dict() for kept in found] == [first.to_dict(), second.to_dict()]
    assert math.isnan(found[0].values["recall"].value)
    assert found[0].census == first.census
    assert found[0].values["frechet"] == first.values["frechet"]
    assert found[0].classes["0"] == first.classes["0"]
    assert not found[0].values["frechet"].can_tell
    # What is worse than real samples beyond both intervals is worse, whatever it would miss.
    assert dataclasses.replace(found[0].values["frechet"], real_interval=(0.2, 0.3)).can_tell


def test_evaluations_of_earlier_versions_have_no_intervals_and_are_read():
    old = report(4).to_dict()
    del old["classes"]
    for row in old["values"].values():
        for name in ("interval", "real_interval", "taken_for_real"):
            del row[name]
    content = json.dumps({"format": 1, "evaluations": [old]}).encode()
    (found,) = parse_evaluations(content)
    assert found.values["frechet"].value == 12.5
    assert math.isnan(found.values["frechet"].interval[0])
    assert found.values["frechet"].can_tell
    assert found.classes == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format": 2, "evaluations": []}',
        b'{"format": 1, "evaluations": [{}]}',
        b'{"format": 1, "evaluations": 5}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_file_is_no_evaluation(tmp_path, content):
    (tmp_path / EVALUATIONS).write_bytes(content)
    assert read_evaluations(tmp_path) == []


def test_texts_of_strangers_are_lines_without_tags():
    strange = dataclasses.replace(report(2), probe="<a href=x>look</a>")
    (found,) = parse_evaluations(format_evaluations([strange]))
    assert found.probe == "‹a href=x›look‹/a›"
    for bad in ("two\nlines", "x" * 2_000):
        with pytest.raises(ValueError, match="line of text"):
            parse_evaluations(format_evaluations([dataclasses.replace(report(2), probe=bad)]))


def test_evaluations_are_saved_with_the_run_and_choose_its_best_checkpoint():
    folder = a_run("digits", dataset={"name": "mnist"})
    trainer, _ = folder.open("cpu", "eager")
    saver = RunSaver(trainer, folder)
    assert not saver.unsaved
    reports = [report(2)]
    assert saver.lacks(reports)
    assert saver.save_evaluations(reports)
    assert not saver.lacks(reports)
    assert json.loads((folder.path / "run.json").read_text())["measured"] == {"2": 12.5}
    trainer.step(3)
    reports.append(report(5, 3.0))
    assert saver.save(trainer.snapshot(), None, True, reports)
    saver.close()
    again = RunSaver(folder.open("cpu", "eager")[0], folder)
    assert [kept.to_dict() for kept in again.evaluations] == [kept.to_dict() for kept in reports]
    assert again.about.measured == {"2": 12.5, "5": 3.0}


def test_a_zip_takes_the_evaluations_along_and_checks_them():
    folder = a_run("digits", dataset={"name": "mnist"})
    (folder.path / EVALUATIONS).write_bytes(format_evaluations([report(2), report(9_999)]))
    file = io.BytesIO()
    run_zip.export_run(folder, file)
    imported = run_zip.import_run(file)
    assert [kept.step for kept in read_evaluations(imported.path)] == [2]
    (folder.path / EVALUATIONS).write_bytes(b"{}")
    file = io.BytesIO()
    run_zip.export_run(folder, file)
    with pytest.raises(ValueError, match=r"evaluations\.json is not"):
        run_zip.import_run(file)


def test_the_name_follows_the_settings_until_the_user_gives_one():
    folder = new_folder()
    trainer = Trainer(ExperimentConfig.from_dict({"batch_size": 8}), engine="eager")
    saver = RunSaver(trainer, folder)

    def name_after(**changes):
        trainer.step(2)
        trainer.update_config(trainer.config.replace(**changes))
        trainer.step(1)
        assert saver.save()
        return folder.read_metadata().name

    assert name_after() == "Normal, non-saturating"
    assert name_after(loss=LOSSES.create("hinge")) == "Normal, hinge"
    assert folder.read_metadata().changes == ((5, "Hinge"),)
    assert "Hinge (after step 5)" in (folder.path / "metrics.csv").read_text()
    folder.rename("mine")
    assert name_after(loss=LOSSES.create("minimax")) == "mine"
    again = RunSaver(folder.open("cpu", "eager")[0], folder)
    assert again.save_evaluations([report(9)])
    folder.rename("still mine")
    assert again.save_evaluations([report(9), report(9)])
    assert folder.read_metadata().name == "still mine"
    saver.close()
