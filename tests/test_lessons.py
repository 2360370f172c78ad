"""The page "How it works", without a browser: every chapter, both kinds of runs, every loss."""

import html
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from gan_core import ExperimentConfig
from gan_core.explain.loss_curves import gradient_of_g, loss_view, slope_of_g
from gan_core.explain.narration import latex_mean
from gan_core.explain.step_recording import LINES
from gan_core.losses import LOSSES
from tests.test_close_up import DIGITS, EXPERIMENTS, LINE, flat, restore_trainer
from ui.lessons import CHAPTERS, RUNS

HOME = Path(__file__).parents[1] / "dashboard.py"
PAGE = "pages/4_How_it_works.py"
MOST_WORDS = 120
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


@pytest.mark.slow
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


@pytest.mark.slow
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
    assert len(" ".join(prose).split()) <= MOST_WORDS, prose


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in EXPERIMENTS if "digits" not in n])
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapters_of_unusual_runs(chapter, name):
    at = page_at(chapter, "Numbers", EXPERIMENTS[name])
    press(at, "+1")
    assert run_of(at).trainer.step_count == 1


@pytest.mark.slow
def test_a_chapter_of_pictures_told_their_class():
    for chapter in CHAPTERS:
        press(page_at(chapter, "Pictures", EXPERIMENTS["digits by class"]), "+1")


@pytest.mark.slow
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


@pytest.mark.slow
def test_walking_pauses_a_run_that_trains():
    at = press(page_at(GAME), "Train")
    assert run_of(at).playback.running
    press(at, "Line ▶")
    assert not run_of(at).playback.running


@pytest.mark.slow
def test_a_goal_is_not_overstepped_while_steps_are_watched():
    at = page_at(GAME, steps_per_frame=7)
    press(at, "+10")
    for _ in range(3):
        look(at)
    assert run_of(at).trainer.step_count == 10
    assert run_of(at).tutorial.recording.step == 10
    assert not run_of(at).playback.running


@pytest.mark.slow
@pytest.mark.parametrize("how", ["Train", "Line ▶"])
def test_a_watched_step_that_breaks_down_is_told(how):
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


@pytest.mark.slow
def test_watching_a_run_changes_none_of_its_bits():
    at = page_at(BACKPROP, steps_per_frame=3)
    press(at, "+10")
    for chapter in CHAPTERS:
        at.session_state["lessons.chapter"] = chapter
        look(at)
    plain = restore_trainer(LINE, run_of(at).trainer.step_count)
    assert torch.equal(flat(plain.generator), flat(run_of(at).trainer.generator))


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES.names())
def test_any_loss_can_be_looked_at_and_the_run_keeps_its_own(loss):
    at = page_at(LOSS)
    at.get_by_key("distributions.lesson.loss").set_value(loss)
    look(at)
    assert run_of(at).trainer.config.loss.name == "non_saturating"
    assert LOSSES[loss].equation in formulas(at)[0]
    assert_short(at)


@pytest.mark.slow
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


@pytest.mark.slow
def test_both_kinds_of_runs_are_kept_when_the_reader_changes_between_them():
    at = look(press(page_at(GAME, steps_per_frame=10), "+10"))
    at.session_state["lessons.run"] = "Pictures"
    look(at)
    assert run_of(at, "Pictures").trainer.config.dataset.pictures
    assert run_of(at).trainer.step_count == 10
    assert not at.warning


@pytest.mark.slow
@pytest.mark.parametrize("run", RUNS)
def test_a_link_decides_which_run_is_explained(run):
    at = AppTest.from_file(str(HOME), default_timeout=120).switch_page(PAGE)
    at.query_params["setup"] = json.dumps(SETUPS[run])
    look(at)
    assert run_of(at, run).trainer.config == ExperimentConfig.from_dict(SETUPS[run])


# The numbers behind chapter 2


@pytest.mark.parametrize("name", LOSSES.names())
def test_the_batch_lies_on_the_curves(name):
    loss = LOSSES.create(name)
    rng = torch.Generator().manual_seed(3)
    real, fake = (3 * torch.randn(40, generator=rng) for _ in range(2))
    view = loss_view(loss, real, fake)
    for logits, costs, curve in (
        (view.real, view.real_costs_d, view.d_of_real),
        (view.fake, view.fake_costs_d, view.d_of_fake),
        (view.fake, view.fake_costs_g, view.g),
    ):
        assert costs == pytest.approx(np.interp(logits, view.logit, curve), abs=0.02)
    assert view.logit[0] <= min(real.min(), fake.min()) <= view.logit[-1]
    step = view.logit[1] - view.logit[0]
    slope = np.gradient(view.g, step)
    assert view.slope_g[1:-1] == pytest.approx(slope[1:-1], abs=0.02)


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("minimax", lambda a: -1 / (1 + np.exp(-a))),
        ("non_saturating", lambda a: -1 / (1 + np.exp(a))),
        ("least_squares", lambda a: a - 1),
        ("wasserstein", lambda a: -np.ones_like(a)),
    ],
)
def test_slopes_by_hand(name, slope):
    logits = torch.linspace(-6, 6, 13, dtype=torch.float64)
    found = slope_of_g(LOSSES.create(name), logits, logits).numpy()
    assert found == pytest.approx(slope(logits.numpy()), abs=1e-12)


@pytest.mark.parametrize("name", ["minimax", "non_saturating", "hinge"])
def test_the_gradient_under_a_loss_is_that_of_a_run_with_it(name):
    trainer = restore_trainer({**LINE, "loss": "non_saturating"}, 15)
    gan = trainer.gan
    batch, loss = gan.peek_batch(), LOSSES.create(name)
    with gan.no_side_effects():
        (found,) = gradient_of_g(gan, batch, [loss])
    with gan.no_side_effects():
        gan.config = gan.config.replace(loss=loss)
        objective = gan.generator_loss(batch).total
    gradients = torch.autograd.grad(objective, list(trainer.generator.parameters()))
    square = sum(g.square().sum().item() for g in gradients)
    assert found > 0
    assert found == pytest.approx(square**0.5, rel=1e-5)


def test_a_mean_is_written_out():
    each = torch.tensor([1.0, -2.0, 4.0])
    assert latex_mean(each) == r"\frac{1 - 2 + \dots}{3} = 1"
    assert latex_mean(each[:2]) == r"\frac{1 - 2}{2} = -0.5"
