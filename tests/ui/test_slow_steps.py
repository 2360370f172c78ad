"""Steps that take seconds: the page answers, and says what goes on."""

import json
import threading
from unittest.mock import patch

import pytest

import ui.components
from tests.helpers.pages import quick, visit
from tests.helpers.tab import SLOW_DIGITS
from ui.live.tiles import LONG_STEP_SECONDS, PAUSING


def step_tile(opened):
    """Let a frame pass; return the tile of the step as it is sent to the browser."""
    sent = []
    mount = ui.components._tiles

    def recorded(*args, data, **more):
        sent.append(json.loads(data))
        return mount(*args, data=data, **more)

    with patch.object(ui.components, "_tiles", recorded):
        opened.look()
    return next(tile for tiles in sent for tile in tiles if tile["label"] == "step")


def test_the_page_answers_while_the_half_step_before_a_pause_goes_on():
    opened = visit("pictures", SLOW_DIGITS | {"batch_size": 512})
    playback = opened.run.playback
    playback.start()
    training = threading.Thread(target=playback.train, args=(1,))
    training.start()
    while not playback._threads_in_step:
        training.join(0.01)
    playback.pause()
    tile = step_tile(opened)
    assert training.is_alive()
    assert tile["note"].startswith(PAUSING)
    assert "clock" not in tile
    assert any("Pausing after this half step" in words.value for words in opened.at.caption)
    training.join()
    assert (opened.trainer.updates_d, opened.trainer.step_count) == (1, 0)
    assert step_tile(opened)["note"] == "paused; 1 D updates"


@pytest.mark.parametrize("page", ["distributions", "pictures"])
def test_the_tile_knows_how_long_a_step_usually_takes(page):
    opened = quick(page)
    opened.run.playback.start()
    first = step_tile(opened)
    assert first["note"].startswith("training")
    assert first["clock"] == {"after": LONG_STEP_SECONDS, "usual": None}
    timer = opened.run.playback.frame_timer
    timer.add_training(8.5, 1)
    usual = timer.step_seconds
    assert step_tile(opened)["clock"]["usual"] == round(usual, 2)
    opened.run.playback.pause()
    assert "clock" not in step_tile(opened)


def test_the_tile_says_that_something_is_measured(trained):
    opened = quick("pictures")
    opened.trainer.step(2)
    opened.run.evaluate()
    assert step_tile(opened)["note"].startswith("paused, measuring (")
    opened.wait(lambda: not opened.run.measurements.busy, seconds=120)
    assert step_tile(opened)["note"].startswith("paused; ")
