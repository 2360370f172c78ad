"""Does the doctor agree with the presets' cards? `python benchmarks/doctor_presets.py [--seeds 3]`

Trains every preset on numbers to the step that its card speaks of, as a page does, and compares
the verdict there with those that the card allows (`tests/helpers/preset_verdicts.py`). Ends with
status 1 if they contradict each other.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from multiprocessing import Pool
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from tests.helpers.preset_verdicts import CLAIMS, verdict


def said(task: tuple[str, int]) -> tuple[str, int, str]:
    torch.set_num_threads(1)
    name, seed = task
    return name, seed, verdict(name, CLAIMS[name].step, seed).condition


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    tasks = [(name, seed) for name in CLAIMS for seed in range(options.seeds)]
    wrong = 0
    show = partial(print, sep="; ", flush=True)
    with Pool(options.jobs) as pool:
        for name, seed, condition in pool.imap(said, tasks):
            claim = CLAIMS[name]
            agrees = condition in claim.verdicts
            wrong += not agrees
            show(name, f"seed {seed}", f"step {claim.step:,}", condition, "" if agrees else "<--")
    print(f"{len(tasks) - wrong} of {len(tasks)} verdicts agree with the card.")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
