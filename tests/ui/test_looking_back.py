"""A page that looks back shows, judges and exports the step that is shown, not the newest one.

Two visitors have the same run. One takes `THEN` steps, looks around, goes on to `NOW`, and looks
back; the other stops at `THEN`. Whatever the second one's pages show, the first one's must show.
"""

import ast
import io
import json
import re
import zipfile
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1.errors import AppTestError

import ui.components
from gan_core.evaluation.evaluate import Evaluation
from gan_core.evaluation.frozen_generator import load_generator
from tests.helpers.pages import PAGES, QUICK, both_pages, visit
from tests.helpers.paths import ROOT
from ui.lessons import CHAPTERS
from ui.views import latent_space as latent
from ui.views.pictures import PANELS

THEN, NOW = 4, 20
LATENT_PAGE, LESSONS_PAGE = "pages/3_Latent_space.py", "pages/4_How_it_works.py"
MOUNTS = ("_chart", "_samples", "_timeline", "_tiles")
OF_THIS_MOMENT = re.compile(
    rb'"uirevision":"[^"]*"|"run":"[^"]*"|"stamp":[^,}]*'
    rb'|"label":"steps a second"[^}]*|as it was|paused'
)
"""What may differ: names of the run's charts, speed and clock."""
ABOUT_THE_PAST = ("You look at step", "as it was at step")
TOLD = QUICK["pictures"]["architecture"] | {"conditional": True}
SETUPS = {
    "distributions": {"dataset": {"name": "normal"}},
    "pictures": {"dataset": {"name": "mnist"}, "architecture": TOLD},
}


@contextmanager
def components():
    """Collect what the page sends to its charts, grids, tiles and timeline."""
    sent = {}

    def recorded(mount):
        def show(*args, key, data, **more):
            sent[key] = OF_THIS_MOMENT.sub(b"", data[4:])
            return mount(*args, key=key, data=data, **more)

        return show

    with patch.multiple(
        ui.components, **{name: recorded(getattr(ui.components, name)) for name in MOUNTS}
    ):
        yield sent


def seen(opened):
    """Return everything that the page shows: words, formulas, tables, components, settings."""
    with components() as sent:
        opened.look()
    words = [
        (element.type, str(element.value))
        for element in opened.at.main
        if element.type in ("markdown", "caption", "latex", "arrow_data_frame")
    ]
    about = [text for text in words if not any(says in text[1] for says in ABOUT_THE_PAST)]
    boxes = [re.sub(r",[^<]*", "", e.proto.body) for e in opened.at.main.get("html")]
    settings = {
        widget.key.split(".", 2)[2]: widget.value
        for kind in ("selectbox", "slider", "number_input", "select_slider", "toggle")
        for widget in getattr(opened.at.sidebar, kind)
    }
    return {"words": about, "boxes": boxes, "settings": settings} | sent


def opened_page(opened):
    return LESSONS_PAGE if any("How it works" in m.value for m in opened.at.markdown) else None


def assert_alike(now, then, where=""):
    """Compare what two visitors see, part by part."""
    shown, expected = seen(now), seen(then)
    assert shown.keys() == expected.keys(), where
    for name, value in expected.items():
        if name == "settings" and opened_page(now) == LESSONS_PAGE:
            continue  # AppTest does not tell the values of widgets that came from another page
        assert shown[name] == value, (where, name)


def at_then(page):
    """Visit a page, and train a run there to the step `THEN`."""
    opened = visit(page, SETUPS[page])
    opened.trainer.step(THEN)
    opened.look()
    return opened


def look_back(opened, step=THEN):
    slider = next(s for s in opened.at.select_slider if s.label == "History: step")
    slider.set_value(step)
    opened.look()
    assert opened.run.displayed.step_count == step


def gone_on(page):
    """As `at_then`, but gone on to `NOW` with another loss, and looking back to `THEN`."""
    opened = at_then(page)
    opened.trainer.step(1)
    opened.set("loss", "hinge")
    opened.set("experiment.n_critic", 2)
    opened.trainer.step(NOW - THEN - 1)
    opened.look()
    look_back(opened)
    assert opened.trainer.step_count == NOW
    return opened


