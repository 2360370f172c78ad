"""`gan-lab`, installed with pip, opens the laboratory in a real browser."""

from tests.helpers.app import free_port, server
from tests.helpers.installed import install
from tests.helpers.tab import open_page, press, step


def test_gan_lab_without_words_opens_the_page(browser, tmp_path):
    installed = install(tmp_path)
    page, command = browser.new_page(), [installed.command]
    with server(free_port(), installed.environment, None, tmp_path, command) as (address, _):
        open_page(page, f"{address}/Distributions")
        press(page, "+10")
        page.locator(".tile[data-name='step'] .note").filter(has_text="paused").wait_for()
        page.wait_for_function(
            "document.querySelector(\".tile[data-name='step'] .value\").innerText === '10'"
        )
        assert step(page) == 10
        page.goto(f"{address}/Reference")
        page.get_by_text("gan_core/").first.wait_for()
    page.close()
