"""The page of all runs, without a browser."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import ExperimentConfig
from gan_core.evaluation.report import EvaluationReport, MetricResult
from gan_core.storage import config_diff, run_zip
from gan_core.storage.evaluations import write_evaluations
from gan_core.storage.retention import budget
from gan_core.storage.run_index import RUN_INDEX, RunIndex
from gan_core.storage.runs_folder import all_folders
from tests.helpers.paths import HOME
from tests.helpers.runs import a_run

pytestmark = pytest.mark.quick

PAGE = "pages/6_Runs.py"
EVIL = "![x](http://evil.example/x.png) <b>$x$</b>"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))


def opened():
    page = AppTest.from_file(str(HOME), default_timeout=60).switch_page(PAGE).run()
    assert not page.exception
    return page


def test_an_empty_page_says_how_runs_get_there():
    page = opened()
    assert "saved" in page.info[0].value
    assert len(page.dataframe) == 0


def test_the_table_holds_what_is_known_of_each_run():
    a_run("first", loss={"name": "hinge"}, n_critic=2)
    a_run(EVIL, dataset={"name": "uniform"})
    table = opened().dataframe[0].value
    assert list(table["Name"]) == [EVIL, "first"]
    assert list(table["Data"]) == ["Uniform", "Normal"]
    assert list(table["Step"]) == [2, 2]
    assert (
        "loss: Hinge; batch size: 8; D updates per G update: 2"
        in table["Differs from the defaults in"][1]
    )
    assert all(table["Samples"].str.startswith("data:image/png;base64,"))
    saved = datetime.fromtimestamp(all_folders()[0].metadata().saved, UTC)
    assert abs(table["Saved"][0] - saved).total_seconds() < 60
    for row, name in zip(RUN_INDEX.rows(), table["Quality"], strict=True):
        assert name == f"Wasserstein-1 {row.about.metrics['wasserstein_1']:.3g}"


def test_what_is_chosen_stays_chosen_while_others_are_saved():
    folder = a_run("first")
    page = opened()
    page.session_state["visitor"].runs_page.selected_ids = frozenset({folder.id})
    a_run("second")
    page.run()
    key = f"runs.{folder.id}"
    page.text_input(key=f"{key}.name").set_value("renamed")
    a_run("third")
    page.button(key=f"{key}.rename.button").click().run()
    assert folder.metadata().name == "renamed"
    assert page.text_input(key=f"{key}.name").value == "renamed"


def test_the_budget_is_set():
    a_run("first")
    page = opened()
    page.number_input(key="runs.budget").set_value(1.5).run()
    assert budget() == 1_500_000_000


def test_settings_side_by_side():
    configs = [
        ExperimentConfig.from_dict({"loss": "hinge", "seed": 4}),
        ExperimentConfig.from_dict({"optimizer_g": {"name": "adam", "lr": 0.5}, "seed": 4}),
    ]
    assert config_diff.differences(configs) == {
        "loss": ["Hinge", "Non-saturating"],
        "optimizer of G": ["Adam", "Adam, lr 0.5"],
    }
    assert config_diff.from_defaults(configs[0]) == {"loss": "Hinge", "seed": "4"}
    assert (
        config_diff.from_defaults(ExperimentConfig.from_dict({"dataset": {"name": "normal"}})) == {}
    )
    given = {"dataset": {"name": "normal", "mean": 2.0}}
    assert config_diff.from_defaults(ExperimentConfig.from_dict(given)) == {"dataset": "mean 2"}


def test_the_index_notices_every_change():
    index, folder = RunIndex(), a_run("first")
    assert [row.about.name for row in index.rows()] == ["first"]
    folder.rename("second")
    assert [row.about.name for row in index.rows()] == ["second"]
    copy = run_zip.duplicate(folder)
    assert [row.id for row in index.rows()] == [copy.id, folder.id]
    assert [row.id for row in index.rows(only={folder.id, "../x"})] == [folder.id]
    (folder.path / "run.json").write_text("{")
    assert {row.id for row in index.rows()} == {copy.id, folder.id}
    folder.delete()
    assert [row.id for row in index.rows()] == [copy.id]
    (copy.path / "thumbnail.png").write_bytes(b"no picture")
    copy.rename("third")
    assert index.rows()[0].picture is None
    assert index.rows()[0].size == copy.size


def test_a_zip_comes_back_by_the_page():
    folder = a_run("first")
    file = io.BytesIO()
    run_zip.export_run(folder, file)
    page = opened()
    uploader = page.get("file_uploader")[0]
    uploader.upload("run.zip", file.getvalue(), "application/zip").run()
    page.button(key="runs.import").click().run()
    assert "imported" in page.success[0].value
    assert len(page.dataframe[0].value) == 2
    page.get("file_uploader")[0].upload("run.zip", b"no zip", "application/zip").run()
    page.button(key="runs.import").click().run()
    assert "not a whole zip" in page.error[0].value
    assert len(all_folders()) == 2


def test_the_table_shows_the_metric_that_suits_the_kind():
    folder = a_run("digits", dataset={"name": "mnist"})
    folder.write_metadata(replace(folder.metadata(), measured={"1": 90.0, "2": 31.25}))
    few = a_run("few", dataset={"name": "mnist"})
    rest = (2.5, 30, False, "Fréchet distance", "", (3.0, 5.0), (2.0, 4.0), ("blurred pictures",))
    report = EvaluationReport(2, 30, {"frechet": MetricResult(4.0, *rest)}, {}, "", {})
    write_evaluations(few.path, [report])
    few.write_metadata(replace(few.metadata(), measured={"2": 4.0}))
    a_run("numbers")
    table = opened().dataframe[0].value
    quality = dict(zip(table["Name"], table["Quality"], strict=True))
    assert quality["digits"] == "Fréchet 31.2"
    assert quality["few"] == "Fréchet 4 ± 1 ?"
    assert quality["numbers"].startswith("Wasserstein-1 ")
