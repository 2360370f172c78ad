"""The browser's own button Back: one press leaves a page, whatever was done there."""

from tests.helpers.tab import open_page, press, step

ADDRESS = "location.pathname + location.search"


def path(page):
    return page.url.split("://")[1].partition("/")[2].partition("?")[0]


def test_back_takes_one_press(browser, address):
    page = browser.new_page()
    open_page(page, f"{address}/Distributions")
    page.wait_for_timeout(500)
    press(page, "+1")
    page.wait_for_function("location.search.includes('run=')")
    before = page.evaluate("history.length")
    press(page, "New seed")
    page.get_by_role("link", name="Home").first.click()
    page.get_by_role("button", name="Open and train").nth(1).click()
    page.wait_for_function("location.search.includes('run=')")
    press(page, "Pause")
    press(page, "+1")
    page.wait_for_timeout(500)
    assert page.evaluate("history.length") == before + 2  # Home, and the page of the preset
    at = step(page)
    page.go_back()
    page.get_by_role("heading", name="GAN laboratory").wait_for()
    page.go_back()
    page.wait_for_function("location.pathname === '/Distributions'")
    page.go_back()
    page.wait_for_url("about:blank")
    page.go_forward()
    page.wait_for_function(f"{ADDRESS}.startsWith('/Distributions?')")
    page.get_by_role("button", name="Train").wait_for()
    assert step(page) == at
    page.close()
