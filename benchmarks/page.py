"""The live 1-D page against the bare trainer: `python benchmarks/page.py [--json]`.

Steps a second of both beside the same neighbour, a browser that draws the page: in one turn the
page trains at full speed; in the next it trains 10 steps a second, drawing as before, while a
process of its own trains the same set-up on one thread with the same engine. Medians of the turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Page

from benchmarks.step import CASES
from benchmarks.workers import Worker, ours
from tests.helpers.app import app
from tests.helpers.browser import chromium
from tests.helpers.tab import open_page, press, step, tile

CHOSEN = ("1-D default (R1, EMA), batch 128", "1-D, G 16 / D 64, batch 64")
"""The default, and networks as small as GAN Lab's."""

GAN_LAB = 40.0
"""Steps a second of GAN Lab's whole page on two such cores, 35 to 42 where it was measured."""

WINDOW = {"width": 1280, "height": 900}


def choose_speed(page: Page, name: str) -> None:
    page.get_by_role("combobox", name="Speed").click()
    page.get_by_role("option", name=name, exact=True).click()
    page.wait_for_timeout(1_500)


def measure(case: str, turns: int, seconds: float) -> dict[str, object]:
    """Return the rates and their ratio."""
    bare = Worker(ours, CASES[case], "compiled", "1")
    on_page, alone = [], []
    with app() as address, chromium() as browser:
        page = browser.new_page(viewport=WINDOW)
        open_page(page, f"{address}/Distributions?setup={quote(json.dumps(CASES[case]))}")
        press(page, "Train")
        note = page.locator(".tile[data-name='steps a second'] .note")
        note.filter(has_text="compiled").wait_for(timeout=180_000)
        for _ in range(turns):
            choose_speed(page, "Full speed")
            first, began = step(page), time.perf_counter()
            page.wait_for_timeout(1_000 * seconds)
            on_page.append((step(page) - first) / (time.perf_counter() - began))
            choose_speed(page, "10 steps/s")
            alone.append(bare.rate(seconds))
        shown = tile(page, "steps a second")
    bare.end()
    return {
        "case": case,
        "engine": bare.note["engine"],
        "page_steps_per_s": round(statistics.median(on_page)),
        "bare_steps_per_s": round(statistics.median(alone)),
        "ratio": round(statistics.median(a / b for a, b in zip(on_page, alone, strict=True)), 2),
        "against_gan_lab": round(statistics.median(on_page) / GAN_LAB),
        "shown_at_the_end": shown,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each turn")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for case in CHOSEN:
        found = measure(case, options.turns, options.seconds)
        words = "  ".join(f"{name} {value}" for name, value in found.items())
        print(json.dumps(found) if options.json else words, flush=True)


if __name__ == "__main__":
    main()
