"""The page "How it works", without a browser: every chapter, both kinds of runs, every loss."""

import html
import json
import re

import pytest
import torch
from streamlit.testing.v1 import AppTest

from gan_core import ExperimentConfig
from gan_core.explain.step_recording import LINES
from gan_core.losses import LOSSES
from tests.helpers.experiments import DIGITS, EXPERIMENTS, LINE, flat, restore_trainer
from tests.helpers.paths import HOME
from ui.lessons import CHAPTERS, RUNS

PAGE = "pages/4_How_it_works.py"
MAX_WORDS = 120
GAME, LOSS, BACKPROP, PUSH, EQUILIBRIUM = CHAPTERS
SETUPS = {"Numbers": LINE, "Pictures": DIGITS}


def page_at(chapter, run="Numbers", experiment=None, steps_per_frame=2):
    at = AppTest.from_file(str(HOME), default_timeout=120).switch_page(PAGE)
    at.session_state["steps_per_frame"] = steps_per_frame
    at.session_state["lessons.chapter"] = chapter
    at.session_state["lessons.run"] = run
    at.query_params["setup"] = json.dumps(experiment or SETUPS[run])
    return look(at)


def look(at):
    at.run()
    assert not at.exception
    assert not at.error
    return at


def press(at, label):
    next(button for button in at.button if button.label == label).click()
    return look(at)


def run_of(at, run="Numbers"):
    return at.session_state["visitor"].runs[RUNS[run][0]]


def lit(at):
    """Return the words of the line that is lit in the algorithm's box."""
    boxes = [e.proto.body for e in at.get("html") if "class='algorithm'" in e.proto.body]
    found = re.findall(r"class='lit'><b>\d</b> ([^<]+)<", boxes[0])
    assert len(found) <= 1
    return html.unescape(found[0]) if found else None


def formulas(at):
    return [e.value for e in at.main if e.type == "latex"]


# The page


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_chapter_opens_trains_and_pauses(chapter, run):
    at = page_at(chapter, run)
    assert run_of(at, run).trainer.step_count == 0
    press(at, "Train")
    look(at)
    assert run_of(at, run).trainer.step_count >= 4
    press(at, "Pause")
    held = run_of(at, run).trainer.step_count
    look(at)
    assert run_of(at, run).trainer.step_count == held


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_is_short_and_has_formulas_with_numbers(chapter, run):
    at = press(page_at(chapter, run), "+1")
    if chapter == GAME:
        for _ in LINES:
            press(at, "Line ▶")
            assert_short(at)
    else:
        assert_short(at)
    assert any(re.search(r"\d\.\d", formula) for formula in formulas(at))


def assert_short(at):
    """At most 120 words outside formulas, headings and labels."""
    prose = [e.value for e in at.main if e.type in ("markdown", "caption")]
    others = ("#", "**Generator", "**Discriminator", "|", "\n|", "Each line compares")
    prose = [text for text in prose if not text.startswith(others) and "-badge[" not in text]
    assert len(" ".join(prose).split()) <= MAX_WORDS, prose


@pytest.mark.parametrize("name", [n for n in EXPERIMENTS if "digits" not in n])
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapters_of_unusual_runs(chapter, name):
    at = page_at(chapter, "Numbers", EXPERIMENTS[name])
    press(at, "+1")
    assert run_of(at).trainer.step_count == 1


def test_a_chapter_of_conditional_pictures():
    for chapter in CHAPTERS:
        press(page_at(chapter, "Pictures", EXPERIMENTS["digits by class"]), "+1")


def test_a_step_is_walked_line_by_line_and_back():
    at = page_at(GAME)
    assert lit(at) is None
    seen = []
    for place, line in enumerate(LINES):
        press(at, "Line ▶")
        assert lit(at) == line.words
        assert run_of(at).trainer.step_count == 1
        assert run_of(at).tutorial.place == place
        seen.append(formulas(at))
    for line, before in list(zip(LINES, seen, strict=True))[-2::-1]:
        press(at, "◀ Line")
        assert lit(at) == line.words
        assert formulas(at) == before
    press(at, "◀ Line")
    assert lit(at) == LINES[0].words
    for _ in LINES:
        press(at, "Line ▶")
    assert lit(at) == LINES[0].words
    assert run_of(at).trainer.step_count == 2


def test_walking_pauses_a_run_that_trains():
    at = press(page_at(GAME), "Train")
    assert run_of(at).playback.running
    press(at, "Line ▶")
    assert not run_of(at).playback.running


def test_a_goal_is_not_overstepped_while_steps_are_watched():
    at = page_at(GAME, steps_per_frame=7)
    press(at, "+10")
    for _ in range(3):
        look(at)
    assert run_of(at).trainer.step_count == 10
    assert run_of(at).tutorial.recording.step == 10
    assert not run_of(at).playback.running


@pytest.mark.parametrize("how", ["Train", "Line ▶"])
def test_a_watched_step_that_breaks_down_gets_a_sentence(how):
    wild = {"name": "sgd", "lr": 100.0}
    experiment = {**LINE, "loss": "least_squares", "optimizer_d": wild, "optimizer_g": wild}
    at = page_at(GAME, "Numbers", experiment, steps_per_frame=1)
    for _ in range(250):
        if run_of(at).notice:
            break
        if how == "Train" and run_of(at).playback.running:
            look(at)
        else:
            press(at, how)
    assert "stopped being a finite number" in run_of(at).notice
    assert not run_of(at).playback.running


def test_watching_a_run_changes_none_of_its_bits():
    at = page_at(BACKPROP, steps_per_frame=3)
    press(at, "+10")
    for chapter in CHAPTERS:
        at.session_state["lessons.chapter"] = chapter
        look(at)
    plain = restore_trainer(LINE, run_of(at).trainer.step_count)
    assert torch.equal(flat(plain.generator), flat(run_of(at).trainer.generator))


@pytest.mark.parametrize("loss", LOSSES.names())
def test_any_loss_can_be_looked_at_and_the_run_keeps_its_own(loss):
    at = page_at(LOSS)
    at.get_by_key("distributions.lesson.loss").set_value(loss)
    look(at)
    assert run_of(at).trainer.config.loss.name == "non_saturating"
    assert LOSSES[loss].equation in formulas(at)[0]
    assert_short(at)


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_the_three_ways_on_the_page_agree(network):
    at = page_at(BACKPROP)
    press(at, "+10")
    at.get_by_key("distributions.lesson.network").set_value(network)
    look(at)
    found = run_of(at).tutorial.derivative.result
    assert found.network == network
    shown = next(f for f in formulas(at) if "autograd" in f)
    ends = [float(n) for n in re.findall(r"(-?\d[\d.e-]*)(?: \\\\|\\end)", shown)]
    assert len(ends) == 3
    assert ends == pytest.approx([found.autograd] * 3, rel=1e-4)


def test_both_kinds_of_runs_are_kept_when_the_reader_changes_between_them():
    at = look(press(page_at(GAME, steps_per_frame=10), "+10"))
    at.session_state["lessons.run"] = "Pictures"
    look(at)
    assert run_of(at, "Pictures").trainer.config.dataset.kind_name == "images"
    assert run_of(at).trainer.step_count == 10
    assert not at.warning


@pytest.mark.parametrize("run", RUNS)
def test_a_link_decides_which_run_is_explained(run):
    at = AppTest.from_file(str(HOME), default_timeout=120).switch_page(PAGE)
    at.query_params["setup"] = json.dumps(SETUPS[run])
    look(at)
    assert run_of(at, run).trainer.config == ExperimentConfig.from_dict(SETUPS[run])
