"""Photographs every page of the running app: `python docs/screenshots.py`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.laboratory import app, chromium, open_page, press

DOCS = Path(__file__).parent
SIZE = {"width": 1280, "height": 1000}
PAGES = {"distributions": 6, "pictures": 75}
"""Pages, and the seconds to train before the picture is taken."""


def main() -> None:
    with app() as address, chromium() as browser:
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
                page.wait_for_timeout(500)
            page.close()


if __name__ == "__main__":
    main()