def switch(opened, file, **widgets):
    for key, value in widgets.items():
        opened.at.session_state[key.replace("__", ".")] = value
    opened.at.switch_page(file).run()
    assert not opened.at.exception


@both_pages
def test_the_whole_page_is_of_the_step_that_is_shown(page):
    then, now = at_then(page), gone_on(page)
    assert_alike(now, then)
    assert any("You look at step 4 of 20" in words for words in now.sentences())


def test_every_panel_is_of_the_step_that_is_shown():
    then, now = at_then("pictures"), gone_on("pictures")
    for name in PANELS:
        for opened in (then, now):
            opened.at.session_state["pictures.panel"] = name
            opened.look()
        assert_alike(now, then, name)


def test_the_latent_page_is_of_the_step_that_is_shown():
    then, now = at_then("pictures"), gone_on("pictures")
    for kind in (latent.WALK, latent.SHEET, latent.SUM, latent.TRUNCATION):
        for opened in (then, now):
            switch(opened, LATENT_PAGE, latent__kind=kind)
        assert_alike(now, then, kind)
        assert {"latent.all", "latent.way"} <= set(seen(now))
        assert any("You look at step 4 of 20" in words for words in now.sentences())


@both_pages
def test_every_lesson_is_of_the_step_that_is_shown(page):
    then, now = at_then(page), gone_on(page)
    for opened in (then, now):
        switch(opened, LESSONS_PAGE)
    for chapter in CHAPTERS:
        for opened in (then, now):
            opened.at.session_state["lessons.chapter"] = chapter
            opened.look()
        assert_alike(now, then, chapter)


@both_pages
def test_a_step_of_the_past_is_walked_through_on_a_copy(page):
    then, now = at_then(page), gone_on(page)
    for opened in (then, now):
        switch(opened, LESSONS_PAGE)
        for _ in range(3):
            opened.answer("Line ▶")
    formulas = [[e.value for e in opened.at.main if e.type == "latex"] for opened in (then, now)]
    assert formulas[0] == formulas[1]
    assert now.run.tutorial.recording.step == THEN + 1
    assert (now.run.displayed.step_count, now.trainer.step_count) == (THEN, NOW)
    assert then.trainer.step_count == THEN + 1


def downloads(opened):
    """Return what the panel offers, by label: the name and the content of the file of a click."""
    offered = {}
    keys = ("pictures.export.", "pictures.gif")
    for button in [b for b in opened.at.button if (b.key or "").startswith(keys)]:
        opened.at.button(key=button.key).click()
        opened.look()
        file = opened.at.session_state["visitor"].file
        offered[button.label] = file.name, file.content
    return offered


def parts(content):
    """Return a file's content; a zip holds the time, the header of safetensors has no order."""
    if isinstance(content, bytes) and content[:2] == b"PK":
        packed = zipfile.ZipFile(io.BytesIO(content))
        return {name: packed.read(name) for name in packed.namelist()}
    if isinstance(content, bytes) and content[8:9] == b"{":
        length = int.from_bytes(content[:8], "little")
        return json.loads(content[8 : 8 + length]), content[8 + length :]
    return content


def test_files_are_of_the_step_that_is_shown(tmp_path):
    then, now = at_then("pictures"), gone_on("pictures")
    for panel in ("Export", "Timeline"):
        for opened in (then, now):
            opened.at.session_state["pictures.panel"] = panel
            opened.look()
        offered = downloads(now)
        expected = downloads(then)
        assert offered.keys() == expected.keys() != set()
        for label, file in expected.items():
            assert parts(offered[label][1]) == parts(file[1]), label
        assert all(f"step-{THEN}." in name for name, _ in offered.values())
        if panel == "Export":
            (tmp_path / "g.safetensors").write_bytes(offered["Generator (safetensors)"][1])
            assert load_generator(tmp_path / "g.safetensors", "cpu").step == THEN
        else:
            frames = Image.open(io.BytesIO(offered["All as GIF"][1])).n_frames
            assert frames == len([s for s in (0, 1, 2, 4) if s <= THEN])


