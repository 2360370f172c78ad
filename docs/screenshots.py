"""Photographs every page of the running app: `python docs/screenshots.py`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Page

from tests.helpers.app import app
from tests.helpers.browser import chromium
from tests.helpers.tab import CHAPTER, open_page, press

DOCS = Path(__file__).parent
SIZE = {"width": 1280, "height": 1000}
PAGES = {"distributions": 6, "pictures": 75}
"""Pages, and the seconds to train before the picture is taken."""

YOUNG, WALKED = 30, 7
"""Steps before the chapters' pictures, and lines of the first that are walked: to G's gradient."""

PANELS = (
    ("Quality", "Evaluate now", "samples against"),
    ("Memorised?", "Find the nearest", "Suspiciously close"),
)
"""Panels of the page Pictures, the button to press, and the words to wait for."""


def photograph_panels(page: Page, scheme: str) -> None:
    """Photograph what the open page Pictures has below its grids, and its latent space."""
    for panel, button, words in PANELS:
        page.get_by_role("radio", name=panel).click()
        press(page, button)
        page.get_by_text(words).first.wait_for(timeout=300_000)
        page.wait_for_timeout(3_000)
        page.get_by_role("radio", name=panel).scroll_into_view_if_needed()
        page.mouse.move(800, 500)
        page.mouse.wheel(0, 700)
        page.wait_for_timeout(1_500)
        name = panel.lower().rstrip("?")
        page.screenshot(path=DOCS / f"{name}-{scheme}.png")
    visit(page, "Latent")
    page.get_by_role("radio", name="Sheet").click()
    page.wait_for_timeout(2_000)
    page.screenshot(path=DOCS / f"latent-{scheme}.png")


def photograph_runs(page: Page, scheme: str) -> None:
    """Photograph the page of all runs, with the first one chosen."""
    visit(page, "Runs")
    table = page.get_by_test_id("stDataFrame").first
    table.wait_for()
    page.wait_for_timeout(2_000)
    table.click(position={"x": 16, "y": 60})
    page.get_by_role("button", name="Open").wait_for()
    page.wait_for_timeout(2_000)
    page.screenshot(path=DOCS / f"runs-{scheme}.png")


def visit(page: Page, name: str) -> None:
    """Go to another page by the sidebar."""
    page.get_by_test_id("stSidebar").get_by_test_id("stPageLink").filter(has_text=name).click()


def photograph_lessons(page: Page, address: str, scheme: str) -> None:
    """Photograph every chapter of "How it works": on numbers, the fourth on pictures too."""
    folder = DOCS / "lessons"
    folder.mkdir(exist_ok=True)

    def take(name: str) -> None:
        page.mouse.move(5, 500)
        page.wait_for_timeout(1_500)
        page.screenshot(path=folder / f"{name}-{scheme}.png")

    def train(seconds: float) -> None:
        press(page, "Train")
        page.wait_for_timeout(1000 * seconds)
        press(page, "Pause")
        page.wait_for_timeout(1_000)

    open_page(page, f"{address}/How_it_works")
    for _ in range(YOUNG // 10):
        press(page, "+10")
        page.wait_for_timeout(1_500)
    for name in page.get_by_role("radio", name=CHAPTER).all_inner_texts():
        page.get_by_role("radio", name=name).click()
        page.wait_for_timeout(1_500)
        for _ in range(WALKED if name.startswith("1") else 0):
            press(page, "Line ▶")
            page.wait_for_timeout(600)
        if name.startswith("5"):
            train(4)
        take(name[0])
    page.get_by_role("radio", name="Pictures").click()
    page.wait_for_timeout(3_000)
    page.get_by_role("radio", name="4 · ").click()
    train(45)
    take("4-pictures")


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as runs,
        app({"GAN_RUNS": runs}) as address,
        chromium() as browser,
    ):
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport=SIZE, color_scheme=scheme)
            page.goto(address)
            page.get_by_role("button", name="Open and train").first.wait_for(timeout=60_000)
            page.wait_for_timeout(1_000)
            page.screenshot(path=DOCS / f"home-{scheme}.png")
            for name, seconds in PAGES.items():
                open_page(page, f"{address}/{name.capitalize()}")
                press(page, "Train")
                page.wait_for_timeout(1000 * seconds)
                page.screenshot(path=DOCS / f"{name}-{scheme}.png")
                press(page, "Pause")
                page.wait_for_timeout(1_000)
            photograph_panels(page, scheme)
            photograph_runs(page, scheme)
            photograph_lessons(page, address, scheme)
            page.close()


if __name__ == "__main__":
    main()
