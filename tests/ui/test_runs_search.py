"""What tells runs apart: titles, files' names, notes, tags, favourites, thumbnails, file names."""

import io

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.evaluation.frozen_generator import load_generator
from gan_core.presets import PRESETS
from gan_core.storage import config_diff, run_zip
from gan_core.storage.run_metadata import sanitize_note, sanitize_tags
from gan_core.storage.run_saver import RunSaver
from gan_core.storage.runs_folder import all_folders, find_run
from tests.helpers.own_data import KINDS, TITLES, lose_data, own_dataset
from tests.helpers.pages import OTHER_BROWSER, both_pages, opened_by, quick, visit
from tests.helpers.paths import HOME
from tests.helpers.runs import a_run


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))
    return tmp_path


def opened(*chosen):
    page = AppTest.from_file(str(HOME), default_timeout=60).switch_page("pages/6_Runs.py").run()
    if chosen:
        shelf = page.session_state["visitor"].runs_page
        shelf.selected_ids, shelf.revision = frozenset(chosen), 1
        page.run()
    assert not page.exception
    return page


def names(page):
    return list(page.dataframe[0].value["Name"])


def test_notes_tags_and_favourites_are_kept_found_and_taken_along():
    first, second = a_run("first"), a_run("second", loss={"name": "hinge"})
    page = opened(first.id)
    page.text_input(key=f"runs.{first.id}.name").set_value("the best one")
    page.text_area(key=f"runs.{first.id}.note").set_value("Try it again\nwith R1.")
    page.multiselect(key=f"runs.{first.id}.tags").set_value(["class 2b"])
    page.button(key=f"runs.{first.id}.rename.button").click().run()
    page.button(key=f"runs.{first.id}.favourite").click().run()
    assert not page.exception
    assert names(page) == ["second", "the best one #class 2b"]
    assert list(page.dataframe[0].value["★"]) == ["", "★"]
    for words, found in (
        ("AGAIN r1", ["the best one #class 2b"]),
        ("hinge", ["second"]),
        ("#class", ["the best one #class 2b"]),
        ("seco", ["second"]),
        ("", ["second", "the best one #class 2b"]),
    ):
        page.text_input(key="runs.search").set_value(words).run()
        assert names(page) == found
    page.toggle(key="runs.favourites").set_value(True).run()
    assert names(page) == ["the best one #class 2b"]
    page.toggle(key="runs.favourites").set_value(False)
    page.multiselect(key="runs.tags").set_value(["class 2b"]).run()
    assert names(page) == ["the best one #class 2b"]
    page.text_input(key="runs.search").set_value("nowhere").run()
    assert "No run fits" in page.info[0].value
    file = io.BytesIO()
    run_zip.export_run(first, file)
    for about in (run_zip.import_run(file).metadata(), run_zip.duplicate(first).metadata()):
        assert about.note == "Try it again\nwith R1."
        assert (about.tags, about.favourite) == (("class 2b",), True)
    assert second.metadata().tags == ()


@pytest.mark.parametrize("other", [True, False])
def test_while_a_run_is_open_elsewhere_it_is_not_renamed(other):
    owner = quick("distributions")
    owner.press("step10")
    owner.train_until_paused(10)
    assert owner.run.save()
    page = AppTest.from_file(str(HOME), default_timeout=60).switch_page("pages/6_Runs.py")
    page.session_state["browser_secret"] = OTHER_BROWSER if other else "0" * 32
    page.run()
    shelf = page.session_state["visitor"].runs_page
    shelf.selected_ids, shelf.revision = frozenset([owner.run.id]), 1
    page.run()
    for name in ("rename.button", "favourite"):
        button = page.button(key=f"runs.{owner.run.id}.{name}")
        assert button.disabled == other
        assert ("Another browser has this run open" in button.help) == other


