"""Do the defaults converge? `python benchmarks/convergence.py [--seeds 20] [--grid-seeds 2]`.

W1 is measured on 10,000 samples of the displayed generator, every 25 steps, in units of the
target's standard deviation. First N(4, 1.25²) over the seeds, then means and standard deviations.
"""

from __future__ import annotations

import argparse
import sys
from multiprocessing import Pool
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from gan_core import ExperimentConfig, Trainer

LOOK_EVERY = 25
STAY = 1_000
FIRST = (4.0, 1.25, 0.08, 1_500)
GRID = [
    (mean, std, 0.2 if std < 1 else 0.08, 3_000)
    for std in (0.5, 1.0, 2.0, 5.0)
    for mean in (-10.0, -5.0, 0.0, 5.0, 10.0)
]
"""Mean, standard deviation, bar for W1 / std, and the step by which it must be reached."""


def trial(case: tuple[float, float, float, int, int]) -> tuple[float, int | None, float]:
    """Return W1 at step 0, the first step from which it stays below the bar, and its worst then.

    It has to stay there for `STAY` steps after the step by which it must be reached.
    """
    mean, std, bar, by, seed = case
    torch.set_num_threads(1)
    experiment = {"dataset": {"name": "normal", "mean": mean, "std": std}, "seed": seed}
    trainer = Trainer(ExperimentConfig.from_dict(experiment))
    seen = {0: trainer.snapshot().metrics["wasserstein_1"] / std}
    while trainer.step_count < by + STAY:
        trainer.step(LOOK_EVERY)
        seen[trainer.step_count] = trainer.snapshot().metrics["wasserstein_1"] / std
    above = [step for step, distance in seen.items() if distance >= bar]
    since = max(above, default=-LOOK_EVERY) + LOOK_EVERY
    late = max(distance for step, distance in seen.items() if step >= by)
    return seen[0], since if since <= by else None, late


def report(name: str, case: tuple[float, float, float, int], seeds: int, pool: Pool) -> bool:
    bar, by = case[2:]
    results = pool.map(trial, [(*case, seed) for seed in range(seeds)], chunksize=1)
    reached = [since for _, since, _ in results if since is not None]
    start = min(first for first, _, _ in results)
    worst = max(late for _, _, late in results)
    steps = f"{sorted(reached)[len(reached) // 2]} (worst {max(reached)})" if reached else "never"
    print(
        f"{name:16} W1/std at start ≥ {start:.2f}; < {bar} by {by} and for {STAY} more: "
        f"{len(reached)} of {seeds}, from step {steps}; worst W1/std after {by}: {worst:.3f}",
        flush=True,
    )
    return len(reached) == seeds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--grid-seeds", type=int, default=2)
    options = parser.parse_args()
    with Pool() as pool:
        passed = [report("N(4, 1.25²)", FIRST, options.seeds, pool)]
        for case in GRID:
            name = f"N({case[0]:g}, {case[1]:g}²)"
            passed.append(report(name, case, options.grid_seeds, pool))
    print(f"{sum(passed)} of {len(passed)} targets pass on every seed")


if __name__ == "__main__":
    main()
