"""The browser's own button Back: one press leaves a page, whatever was done there."""

from tests.helpers.tab import open_page, press, settled, step

HAS_RUN = "location.pathname === '/Distributions' && location.search.includes('run=')"


def paused(page):
    """Return what says that the run rests; Home has no such tile."""
    return page.locator(".tile[data-name='step'] .note").filter(has_text="paused").first


def test_back_takes_one_press(browser, address):
    page = browser.new_page()
    page.goto(f"{address}/_stcore/health")
    open_page(page, f"{address}/Distributions")
    press(page, "+1")
    page.wait_for_function(HAS_RUN)
    before = page.evaluate("history.length")
    press(page, "New seed")
    page.get_by_role("link", name="Home").first.click()
    page.get_by_role("button", name="Open and train").nth(1).click()
    page.wait_for_function(HAS_RUN)
    press(page, "Pause")
    paused(page).wait_for()
    press(page, "D step")
    page.wait_for_timeout(1500)  # a hand needs that long from one button to the other
    settled(page)
    at = step(page)
    assert page.evaluate("history.length") == before + 2  # Home, and the page of the preset
    page.go_back()
    page.get_by_role("heading", name="GAN laboratory").wait_for()
    page.go_back()
    page.wait_for_function("location.pathname === '/Distributions'")
    paused(page).wait_for()
    assert step(page) == at
    page.go_back()
    page.wait_for_function("location.pathname === '/_stcore/health'")
    page.close()
