"""How long one waits for the laboratory: `python benchmarks/start.py [--times 5] [--rest 3]`.

In real Chromium, seconds from `streamlit run dashboard.py` to the page Distributions with its Train
button enabled and every chart drawn; and from a click on Train to the first frame that moved: the
first chart drawn anew, with a step counter above 0. The click comes `--rest` seconds after the page
answers: the server imports till then what the first step needs. Medians, and the worst.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser, Page

from benchmarks.live import show
from tests.helpers.app import app
from tests.helpers.browser import chromium
from tests.helpers.tab import WINDOW

READY = """
() => {
  const buttons = [...document.querySelectorAll("button")];
  const charts = [...document.querySelectorAll(".live-chart")];
  const answers = buttons.some((b) => b.innerText.includes("Train") && !b.disabled);
  return answers && charts.length > 0 && charts.every((chart) => chart.dataset.frames > 0);
}
"""
FIRST_FRAME = """
() => new Promise((done, fail) => {
  setTimeout(() => fail(new Error("no frame within 10 s")), 10000);
  const chart = document.querySelector(".live-chart");
  const step = () => Number(document.querySelector(".tile[data-name='step'] .value").innerText);
  const drawn = chart.dataset.frames;
  const began = performance.now();
  [...document.querySelectorAll("button")].find((b) => b.innerText.includes("Train")).click();
  const look = () =>
    chart.dataset.frames !== drawn && step() > 0
      ? done((performance.now() - began) / 1000)
      : requestAnimationFrame(look);
  look();
})
"""


def start(browser: Browser, rest: float) -> dict[str, float]:
    """Start the server and open the page at once, as `streamlit run` with a browser does."""
    began = time.perf_counter()
    with app() as address:
        healthy = time.perf_counter()
        page: Page = browser.new_page(viewport=WINDOW)
        page.goto(f"{address}/Distributions", wait_until="commit")
        page.wait_for_function(READY, timeout=60_000)
        answers = time.perf_counter()
        page.wait_for_timeout(1_000 * rest)
        moves = page.evaluate(FIRST_FRAME)
        page.close()
    return {"server_s": healthy - began, "page_s": answers - began, "first_frame_s": moves}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--rest", type=float, default=3.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with chromium() as browser:
        found = [start(browser, options.rest) for _ in range(options.times)]
    result: dict[str, object] = {"times": options.times}
    for name in found[0]:
        values = [row[name] for row in found]
        result[f"{name}_median"] = round(statistics.median(values), 2)
        result[f"{name}_worst"] = round(max(values), 2)
    show(result, options.json)


if __name__ == "__main__":
    main()
