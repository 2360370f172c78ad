"""A run whose data are not on this machine: seen as it was saved, and trained again with them."""

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import ExperimentConfig, Trainer
from gan_core.storage.run_saver import RunSaver
from gan_core.storage.runs_folder import new_folder
from tests.helpers.own_data import (
    TITLES,
    csv_of_heights,
    lose_data,
    own_dataset,
    zip_of_blobs,
)
from tests.helpers.pages import BROWSER, opened_by
from tests.helpers.paths import HOME
from tests.helpers.runs import NETWORKS

PAGE_OF = {"pictures": "pictures", "numbers": "distributions"}
SAME = {
    "pictures": ("blobs.zip", zip_of_blobs, "application/zip"),
    "numbers": ("heights.csv", csv_of_heights, "text/csv"),
}
OTHER = {"pictures": lambda: zip_of_blobs(first=4), "numbers": lambda: csv_of_heights(seed=1)}
kinds = pytest.mark.parametrize("kind", TITLES)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("GAN_DATA", str(tmp_path / "data"))
    yield tmp_path
    lose_data()


def a_run(kind):
    """Save a run of the user's own data, at several steps, and lose the data."""
    config = {"dataset": own_dataset(kind).to_dict(), "architecture": NETWORKS, "batch_size": 8}
    trainer = Trainer(ExperimentConfig.from_dict(config), "cpu", "eager")
    keeper = RunSaver(trainer, new_folder(), "mine")
    for step in (0, 2, 5):
        trainer.step(step - trainer.step_count)
        keeper.save(trainer.snapshot())
    keeper.close()
    lose_data()
    return keeper.folder


def sentences(at):
    boxes = (at.info, at.warning, at.error, at.success, at.caption, at.markdown)
    return [box.value for found in boxes for box in found]


def absences(at):
    return [words for words in sentences(at) if "not on this machine" in words]


def bring(at, kind, page, content):
    name, _, mime = SAME[kind]
    key = next(b.key for b in at.button if b.label == "Bring the data back")
    at.get("file_uploader")[0].upload(name, content, mime).run()
    at.button(key=key).click().run()
    for _ in range(100):
        if at.error or page in at.session_state["visitor"].runs:
            break
        at.run()
    assert not at.exception


@kinds
def test_it_is_seen_as_it_was_saved_and_says_so_once(kind):
    folder, page = a_run(kind), PAGE_OF[kind]
    at = opened_by(folder.id, page)
    assert not at.exception
    (sentence,) = absences(at)
    assert TITLES[kind] in sentence
    assert "as it was saved at step 5" in sentence
    run = at.session_state["visitor"].watched[page]
    assert run.snapshot.step == 5
    buttons = {button.label for button in at.button}
    assert {"Bring the data back", "Close"} <= buttons
    assert not buttons & {"Train", "Reset", "Make it mine from here", "Begin the same set-up"}
    assert at.session_state["visitor"].runs == {}
    at.run()
    assert len(absences(at)) == 1
    at.button(key=f"{page}.stop_watching").click().run()
    assert absences(at) == []
    assert at.session_state["visitor"].runs[page].id != folder.id


@kinds
def test_other_data_are_refused_and_the_same_bring_it_back(kind):
    folder, page = a_run(kind), PAGE_OF[kind]
    digest = folder.digest()
    at = opened_by(folder.id, page)
    bring(at, kind, page, OTHER[kind]())
    (error,) = at.error
    assert error.value.startswith("These are other data than the run's")
    bring(at, kind, page, SAME[kind][1]())
    at.run()
    assert not at.error
    assert absences(at) == []
    run = at.session_state["visitor"].runs[page]
    assert (run.id, run.step) == (folder.id, 5)
    assert not run.config.dataset.is_missing
    assert folder.digest() == digest
    run.trainer.step(1)
    assert run.step == 6


def test_the_page_of_runs_opens_it():
    folder = a_run("pictures")
    at = AppTest.from_file(str(HOME), default_timeout=60).switch_page("pages/6_Runs.py")
    at.session_state["browser_secret"] = BROWSER
    at.run()
    at.session_state["visitor"].runs_page.selected_ids = frozenset({folder.id})
    at.session_state["visitor"].runs_page.revision += 1
    at.run()
    assert {toggle.label for toggle in at.toggle} == {"Favourites only", "all checkpoints"}
    at.button(key=f"runs.{folder.id}.open").click().run()
    assert not at.exception
    assert len(absences(at)) == 1
    assert at.session_state["visitor"].watched["pictures"].how == "without_data"


def test_a_link_to_its_set_up_is_refused_in_one_sentence():
    setup = a_run("pictures").metadata().config.to_json()
    at = AppTest.from_file(str(HOME), default_timeout=60).switch_page("pages/2_Pictures.py")
    at.session_state["browser_secret"] = BROWSER
    at.query_params["setup"] = setup
    at.run()
    assert not at.exception
    assert len(absences(at)) == 1
    assert at.session_state["visitor"].runs["pictures"].config.dataset.name == "mnist"