def test_what_is_said_of_a_run_survives_its_next_save():
    folder = a_run("first")
    trainer, _ = folder.open("cpu", "eager")
    keeper = RunSaver(trainer, folder)
    folder.annotate("a note", ["tag"])
    folder.mark_favourite(True)
    trainer.step(1)
    assert keeper.save(trainer.snapshot())
    keeper.close()
    about = folder.metadata()
    assert (about.step, about.note, about.tags, about.favourite) == (3, "a note", ("tag",), True)


def test_notes_and_tags_are_plain_text():
    assert sanitize_note(" a\x00b\r\nc\t ") == "a b\nc"
    assert sanitize_tags(["#a", " a ", "", "b\nc", "x" * 99]) == ("a", "b c", "x" * 24)


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_name_stands_for_the_hash(kind, place, monkeypatch):
    monkeypatch.setenv("GAN_DATA", str(place / "data"))
    dataset = own_dataset(kind)
    folder = a_run(None, dataset=dataset.to_dict())
    page = opened(folder.id)
    row = page.dataframe[0].value.iloc[0]
    assert row["Name"].startswith(TITLES[kind])
    assert row["Data"] == TITLES[kind]
    assert TITLES[kind] in row["Differs from the defaults in"]
    config = folder.metadata().config
    shown = [str(table.value) for table in page.dataframe]
    shown += config_diff.settings(config).values()
    assert dataset.upload not in " ".join(shown)
    at = opened_by(folder.id, config.dataset.kind.page)
    assert not at.exception
    assert any(TITLES[kind] in caption.value for caption in at.sidebar.caption)
    lose_data()


def test_a_preset_gives_its_run_its_title():
    preset = next(
        preset for preset in PRESETS if preset.config.dataset.kind.page == "distributions"
    )
    at = AppTest.from_file(str(HOME), default_timeout=60)
    at.session_state["steps_per_frame"] = 3
    at.run()
    at.button(key=f"preset.{preset.name}").click().run()
    run = at.session_state["visitor"].runs["distributions"]
    run.playback.pause()
    run.trainer.step(3)
    assert run.save()
    assert find_run(run.id).metadata().name == preset.title
    run.trainer.update_config(run.config.replace(batch_size=run.config.batch_size * 2))
    step = run.step
    run.trainer.step(1)
    assert run.save()
    assert find_run(run.id).metadata().name == f"{preset.title}, changed at step {step}"
    run.reset()
    assert run.storage.saver.about.name == preset.title


@both_pages
def test_a_branch_has_a_thumbnail(page):
    run = quick(page).run
    run.trainer.step(5)
    assert run.save()
    run.history.fork()
    run.storage.saver.wait()
    assert len(all_folders()) == 2
    assert all((folder.path / "thumbnail.png").stat().st_size for folder in all_folders())


def test_files_are_named_by_the_step_of_the_click(place):
    opened_page = visit("pictures", {"dataset": {"name": "mnist"}, "latent_dim": 8})
    at, run = opened_page.at, opened_page.run
    at.segmented_control(key="pictures.panel").set_value("Export").run()
    run.trainer.step(3)  # after the page was drawn
    at.button(key="pictures.export.generator-step-{}.safetensors").click().run()
    file = at.session_state["visitor"].file
    assert file.name == "generator-step-3.safetensors"
    path = place / file.name
    path.write_bytes(file.content)
    assert load_generator(path, run.trainer.device).step == 3
    run.trainer.step(2)
    for key, name in (
        ("export.samples-step-{}.png", "samples-step-5.png"),
        ("export.numbers", "numbers-step-5.csv"),
    ):
        at.button(key=f"pictures.{key}").click().run()
        assert at.session_state["visitor"].file.name == name
    lines = at.session_state["visitor"].file.content.decode().splitlines()
    assert lines[0].startswith("step,")
    assert {"stride", "changes"} < set(lines[0].split(","))
    assert lines[-1].startswith("5,")
    at.segmented_control(key="pictures.panel").set_value("Timeline").run()
    run.trainer.step(1)
    at.button(key="pictures.gif").click().run()
    assert not at.exception
    assert at.session_state["visitor"].file.name == "timeline-step-6.gif"
