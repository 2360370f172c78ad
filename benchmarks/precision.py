"""The cost of bf16 in quality: `python benchmarks/precision.py [--seeds 3] [--steps 800]`.

Trains the default experiments in both precisions from the same seeds, and prints how good each
generator is: Wasserstein-1 in standard deviations of the target on the line after 1,500 steps, the
Fréchet distance in a classifier's features on digits after `--steps`; medians and ranges.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from gan_core import ExperimentConfig, Trainer
from gan_core.evaluation.evaluate import Evaluation

LINE_STEPS = 1_500


def on_the_line(precision: str, seed: int) -> float:
    """Return Wasserstein-1 of 10,000 samples, in standard deviations of the target."""
    trainer = Trainer(ExperimentConfig.from_dict({"precision": precision, "seed": seed}))
    trainer.step(LINE_STEPS)
    return trainer.snapshot().metrics["wasserstein_1"] / trainer.gan.std


def on_digits(precision: str, seed: int, steps: int) -> float:
    """Return the Fréchet distance (classifier features) of 2,000 samples."""
    given = {"dataset": "mnist", "precision": precision, "seed": seed}
    trainer = Trainer(ExperimentConfig.from_dict(given))
    trainer.step(steps)
    evaluation = Evaluation(trainer.frozen_generator(), trainer.config.dataset, trainer.source)
    return evaluation.run().values["frechet"].value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=800, help="on digits")
    options = parser.parse_args()
    measures: dict[str, Callable[[str, int], float]] = {
        f"line, W1 / std after {LINE_STEPS:,} steps": on_the_line,
        f"digits, Fréchet after {options.steps:,} steps": lambda precision, seed: on_digits(
            precision, seed, options.steps
        ),
    }
    for name, measure in measures.items():
        for precision in ("fp32", "bf16"):
            found = [measure(precision, seed) for seed in range(options.seeds)]
            median, low, high = statistics.median(found), min(found), max(found)
            print(f"{name}, {precision}: {median:.3g} ({low:.3g} to {high:.3g})", flush=True)


if __name__ == "__main__":
    main()