def test_quality_and_memorised_judge_the_step_that_is_shown(trained):
    then, now = at_then("pictures"), gone_on("pictures")
    run = now.run
    now.at.session_state["pictures.panel"] = "Quality"
    now.look()
    now.press("evaluate")
    now.wait(lambda: run.measurements.reports, seconds=120)
    [found] = run.measurements.reports
    config, frozen = then.config, then.trainer.frozen_generator()
    expected = Evaluation(frozen, config.dataset, then.trainer.source).run()
    assert found.to_dict() == expected.to_dict()
    now.at.session_state["pictures.panel"] = "Memorised?"
    now.look()
    now.press("compare")
    now.wait(lambda: run.measurements.nearest, seconds=120)
    samples, _ = run.measurements.nearest
    assert np.array_equal(samples.numpy(), then.trainer.snapshot().samples[:4])
    now.press("newest")
    now.at.session_state["pictures.panel"] = "Quality"
    now.look()
    assert any(f"At step {THEN}**, {NOW - THEN} steps ago" in m.value for m in now.at.markdown)
    now.press("evaluate")
    now.wait(lambda: not run.measurements.busy, seconds=120)
    assert [report.step for report in run.measurements.reports] == [THEN, NOW]
    look_back(now)
    assert [report.step for report in run.reports] == [THEN]
    assert any(f"At step {THEN}**:" in m.value for m in now.at.markdown)


def test_a_measurement_of_steps_that_were_dropped_is_dropped(trained):
    opened = at_then("pictures")
    opened.trainer.step(NOW - THEN)
    opened.at.session_state["pictures.panel"] = "Quality"
    opened.look()
    opened.run.evaluate()
    look_back(opened)
    opened.press("restore_to")
    opened.wait(lambda: not opened.run.measurements.busy, seconds=120)
    assert opened.trainer.step_count == THEN
    assert opened.run.measurements.reports == []


@both_pages
def test_what_acts_on_the_newest_step_is_grey_or_goes_there(page):
    opened = gone_on(page)
    settings = [
        widget
        for kind in ("selectbox", "slider", "number_input", "select_slider", "toggle")
        for widget in getattr(opened.at.sidebar, kind)
    ]
    assert len(settings) > 10
    assert all(widget.disabled for widget in settings)
    says = "You look at step 4; this acts on step 20. Go to the newest step to use it."
    assert any(says in caption.value for caption in opened.at.sidebar.caption)
    remedies = [b for b in opened.at.button if ".remedy." in (b.key or "")]
    assert all(button.disabled for button in remedies)
    config = opened.config
    with pytest.raises(AppTestError, match="disabled"):
        opened.set("loss", "wasserstein")
    assert opened.config == config
    opened.press("newest")
    assert opened.run.displayed is opened.trainer
    assert opened.widget("loss").value == "hinge"
    assert not opened.widget("loss").disabled
    assert opened.sentences() == []
    slider = next(s for s in opened.at.select_slider if s.label == "History: step")
    assert slider.value == NOW


@both_pages
@pytest.mark.parametrize(
    ("button", "step"), [("step1", NOW + 1), ("d_step", NOW), ("g_step", NOW + 1)]
)
def test_a_step_is_taken_and_shown_at_the_newest_one(page, button, step):
    opened = gone_on(page)
    opened.press(button)
    opened.train_until_paused(3)
    assert opened.run.displayed.step_count == opened.trainer.step_count == step
    assert opened.run.drawn.updates_d == opened.trainer.updates_d


@both_pages
def test_another_page_and_back_keep_the_step(page):
    opened = gone_on(page)
    switch(opened, LESSONS_PAGE)
    assert opened.run.displayed.step_count == THEN
    switch(opened, PAGES[page])
    assert opened.run.displayed.step_count == THEN
    slider = next(s for s in opened.at.select_slider if s.label == "History: step")
    assert slider.value == THEN
    opened.press("branch")
    assert opened.trainer.step_count == THEN
    assert opened.config.loss.name == "non_saturating"


def test_no_view_reads_the_newest_step():
    """What a view shows is of `run.displayed`; `run.trainer` and its like are the newest step."""
    newest = {"trainer", "step", "config", "latest_snapshot"}
    files = [*(ROOT / "ui/views").rglob("*.py"), *(ROOT / "ui/lessons").rglob("*.py")]
    found = [
        f"{path.name}:{node.lineno} run.{node.attr}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "run"
        and node.attr in newest
    ]
    assert len(files) > 15
    assert found == []
