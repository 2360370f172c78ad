"""The base class of picture metrics, and the registry of them."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from gan_core.evaluation.metrics.batch import FeatureBatch
from gan_core.evaluation.metrics.resampling import Estimate, Halves, draw_halves, estimate
from gan_core.registry import Component, Registry
from gan_core.runtime.tasks import ProgressReport, Task, run_to_end, subtask

IMAGE_METRICS = Registry("picture metric")

BLURRED, FEW, HALF = "blurred pictures", "a tenth of the pictures, repeated", "half of the classes"
"""Samples that are clearly worse than real pictures; a metric that takes them for real ones has
too few pictures to tell."""


@dataclass(frozen=True)
class ImageMetric(Component):
    """A comparison of generated with real pictures, in what a probe makes of both."""

    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = False
    needs_classes: ClassVar[bool] = False
    fewest: ClassVar[int] = 1
    """With fewer samples it is not defined, and NaN."""
    bounds: ClassVar[tuple[float, float]] = (0.0, math.inf)
    """Least and largest value."""
    must_see: ClassVar[tuple[str, ...]] = (BLURRED,)
    """The worse samples that it is meant to tell from real ones."""

    @classmethod
    def applies(cls, values: tuple[int, ...]) -> bool:
        """Return whether it can be used with a probe whose factors have so many values."""
        return bool(values) or not cls.needs_classes

    @abstractmethod
    def slices(self, real: FeatureBatch, fake: FeatureBatch) -> Task[float]:
        """Measure, yielding between pieces."""

    def measure_slices(self, real: FeatureBatch, fake: FeatureBatch) -> Task[float]:
        """Measure, yielding between pieces; NaN if there are too few samples."""
        if min(len(real), len(fake)) < self.fewest:
            return math.nan
        return (yield from self.slices(real, fake))

    def measure(self, real: FeatureBatch, fake: FeatureBatch) -> float:
        """Measure at once."""
        return run_to_end(self.measure_slices(real, fake))

    def half_slices(self, real: FeatureBatch, fake: FeatureBatch, halves: Halves) -> Task[list]:
        """Measure each pair of halves, yielding between pieces."""
        found = []
        for i, (own, others) in enumerate(zip(halves.real, halves.fake, strict=True)):
            work = self.measure_slices(real.take(own), fake.take(others))
            found.append(
                (yield from subtask(work, i / len(halves.real), (i + 1) / len(halves.real)))
            )
        return found

    def estimate_slices(self, real: FeatureBatch, fake: FeatureBatch) -> Task[Estimate]:
        """Measure with an interval, yielding between pieces."""
        value = yield from subtask(self.measure_slices(real, fake), 0.0, 0.4)
        if min(len(real), len(fake)) // 2 < self.fewest:
            return Estimate(value)
        halves = draw_halves(len(real), len(fake))
        yield ProgressReport(0.4, self.title)
        found = yield from subtask(self.half_slices(real, fake, halves), 0.4, 1.0)
        return estimate(value, found, halves.factor, self.bounds)
