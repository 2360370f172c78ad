"""Many visitors in real Chromium: `python benchmarks/many.py [--visitors 8] [--seconds 60]`.

All of them train the same set-up on one server. For each: its share of the steps, as a multiple of
an equal share, by the step counter and the server's own time of that step; and in how many of the
looks, one in two seconds or more, its charts had moved. Then each is
paused in turn, several times: from the click to the end of its last training step.

`--sessions 50` instead opens, trains and closes so many sessions, one after another, and compares
the server's resident memory with what it was after the first few.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser, Page

from benchmarks.live import PAUSE, STAMP
from benchmarks.soak import resident
from tests.helpers.app import free_port, server
from tests.helpers.browser import chromium
from tests.helpers.tab import open_page, press

FRAMES = """
() => [...document.querySelectorAll(".live-chart, .sample-canvas")].map((e) => e.dataset.frames)
"""
COUNTER = """
() => {
  const tile = document.querySelector(".tile[data-name='step']");
  return [tile.dataset.stamp, tile.querySelector(".value").innerText];
}
"""
WINDOW = {"width": 1280, "height": 2400}
"""High enough for all charts: what is out of sight is not drawn."""

PAUSES = 3
FIRST = 5
"""Sessions after which the server has loaded whatever it loads once."""

RELEASE = 5.0
"""Seconds within which a session's memory has to be given back."""


def visit(browser: Browser, address: str) -> Page:
    """Open a session of its own and let it train."""
    page = browser.new_context(viewport=WINDOW).new_page()
    open_page(page, address)
    press(page, "Train")
    return page


def at_once(address: str, visitors: int, seconds: float) -> dict[str, object]:
    """Let so many visitors train at a time."""
    with chromium() as browser:
        pages = [visit(browser, address) for _ in range(visitors)]
        pages[0].wait_for_timeout(5_000)
        before, began = [counter(page) for page in pages], time.perf_counter()
        drawn, moved, looks = [page.evaluate(FRAMES) for page in pages], [0] * visitors, 0
        while time.perf_counter() - began < seconds:
            pages[0].wait_for_timeout(2_000)
            looks += 1
            for i, page in enumerate(pages):
                now = page.evaluate(FRAMES)
                moved[i] += all(a != b for a, b in zip(drawn[i], now, strict=True))
                drawn[i] = now
        after = [counter(page) for page in pages]
        rates = [
            (steps - earlier) / (now - then)
            for (now, steps), (then, earlier) in zip(after, before, strict=True)
        ]
        stops = sorted(pause(page) for _ in range(PAUSES) for page in pages)
    shares = [visitors * rate / sum(rates) for rate in rates]
    return {
        "visitors": visitors,
        "steps_per_s": round(sum(rates), 1),
        "shares": [round(share, 3) for share in shares],
        "worst_off_by": round(max(abs(share - 1) for share in shares), 3),
        "charts_moved": [round(count / looks, 2) for count in moved],
        "pause_ms_median": round(statistics.median(stops)),
        "pause_ms_p95": round(statistics.quantiles(stops, n=20, method="inclusive")[-1]),
        "pause_ms_worst": round(stops[-1]),
    }


def counter(page: Page) -> tuple[float, int]:
    """Return when the latest training step that the page shows ended, in seconds, and its number.

    Both were sent in one message: a page that draws late is not taken for one that trains slowly.
    """
    stamp, step = page.evaluate(COUNTER)
    return float(stamp), int(step.replace(",", ""))


def pause(page: Page) -> float:
    """Pause a session and let it go on; return the milliseconds to the end of its last step."""
    clicked, _ = page.evaluate(PAUSE)
    page.wait_for_timeout(800)
    ended = 1000 * float(page.evaluate(STAMP))
    press(page, "Train")
    page.wait_for_timeout(700)
    return max(0.0, ended - clicked)


def one_after_another(address: str, pid: int, sessions: int, name: str) -> dict[str, object]:
    """Open, train and close so many sessions; return the server's memory as it goes."""
    found = []
    with chromium() as browser:
        for i in range(sessions):
            page = visit(browser, address)
            page.wait_for_timeout(2_500)
            page.context.close()
            if i + 1 == FIRST or i + 1 == sessions or (i + 1) % 5 == 0:
                time.sleep(RELEASE)
                found.append(round(resident(pid), 1))
                print(f"{name}: {i + 1} sessions, {found[-1]} MB", file=sys.stderr, flush=True)
    return {
        "page": name,
        "sessions": sessions,
        "server_mb": found,
        "ratio": round(found[-1] / found[0], 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--sessions", type=int, default=0)
    parser.add_argument("--page", default="Distributions")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    # A compiled step that one visitor's run got before the others' would pass for a larger share.
    engine = {} if options.sessions else {"GAN_ENGINE": "eager"}
    with (
        tempfile.TemporaryDirectory() as folder,
        server(free_port(), {"GAN_RUNS": folder} | engine) as (address, process),
    ):
        address = f"{address}/{options.page}"
        if options.sessions:
            found = one_after_another(address, process.pid, options.sessions, options.page)
        else:
            found = at_once(address, options.visitors, options.seconds)
    print(
        json.dumps(found) if options.json else "  ".join(f"{k} {v}" for k, v in found.items()),
        flush=True,
    )


if __name__ == "__main__":
    main()
