"""Precision, recall, density and coverage of generated images among real ones."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from gan_core.evaluation.metrics.base import FEW, IMAGE_METRICS, ImageMetric
from gan_core.evaluation.metrics.knn import (
    ball_count_slices,
    covered_slices,
    half_counts,
    min_points_for,
)
from gan_core.shapes import Classes


@dataclass(frozen=True)
class KNNMetric(ImageMetric):
    """A metric made of balls around features, each as wide as to its k-th nearest neighbour."""

    k: ClassVar[int]
    around_samples: ClassVar[bool] = False
    """Whether the balls are those of the samples, not of the real pictures."""
    unit = "share"
    higher_is_better = True
    bounds = (0.0, 1.0)

    @abstractmethod
    def share(self, balls: Classes, points: Classes) -> float:
        """Return the metric by the balls in which each point lies, and the points in each ball."""

    def half_slices(self, real, fake, halves):
        centres, points = real.features, fake.features
        around, within = halves.real, halves.fake
        if self.around_samples:
            centres, points, around, within = points, centres, within, around
        found = []
        counts = half_counts(centres, points, around, within, self.k, self.title)
        for report, counted in counts:
            found += [] if counted is None else [self.share(*counted)]
            yield report
        return found


@IMAGE_METRICS.register(
    "precision",
    title="Precision",
    paper="Kynkäänniemi et al. 2019, arXiv:1904.06991, equations 1 and 2",
    equation=r"\tfrac1M\bigl|\{j:g_j\in\bigcup_i B_k(r_i)\}\bigr|,\quad k=3",
)
@dataclass(frozen=True)
class Precision(KNNMetric):
    """The share of samples that lie among the real pictures."""

    k = 3
    fewest = min_points_for(k)

    def slices(self, real, fake):
        counts = yield from ball_count_slices(real.features, fake.features, self.k, self.title)
        return (counts > 0).double().mean().item()

    def share(self, balls, points):
        return (balls > 0).double().mean().item()


@IMAGE_METRICS.register(
    "recall",
    title="Recall",
    paper="Kynkäänniemi et al. 2019, arXiv:1904.06991, equations 1 and 2",
    equation=r"\tfrac1N\bigl|\{i:r_i\in\bigcup_j B_k(g_j)\}\bigr|,\quad k=3",
)
@dataclass(frozen=True)
class Recall(KNNMetric):
    """The share of real pictures that lie among the samples."""

    k = 3
    fewest = min_points_for(k)
    around_samples = True
    must_see = (FEW,)

    def slices(self, real, fake):
        counts = yield from ball_count_slices(fake.features, real.features, self.k, self.title)
        return (counts > 0).double().mean().item()

    def share(self, balls, points):
        return (balls > 0).double().mean().item()


@IMAGE_METRICS.register(
    "density",
    title="Density",
    paper="Naeem et al. 2020, arXiv:2002.09797, section 3",
    equation=r"\tfrac1{kM}\sum_{j=1}^M\bigl|\{i:g_j\in B_k(r_i)\}\bigr|,\quad k=5",
)
@dataclass(frozen=True)
class Density(KNNMetric):
    """How deep among the real pictures the samples lie: about 1, or more if all are typical."""

    k = 5
    fewest = min_points_for(k)
    unit = ""
    bounds = (0.0, math.inf)

    def slices(self, real, fake):
        counts = yield from ball_count_slices(real.features, fake.features, self.k, self.title)
        return counts.double().mean().item() / self.k

    def share(self, balls, points):
        return balls.double().mean().item() / self.k


@IMAGE_METRICS.register(
    "coverage",
    title="Coverage",
    paper="Naeem et al. 2020, arXiv:2002.09797, section 3",
    equation=r"\tfrac1N\bigl|\{i:\exists j\;g_j\in B_k(r_i)\}\bigr|,\quad k=5",
)
@dataclass(frozen=True)
class Coverage(KNNMetric):
    """The share of real pictures with a sample near them."""

    k = 5
    fewest = min_points_for(k)
    must_see = (FEW,)

    def slices(self, real, fake):
        covered = yield from covered_slices(real.features, fake.features, self.k, self.title)
        return covered.double().mean().item()

    def share(self, balls, points):
        return (points > 0).double().mean().item()
