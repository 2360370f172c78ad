"""The base class of picture metrics, and the registry of them."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from gan_core.evaluation.metrics.batch import FeatureBatch
from gan_core.registry import Component, Registry
from gan_core.runtime.tasks import Task, run_to_end

IMAGE_METRICS = Registry("picture metric")


@dataclass(frozen=True)
class ImageMetric(Component):
    """A comparison of generated with real pictures, in what a probe makes of both."""

    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = False
    needs_classes: ClassVar[bool] = False
    fewest: ClassVar[int] = 1
    """With fewer samples it is not defined, and NaN."""

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
