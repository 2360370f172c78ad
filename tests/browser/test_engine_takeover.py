"""Another engine takes over while a real page trains."""

import json
from urllib.parse import quote

import pytest

from gan_core.training.engines.compile_queue import compiler
from tests.helpers.app import app
from tests.helpers.engines import LINE
from tests.helpers.tab import WINDOW, eventually, open_page, pause, press, step

pytestmark = pytest.mark.timeout(300)


@pytest.mark.skipif(compiler() is None, reason="There is no C++ compiler on this machine.")
def test_the_compiled_step_takes_over_while_the_page_trains(browser, data_folder):
    """Nobody waits for the compiler, and the curve goes on after it."""
    with app({"GAN_DATA": str(data_folder), "GAN_ENGINE": "auto"}) as address:
        page = browser.new_page(viewport=WINDOW)
        # The structure of the compiled tests' experiment, so that the compiler runs once.
        open_page(page, f"{address}/Distributions?setup={quote(json.dumps(LINE))}")
        press(page, "Train")
        note = page.locator(".tile[data-name='steps a second'] .note")
        note.filter(has_text="eager").wait_for()
        eventually(page, lambda: step(page) > 500)
        note.filter(has_text="compiled").wait_for(timeout=200_000)
        at = step(page)
        eventually(page, lambda: step(page) > at + 1_000)
        pause(page)
        assert page.locator(".stAlert").count() == 0
        page.close()
