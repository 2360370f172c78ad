"""The live pages in real Chromium: `python benchmarks/live.py [--seconds 20] [--json]`.

For each page: the share of its time that goes into training, frames a second, frames in which a
chart was hidden or greyed out, the bytes that the websocket receives a drawn frame, whether zoom
and legend were kept, and how long a pause takes: from the click to the end of the last training
step, and to the button that says Train again.
With `--chapters` instead: frames and steps a second of every chapter of "How it works".
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Page

from tests.helpers.app import app
from tests.helpers.browser import chromium
from tests.helpers.tab import (
    CHAPTER,
    FRAMES,
    HIDE,
    LIVE_FRAMES,
    WINDOW,
    ZOOM,
    Socket,
    open_page,
    press,
    step,
    tile,
    zoom_in,
)

PAUSES = 10
WATCH = """
() => {
  const seen = (window.seen = { looks: 0, hidden: 0 });
  const visible = (chart) => {
    const svg = chart.querySelector("svg.main-svg");
    if (!svg || !svg.getBoundingClientRect().height) return false;
    if (!chart.checkVisibility({ visibilityProperty: true })) return false;
    const holders = [chart.closest(".stElementContainer"), chart.closest(".stColumn")];
    return holders.every((e) => !e || Number(getComputedStyle(e).opacity) > 0.99);
  };
  const expected = document.querySelectorAll(".live-chart").length;
  const look = () => {
    const charts = [...document.querySelectorAll(".live-chart")];
    seen.looks += 1;
    if (charts.length < expected || !charts.every(visible)) seen.hidden += 1;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""
PAUSE = """
() => new Promise((done, fail) => {
  setTimeout(() => fail(new Error("no pause within 10 s")), 10000);
  const buttons = () => [...document.querySelectorAll("button")];
  const named = (word) => buttons().find((b) => b.innerText.includes(word));
  const began = Date.now();
  named("Pause").click();
  const look = () => (named("Train") ? done([began, Date.now() - began]) : setTimeout(look, 2));
  look();
})
"""
STAMP = "() => document.querySelector(\".tile[data-name='step']\").dataset.stamp"


def measure(page: Page, address: str, seconds: float) -> dict[str, object]:
    socket = Socket(page)
    open_page(page, address)
    press(page, "Train")
    page.wait_for_timeout(6_000)
    zoom_in(page)
    kept = page.evaluate(ZOOM), page.evaluate(HIDE)
    page.evaluate(WATCH)
    frames, steps, began = page.evaluate(FRAMES), step(page), time.perf_counter()
    received = socket.bytes
    page.wait_for_timeout(1000 * seconds)
    elapsed, received = time.perf_counter() - began, socket.bytes - received
    frames, steps = page.evaluate(FRAMES) - frames, step(page) - steps
    still = page.evaluate(ZOOM), page.evaluate(HIDE)
    share = page.locator(".tile[data-name='steps a second'] .note").inner_text()
    stops, answers = [], []
    for _ in range(PAUSES):
        clicked, answered = page.evaluate(PAUSE)
        page.wait_for_timeout(400)
        stops.append(1000 * float(page.evaluate(STAMP)) - clicked)
        answers.append(answered)
        press(page, "Train")
        page.wait_for_timeout(1_200)
    return {
        "page": address.rsplit("/", 1)[1],
        "training_share": float(re.search(r"(\d+)%", share)[1]) / 100,
        "frames_per_s": round(frames / elapsed, 2),
        "socket_bytes_per_frame": round(received / frames),
        "steps_per_s": round(steps / elapsed, 1),
        "steps_per_s_shown": tile(page, "steps a second"),
        **page.evaluate("() => window.seen"),
        "zoom_and_legend_kept": kept == still,
        "pause_ms_median": round(statistics.median(stops)),
        "pause_ms_worst": round(max(stops)),
        "button_ms_median": round(statistics.median(answers)),
        "button_ms_worst": round(max(answers)),
    }


def measure_chapters(page: Page, address: str, seconds: float) -> Iterator[dict[str, object]]:
    """Train in every chapter, on numbers and on pictures."""
    open_page(page, f"{address}/How_it_works")
    for run in ("Numbers", "Pictures"):
        page.get_by_role("radio", name=run).click()
        page.wait_for_timeout(3_000)
        for chapter in page.get_by_role("radio", name=CHAPTER).all_inner_texts():
            page.get_by_role("radio", name=chapter).click()
            press(page, "Train")
            page.wait_for_timeout(3_000)
            frames, steps, began = page.evaluate(LIVE_FRAMES), step(page), time.perf_counter()
            page.wait_for_timeout(1000 * seconds)
            elapsed = time.perf_counter() - began
            yield {
                "run": run,
                "chapter": chapter,
                "frames_per_s": round((page.evaluate(LIVE_FRAMES) - frames) / elapsed, 2),
                "steps_per_s": round((step(page) - steps) / elapsed, 1),
            }
            press(page, "Pause")
            page.wait_for_timeout(1_000)


def show(result: dict[str, object], as_json: bool) -> None:
    line = json.dumps(result) if as_json else "  ".join(f"{k} {v}" for k, v in result.items())
    print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--chapters", action="store_true")
    options = parser.parse_args()
    with app() as address, chromium() as browser:
        if options.chapters:
            page = browser.new_page(viewport=WINDOW)
            for result in measure_chapters(page, address, options.seconds):
                show(result, options.json)
            return
        for name in ("Distributions", "Pictures"):
            page = browser.new_page(viewport=WINDOW)
            show(measure(page, f"{address}/{name}", options.seconds), options.json)
            page.close()


if __name__ == "__main__":
    main()
