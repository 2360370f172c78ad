"""Hours of training with the page open: `python benchmarks/soak.py [--minutes 30] [--json]`.

Trains on Distributions, then on Pictures, in real Chromium. The server's resident memory and the
page's JavaScript heap, after a collection, are read every minute; what counts is the median of the
last three readings over that of the three around minute `--since`. The longest time between two
frames is the browser's own, from `--since` on.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Page

from tests.helpers.app import free_port, server
from tests.helpers.browser import chromium
from tests.helpers.tab import open_page, press, step

WATCH = """
() => {
  const seen = (window.seen = { last: performance.now(), longest: 0, frames: 0 });
  const charts = () => [...document.querySelectorAll(".live-chart, .sample-canvas")];
  const count = () => charts().reduce((sum, chart) => sum + Number(chart.dataset.frames), 0);
  let known = count();
  const look = () => {
    const now = performance.now();
    const frames = count();
    if (frames !== known) {
      seen.longest = Math.max(seen.longest, now - seen.last);
      seen.last = now;
      seen.frames += 1;
      known = frames;
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""
FORGET = "() => { window.seen.longest = 0; window.seen.last = performance.now(); }"
PAGES = ("Distributions", "Pictures")


def resident(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def heap(page: Page) -> float:
    """Return the JavaScript heap in MB, after a collection."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used / 2**20


def soak(name: str, minutes: float, since: float) -> dict[str, object]:
    """Train on a page for so long; return what grew."""
    every = min(60.0, 60.0 * minutes / 10)
    rows: list[tuple[float, float]] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        server(free_port(), {"GAN_RUNS": folder}) as (address, process),
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        open_page(page, f"{address}/{name}")
        press(page, "Train")
        page.evaluate(WATCH)
        longest, first = 0.0, round(60 * since / every)
        for i in range(1, round(60 * minutes / every) + 1):
            page.wait_for_timeout(1_000 * every)
            if i > first:
                longest = max(longest, page.evaluate("() => window.seen.longest"))
            rows.append((resident(process.pid), heap(page)))
            page.evaluate(FORGET)  # the collection held up a frame
            if sys.stderr.isatty():
                print(name, i, rows[-1], longest, file=sys.stderr)
        found = {"page": name, "minutes": minutes, "steps": step(page)}
        found["frames"] = page.evaluate("() => window.seen.frames")
    for i, what in enumerate(("server_mb", "heap_mb")):
        values = [row[i] for row in rows]
        then = statistics.median(values[max(0, first - 2) : first + 1])
        now = statistics.median(values[-3:])
        found |= {what: [round(then, 1), round(now, 1)], f"{what}_ratio": round(now / then, 3)}
    return found | {"longest_frame_ms": round(longest)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="a page")
    parser.add_argument("--since", type=float, default=5.0, help="the minute to compare with")
    parser.add_argument("--only", choices=PAGES)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for name in PAGES if options.only is None else (options.only,):
        found = soak(name, options.minutes, options.since)
        shown = (
            json.dumps(found) if options.json else "  ".join(f"{k} {v}" for k, v in found.items())
        )
        print(shown, flush=True)


if __name__ == "__main__":
    main()
