"""How good a generator of numbers is, with intervals, and whether so few numbers can tell."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from gan_core.data import Distribution1D
from gan_core.evaluation.evaluate import SAMPLES, SEED
from gan_core.evaluation.frozen_generator import FrozenGenerator
from gan_core.evaluation.metrics import METRICS, measure, noise_floor
from gan_core.evaluation.metrics.resampling import Estimate, draw_halves, estimate
from gan_core.evaluation.report import EvaluationReport, MetricResult, doubts
from gan_core.shapes import Values

SHIFT = 0.5
MOVED = "numbers that lie half a standard deviation off"

MANY_VALUES = 10
"""A column of so many times the samples is as good as a known distribution."""


def evaluate_1d(
    frozen: FrozenGenerator, target: Distribution1D, samples: int = SAMPLES, seed: int = SEED
) -> EvaluationReport:
    """Measure numbers on the line against the law that they imitate.

    A column of few values says little about where they came from, so halves are taken of it, too.
    """
    rng = torch.Generator(frozen.device).manual_seed(seed)
    numbers = frozen.sample(samples, rng).squeeze(1).double().cpu().numpy()
    found = estimates(numbers, target)
    perfect = noise_floor(target, samples)
    floors, mistaken = resolution(target, samples)
    values = {
        cls.name: MetricResult(
            *(found[cls.name].value, perfect[cls.name].median, samples, False),
            *(cls.title, cls.unit, found[cls.name][1:], floors[cls.name][1:]),
            mistaken[cls.name],
        )
        for cls in METRICS
    }
    notes = doubts(values.values())
    if target.size is not None:
        notes.insert(0, f"The column has {target.size:,} values.")
    return EvaluationReport(frozen.step, samples, values, {}, "", {}, tuple(notes))


@lru_cache(maxsize=32)
def resolution(
    target: Distribution1D, samples: int
) -> tuple[dict[str, Estimate], dict[str, tuple[str, ...]]]:
    """Return what a perfect sampler scores, and which metrics take shifted numbers for perfect."""
    rng = torch.Generator().manual_seed(SEED)
    numbers = target.sample(samples, rng).squeeze(1).double().numpy()
    floors = estimates(numbers, target)
    moved = estimates(numbers + SHIFT * target.moments()["std"], target)
    clear = {name: moved[name].low > floors[name].high for name in floors}
    return floors, {name: () if clear[name] else (MOVED,) for name in floors}


def doubt(target: Distribution1D, samples: int) -> str | None:
    """Return a sentence if a column has too few values for distances to it to tell, or None."""
    if target.size is None or target.is_missing:  # nothing is compared with missing values
        return None
    _, mistaken = resolution(target, samples)
    titles = [METRICS[name].title for name, taken in mistaken.items() if taken]
    if not titles:
        return None
    return (
        f"The column has {target.size:,} values. With so few, {MOVED} may score like the values "
        f"themselves, so a good distance says nothing ({', '.join(titles)})."
    )


def estimates(numbers: Values, target: Distribution1D) -> dict[str, Estimate]:
    """Return every metric of numbers, with its interval."""
    whole = measure(numbers, target)
    values = stored_values(target)
    if values is not None and len(values) > MANY_VALUES * len(numbers):
        values = None
    if len(numbers) < 2 or (values is not None and len(values) < 2):
        return {name: Estimate(value) for name, value in whole.items()}
    halves = draw_halves(len(numbers) if values is None else len(values), len(numbers))
    found = [
        measure(numbers[own.numpy()], target if values is None else target.part(real.numpy()))
        for real, own in zip(halves.real, halves.fake, strict=True)
    ]
    bounds = {cls.name: (0.0, cls.highest or np.inf) for cls in METRICS}
    return {
        name: estimate(value, [row[name] for row in found], halves.factor, bounds[name])
        for name, value in whole.items()
    }


def stored_values(target: Distribution1D) -> Values | None:
    """Return the numbers that a target consists of; None if its law is known."""
    return None if target.size is None else target.distribution().values
