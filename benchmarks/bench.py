"""Everything in one run: `make bench`. Writes `benchmarks/results.json` and a table of docs."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from benchmarks import contention, live, page, start, step
from tests.helpers.app import app
from tests.helpers.browser import chromium

HERE = Path(__file__).parent
RESULTS, DOC = HERE / "results.json", HERE.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- make bench -->", "<!-- end of make bench -->"
TURNS = 5


def machine() -> dict[str, object]:
    """Return what the figures were measured on."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {"cores": os.cpu_count(), "cpu": processor(), "gpu": gpu, "torch": torch.__version__}


def processor() -> str:
    """Return the processor's name, as the system gives it."""
    names = Path("/proc/cpuinfo")
    text = names.read_text(encoding="utf-8") if names.exists() else ""
    found = re.search(r"model name\s*:\s*(.+)", text)
    return found[1] if found else platform.processor()


def steps() -> list[dict[str, object]]:
    rows = []
    for case, experiment in step.CASES.items():
        precisions = ["fp32", "bf16"] if "dataset" in experiment else ["fp32"]
        rows += step.compare(case, precisions, list(step.ENGINES), TURNS, 1.0)
        print(rows[-1], flush=True)
    return rows


def pages() -> list[dict[str, object]]:
    with app() as address, chromium() as browser:
        found = []
        for name in ("Distributions", "Pictures"):
            opened = browser.new_page(viewport=live.WINDOW)
            found.append(live.measure(opened, f"{address}/{name}", 15.0))
            opened.close()
    return found


def starts() -> dict[str, list[float]]:
    with chromium() as browser:
        found = [start.start(browser, 3.0) for _ in range(TURNS)]
    return {name: [round(row[name], 2) for row in found] for name in found[0]}


def on_page() -> list[dict[str, object]]:
    return [page.measure(case, TURNS, 5.0) for case in page.CHOSEN]


def neighbours() -> list[dict[str, object]]:
    cases = contention.CHOSEN
    return [row for case in cases for row in contention.measure(case, "compiled", 2.0, TURNS)]


def frames() -> list[dict[str, object]]:
    """Measure a frame's work; last of all, for AppTest leaves another main module behind."""
    from benchmarks import frame  # it imports the page, which keeps a core; workers import this

    return [frame.measure(case, 40) for case in frame.CASES]


def table(rows: list[dict[str, Any]], where: dict[str, Any]) -> str:
    """Return the steps' rows as Markdown."""
    name = where["gpu"] or f"{where['cores']} cores of {where['cpu']}"
    lines = [
        f"{name}, torch {where['torch']}; medians of {TURNS} turns.",
        "",
        "| case | engine | steps/s | textbook | ratio | GFLOP/s | of product, convolution |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        peaks = [row[key] for key in row if key.startswith("peak_")]
        shares = ", ".join(f"{row['gflop_per_s'] / peak:.0%} of {peak:.0f}" for peak in peaks)
        speed, plain = row["steps_per_s"], row["textbook_steps_per_s"]
        digits = 0 if speed >= 100 else 2
        lines.append(
            f"| {row['case']} | {row['engine']}, {row['precision']} | {speed:,.{digits}f} | "
            f"{plain:,.{digits}f} | {row['ratio']} | {row['gflop_per_s']} | {shares} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps-only", action="store_true", help="where there is no browser")
    options = parser.parse_args()
    results: dict[str, Any] = {"machine": machine()}
    parts: dict[str, Callable[[], Any]] = {"steps": steps}
    if not options.steps_only:
        parts |= {"start": starts, "live": pages, "page": on_page}
        parts |= {"contention": neighbours, "frames": frames}
    for name, measure in parts.items():
        results[name] = measure()
        print(name, json.dumps(results[name], ensure_ascii=False), flush=True)
        written = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
        RESULTS.write_text(written, encoding="utf-8")
    made = table(results["steps"], results["machine"])
    text = DOC.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    DOC.write_text(f"{before}{BEGIN}\n{made}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    print(made)


if __name__ == "__main__":
    main()
