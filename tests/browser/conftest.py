"""Windows and tabs of the browser in which the app is looked at."""

import json
from urllib.parse import quote

import pytest

from tests.helpers.tab import WINDOW, Tab, open_page


@pytest.fixture(scope="session")
def window(browser):
    context = browser.new_context(viewport=WINDOW)
    yield context
    context.close()


@pytest.fixture
def open_tab(browser, window, address):
    """Open pages of the app in new tabs, each a new session; complain at the end.

    With `options` the tab is in a browser window that shares nothing with the others.
    """
    tabs = []

    def opened(path, setup=None, options=None):
        own = None if options is None else browser.new_context(viewport=WINDOW, **options)
        tabs.append(Tab((own or window).new_page()))
        link = "" if setup is None else f"?setup={quote(json.dumps(setup))}"
        open_page(tabs[-1].page, f"{address}/{path}{link}")
        return tabs[-1].page

    yield opened
    for tab in tabs:
        tab.check()
        if tab.page.context is window:
            tab.page.close()
        else:
            tab.page.context.close()
