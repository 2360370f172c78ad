"""Train, pause, single steps, goals, speeds and new beginnings."""

import numpy as np
import pytest

from gan_core import ExperimentConfig
from tests.helpers.pages import FRAME, both_pages, quick, visit


@both_pages
def test_train_and_pause(page):
    opened = quick(page)
    opened.press("train")
    assert opened.trainer.step_count == FRAME
    assert opened.at.button(key=f"{page}.train").label == "Pause"
    opened.look()
    assert opened.trainer.step_count == 2 * FRAME
    opened.press("train")
    assert opened.at.button(key=f"{page}.train").label == "Train"
    for _ in range(3):
        opened.look()
    assert opened.trainer.step_count == 2 * FRAME


@pytest.mark.parametrize(("button", "steps"), [("step1", 1), ("step10", 10), ("step100", 100)])
@both_pages
def test_steps_are_counted_exactly(page, button, steps):
    opened = quick(page, frame=30)
    opened.trainer.step(5)
    opened.press(button)
    opened.train_until_paused(most_frames=5)
    assert opened.trainer.step_count == 5 + steps
    assert opened.at.button(key=f"{page}.train").label == "Train"


@pytest.mark.parametrize("button", ["step1", "step10", "step100"])
def test_steps_are_counted_exactly_by_the_clock(button):
    opened = visit("distributions", frame=None)
    opened.press(button)
    opened.train_until_paused(most_frames=300)
    assert opened.trainer.step_count == int(button.removeprefix("step"))


@both_pages
def test_half_steps(page):
    opened = quick(page)
    opened.press("d_step")
    assert (opened.trainer.updates_d, opened.trainer.step_count) == (1, 0)
    opened.press("g_step")
    assert (opened.trainer.updates_d, opened.trainer.step_count) == (1, 1)


def test_a_half_step_pauses():
    opened = visit("distributions")
    opened.press("train")
    opened.press("d_step")
    assert not opened.run.playback.running
    assert (opened.trainer.updates_d, opened.trainer.step_count) == (FRAME + 1, FRAME)


@both_pages
def test_go_trains_until_the_goal(page):
    opened = quick(page)
    opened.at.number_input(key=f"{page}.goal").set_value(20)
    opened.press("go")
    opened.train_until_paused(most_frames=10)
    assert opened.trainer.step_count == 20
    opened.press("go")
    assert not opened.run.playback.running
    assert opened.trainer.step_count == 20


def test_a_lower_speed_takes_the_steps_that_are_due():
    opened = visit("distributions", frame=None)
    speed = opened.at.selectbox(key="distributions.speed")
    speed.set_value("1 step/s")
    opened.look()
    opened.press("train")
    taken = opened.trainer.step_count
    assert taken <= 2
    opened.run.playback.started -= 5.0
    opened.look()
    assert 1 <= opened.trainer.step_count - taken <= 15


@both_pages
def test_reset_repeats_the_curve_bit_for_bit(page):
    opened = quick(page)
    opened.press("step10")
    opened.train_until_paused(most_frames=10)
    first = opened.trainer.snapshot()
    opened.press("reset")
    assert opened.trainer.step_count == 0
    opened.press("step10")
    opened.train_until_paused(most_frames=10)
    again = opened.trainer.snapshot()
    assert first.history["step"].tolist() == list(range(1, 11))
    assert first.history.keys() == again.history.keys()
    for name in first.history:
        np.testing.assert_array_equal(first.history[name], again.history[name])
    np.testing.assert_array_equal(first.samples, again.samples)


def test_new_seed_begins_another_run():
    opened = visit("distributions")
    first = opened.trainer.snapshot().samples
    opened.press("new_seed")
    assert opened.trainer.step_count == 0
    assert opened.config.seed != 0
    assert opened.widget("experiment.seed").value == opened.config.seed
    assert opened.config.replace(seed=0) == ExperimentConfig()
    assert not np.array_equal(opened.trainer.snapshot().samples, first)


@pytest.mark.parametrize("restart", ["reset", "new_seed"])
def test_a_restart_keeps_the_goal(restart):
    opened = visit("distributions")
    opened.press("step10")
    before = opened.trainer
    opened.press(restart)
    assert opened.trainer is not before
    opened.train_until_paused(most_frames=5)
    assert opened.trainer.step_count == 10


@both_pages
@pytest.mark.parametrize("running", [False, True])
def test_a_goal_that_was_passed_gets_a_sentence_and_changes_nothing(page, running):
    """Go paused a run that trained, without a word."""
    opened = quick(page)
    opened.press("step10")
    opened.train_until_paused(most_frames=10)
    if running:
        opened.press("train")
    opened.at.number_input(key=f"{page}.goal").set_value(4)
    opened.press("go")
    (said,) = [box.value for box in opened.at.warning]
    assert "Step 4 has been passed already" in said
    assert opened.run.playback.running is running
    opened.press("dismiss")
    assert not opened.at.warning
    assert opened.run.playback.stop_at is None
    opened.at.number_input(key=f"{page}.goal").set_value(opened.run.step)
    opened.press("go")
    assert len(opened.at.warning) == 1
