"""Steps a second alone, beside a second run, and beside a live page in a drawing browser.

`python benchmarks/contention.py [--seconds 1] [--json]`: with one thread, with two, and with what
the laboratory chooses, in turns, each in a process of its own; medians. The neighbours are real: a
run on one thread, and Chromium on a page that trains and draws.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.step import CASES
from benchmarks.workers import Worker, ours
from tests.helpers.app import app
from tests.helpers.browser import chromium
from tests.helpers.tab import open_page, press

CHOSEN = ("1-D default (R1, EMA), batch 128", "digits, DCGAN 28×28, batch 64")
THREADS = {"1": "1", "2": "2", "chosen": "", "chosen beside a page": "page"}
"""Arguments of each worker, see `ours`."""


@contextmanager
def drawing() -> Iterator[None]:
    """Keep a browser busy with the live page of another run."""
    with app({"GAN_ENGINE": "eager"}) as address, chromium() as browser:
        page = browser.new_page()
        open_page(page, f"{address}/Distributions")
        press(page, "Train")
        page.wait_for_timeout(3_000)
        yield


def measure(case: str, engine: str, seconds: float, turns: int) -> Iterator[dict[str, object]]:
    """Yield a row for each number of threads and neighbour."""
    experiment = CASES[case]
    workers = {name: Worker(ours, experiment, engine, told) for name, told in THREADS.items()}
    neighbour = Worker(ours, experiment, "eager", "1")

    def rates() -> dict[str, float]:
        found = {name: [] for name in workers}
        for _ in range(turns):
            for name, worker in workers.items():
                found[name].append(worker.rate(seconds))
        return {name: statistics.median(rows) for name, rows in found.items()}

    table = {"nothing": rates()}
    neighbour.begin(seconds * turns * len(workers))
    table["second run"] = rates()
    neighbour.result()
    with drawing():
        table["live page"] = rates()
    best = max(table["nothing"].values())
    for beside, found in table.items():
        for name, rate in found.items():
            note = workers[name].note
            yield {
                "case": case,
                "engine": note["engine"],
                "beside": beside,
                "threads": note["threads"],
                "policy": name,
                "steps_per_s": round(rate, 1),
                "of_best": round(rate / best, 2),
            }
    for worker in (*workers.values(), neighbour):
        worker.end()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--engine", default="compiled")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for case in CHOSEN:
        for row in measure(case, options.engine, options.seconds, options.turns):
            if options.json:
                print(json.dumps(row, ensure_ascii=False), flush=True)
            else:
                print(
                    "{case:33} {engine:9} beside {beside:11} {threads} threads ({policy:20}) "
                    "{steps_per_s:9} steps/s, {of_best:5} of the best alone".format(**row),
                    flush=True,
                )


if __name__ == "__main__":
    main()
