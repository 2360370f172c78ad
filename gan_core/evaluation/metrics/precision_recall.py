"""Precision, recall, density and coverage of generated images among real ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from gan_core.evaluation.metrics.base import IMAGE_METRICS, ImageMetric
from gan_core.evaluation.metrics.knn import ball_count_slices, covered_slices, min_points_for


@dataclass(frozen=True)
class KNNMetric(ImageMetric):
    """A metric made of balls around features, each as wide as to its k-th nearest neighbour."""

    k: ClassVar[int]
    unit = "share"
    higher_is_better = True

    def measure_slices(self, real, fake):
        if min(len(real), len(fake)) < min_points_for(self.k):
            return math.nan
        return (yield from self.slices(real, fake))


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

    def slices(self, real, fake):
        counts = yield from ball_count_slices(real.features, fake.features, self.k, self.title)
        return (counts > 0).double().mean().item()


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

    def slices(self, real, fake):
        counts = yield from ball_count_slices(fake.features, real.features, self.k, self.title)
        return (counts > 0).double().mean().item()


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
    unit = ""

    def slices(self, real, fake):
        counts = yield from ball_count_slices(real.features, fake.features, self.k, self.title)
        return counts.double().mean().item() / self.k


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

    def slices(self, real, fake):
        covered = yield from covered_slices(real.features, fake.features, self.k, self.title)
        return covered.double().mean().item()
