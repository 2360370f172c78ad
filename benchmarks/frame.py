"""The cost of one frame of a live page to the server: `python benchmarks/frame.py [--json]`.

The real pages run under Streamlit's AppTest, with one training step a frame; their functions are
timed from outside. For each page, medians over the frames: milliseconds of the snapshot (samples
and metrics), the figures, their bytes, and the whole frame as the page itself measures it, which
has Streamlit's own work in it; and the bytes that all charts, tiles and canvases are sent a
frame, beside those of their stubs' JavaScript and HTML, which Streamlit puts into each of their
messages. What a frame weighs on the socket, `benchmarks/live.py` counts in a browser.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from tests.helpers.frames import CASES, rows


def measure(case: str, frames: int) -> dict[str, object]:
    found = list(rows(case, frames))
    middle = {name: statistics.median(row[name] for row in found) for name in found[0]}
    return {
        "case": case,
        "frames": frames,
        **{name: round(value, 2) for name, value in middle.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for case in CASES:
        result = measure(case, options.frames)
        line = (
            json.dumps(result) if options.json else "  ".join(f"{k} {v}" for k, v in result.items())
        )
        print(line, flush=True)


if __name__ == "__main__":
    main()
