"""A run comes back after a reload and after a server that ended, in a real browser."""

import signal

import pytest

from gan_core.runs import RunFolder
from tests.laboratory import free_port, open_page, press, server, step

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.timeout(180),
]


def train_a_while(page):
    press(page, "Train")
    page.wait_for_function("() => document.body.innerText.includes('training;')")
    page.wait_for_timeout(1_500)


def paused_at(page):
    """Return the step at which the page rests."""
    page.get_by_role("button", name="Train").wait_for(timeout=60_000)
    page.locator(".tile[data-name='step'] .note").filter(has_text="paused").wait_for(timeout=60_000)
    return step(page)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_survives_its_page_and_its_server(browser, tmp_path, how):
    runs, port = tmp_path / "runs", free_port()
    environment = {"GAN_RUNS": str(runs), "GAN_ENGINE": "eager"}
    page = browser.new_page()
    with server(port, environment) as (address, process):
        open_page(page, f"{address}/Distributions")
        train_a_while(page)
        page.reload()
        reloaded = paused_at(page)
        assert reloaded > 0
        run_id = page.url.split("run=")[1]
        if how == signal.SIGKILL:  # what was saved at the last pause comes back
            process.kill()
            expected = reloaded
        else:
            train_a_while(page)
            process.send_signal(how)
            expected = None
        process.wait(20)
    (folder,) = [RunFolder(path) for path in runs.iterdir()]
    saved = folder.checkpoints[-1].step
    assert folder.id == run_id
    if expected is None:
        assert saved > reloaded
    else:
        assert saved == expected
    digest = folder.digest()
    with server(port, environment):
        page.locator(".tile[data-name='step'] .note").filter(has_text="paused").wait_for(
            timeout=90_000
        )
        page.wait_for_timeout(1_000)
        assert step(page) == saved
        assert folder.digest() == digest
    page.close()
