"""A run that others watch, in real browsers: its owner keeps it, nobody else can change it."""

import json
from urllib.parse import quote

import pytest

from tests.helpers.tab import (
    SMALL_DIGITS,
    WINDOW,
    Tab,
    eventually,
    label,
    open_page,
    pause,
    press,
    settled,
    step,
)

pytestmark = pytest.mark.timeout(240)
SETUPS = {"Distributions": {"dataset": {"name": "normal"}, "seed": 3}, "Pictures": SMALL_DIGITS}
OTHERS = 4


@pytest.fixture
def strangers(browser):
    """Tabs of four other browsers: none shares a cookie with the owner's."""
    contexts = [browser.new_context(viewport=WINDOW) for _ in range(OTHERS)]
    tabs = [Tab(context.new_page()) for context in contexts]
    yield tabs
    for tab in tabs:
        tab.check()
    for context in contexts:
        context.close()


def watches(page, address):
    """Open an address, and wait until the page shows another visitor's run."""
    page.goto(address)
    page.get_by_text("You watch another visitor's run, live").wait_for()
    page.locator(".tile[data-name='step'] .value").first.wait_for()


@pytest.mark.parametrize("path", SETUPS)
def test_the_owner_keeps_the_run_and_the_others_watch(path, browser, address, strangers):
    own = browser.new_context(viewport=WINDOW)
    owner = Tab(own.new_page())
    page = owner.page
    open_page(page, f"{address}/{path}?setup={quote(json.dumps(SETUPS[path]))}")
    press(page, "Train")
    eventually(page, lambda: "run=" in page.url and step(page) > 5)
    for tab in strangers:
        watches(tab.page, page.url)
        for name in ("Train", "Pause", "Reset", "D step"):
            assert tab.page.get_by_role("button", name=name, exact=True).count() == 0
    before = step(page)
    eventually(page, lambda: step(page) > before)
    for tab in strangers:
        seen = step(tab.page)
        eventually(tab.page, lambda tab=tab, seen=seen: step(tab.page) > seen)
    stopped = pause(page)
    for tab in strangers:
        eventually(tab.page, lambda tab=tab: step(tab.page) == stopped)
    own_link = page.url

    branch = strangers[0].page
    press(branch, "Make it mine from here")
    label(branch, "Train")
    settled(branch)
    assert step(branch) == stopped
    press(branch, "+1")
    eventually(branch, lambda: step(branch) == stopped + 1)
    assert branch.url.split("run=")[1] != own_link.split("run=")[1]

    fresh = strangers[1].page
    press(fresh, "Begin the same set-up")
    label(fresh, "Train")
    settled(fresh)
    assert step(fresh) == 0
    assert json.loads(_setup_of(fresh.url)) == json.loads(_setup_of(own_link))

    assert step(page) == stopped
    page.reload()
    label(page, "Train")
    eventually(page, lambda: step(page) == stopped)
    second = own.new_page()
    open_page(second, own_link)
    assert step(second) == stopped
    press(page, "Train")
    page.get_by_text("opened in another tab").wait_for()
    owner.check()
    own.close()


def _setup_of(url):
    from urllib.parse import parse_qs, urlsplit

    return parse_qs(urlsplit(url).query)["setup"][0]


def test_a_reload_while_training_says_that_the_run_was_paused(open_tab):
    page = open_tab("Distributions", SETUPS["Distributions"], options={})
    press(page, "Train")
    eventually(page, lambda: "run=" in page.url and step(page) > 5)
    page.reload()
    page.get_by_text("The run was training when this page was opened again").wait_for()
    label(page, "Train")


def test_a_link_is_copied_and_is_the_one_of_the_page(open_tab):
    page = open_tab(
        "Distributions",
        SETUPS["Distributions"],
        options={"permissions": ["clipboard-read", "clipboard-write"]},
    )
    press(page, "Train")
    eventually(page, lambda: "run=" in page.url)
    pause(page)
    press(page, "Share")
    page.get_by_text("Copy the link to this run").click()
    page.get_by_text("Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.split("run=")[1] == page.url.split("run=")[1]
    page.get_by_text("Copy the link to the set-up").click()
    eventually(page, lambda: "run=" not in page.evaluate("navigator.clipboard.readText()"))
    assert json.loads(_setup_of(page.evaluate("navigator.clipboard.readText()"))) == json.loads(
        _setup_of(page.url)
    )
