"""A run comes back after a reload and after a server that ended, in a real browser."""

import signal
import time

import pytest

from gan_core.storage.run_folder import RunFolder
from tests.helpers.app import free_port, server
from tests.helpers.tab import open_page, press, step

pytestmark = pytest.mark.timeout(180)
VALUE = "document.querySelector(\".tile[data-name='step'] .value\")?.innerText"


def train_a_while(page):
    before = step(page)
    press(page, "Train")
    page.wait_for_function(
        f"(before) => ({VALUE} ?? before) !== before",
        arg=f"{before:,}",
        timeout=30_000,
    )
    page.wait_for_timeout(1_500)


def paused_at(page):
    """Return the step at which the page rests."""
    page.get_by_role("button", name="Train").wait_for(timeout=60_000)
    page.locator(".tile[data-name='step'] .note").filter(has_text="paused").wait_for(timeout=60_000)
    page.wait_for_timeout(1_000)
    return step(page)


def test_a_run_survives_its_page_and_its_server(browser, tmp_path):
    """The page is reloaded, the server told to end, and, when it is back, killed."""
    runs, port = tmp_path / "runs", free_port()
    environment = {"GAN_RUNS": str(runs), "GAN_ENGINE": "eager"}
    page = browser.new_page()
    with server(port, environment) as (address, process):
        open_page(page, f"{address}/Distributions")
        train_a_while(page)
        page.reload()
        reloaded = paused_at(page)
        page.get_by_text("was training when this page was opened again").wait_for()
        assert reloaded > 0
        train_a_while(page)
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        page.get_by_role("dialog").get_by_text("The laboratory does not answer").wait_for()
        assert "internet" not in page.get_by_role("dialog").inner_text()
    (folder,) = [RunFolder(path) for path in runs.iterdir()]
    assert folder.id == page.url.split("run=")[1]
    ended = folder.checkpoints[-1].step
    assert ended > reloaded
    with server(port, environment) as (address, process):
        page.locator(".tile[data-name='step'] .note").filter(has_text="paused").wait_for(
            timeout=90_000
        )
        page.wait_for_function(
            f"(step) => {VALUE} === step",
            arg=f"{ended:,}",
            timeout=30_000,
        )
        train_a_while(page)
        press(page, "Pause")
        paused = paused_at(page)
        assert paused > ended
        deadline = time.monotonic() + 20
        while folder.checkpoints[-1].step != paused:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.kill()
        process.wait(20)
    assert folder.open("cpu")[0].step_count == paused
    page.close()
