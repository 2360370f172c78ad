"""A run of own pictures goes to another machine: `python benchmarks/own_pictures.py`.

120 pictures, made here and imported as an upload is, are trained on for 2,000 steps; the run is
exported with its data, and imported by a new process under an empty data folder and an empty folder
of runs. There it is opened and sampled. The last line is JSON: the bytes of the zip, the seconds,
and whether digest and samples are the same. The exit status is 1 if they are not, or if the zip is
larger than 60 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.helpers.carried import carry, train

MOST_BYTES = 60_000_000


def main() -> int:
    """Measure, and print the results as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2_000)
    parser.add_argument("--pictures", type=int, default=120)
    parser.add_argument("--side", type=int, default=32, help="pixels a side")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        os.environ |= {"GAN_DATA": str(place / "data"), "GAN_RUNS": str(place / "runs")}
        began = time.perf_counter()
        folder = train(options.pictures, options.side, options.steps)
        seconds = time.perf_counter() - began
        results = {"seconds_of_training": round(seconds, 1)} | carry(folder, place)
    print(json.dumps(results))
    return 0 if results["is_same"] and results["zip_bytes"] < MOST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
