"""The kernel distance between generated and real images, in the features of a classifier."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from gan_core.evaluation.metrics.base import IMAGE_METRICS, ImageMetric
from gan_core.evaluation.metrics.batch import FeatureBatch
from gan_core.evaluation.metrics.knn import BLOCK
from gan_core.runtime.tasks import ProgressReport, Task, subtask
from gan_core.shapes import Centres, Features, Membership, PerSample, Rows

KERNEL_SUBSETS, KERNEL_SUBSET_SIZE = 20, 500


@IMAGE_METRICS.register(
    "kernel_distance",
    title="Kernel distance (classifier features)",
    paper="Bińkowski et al. 2018, arXiv:1801.01401, on other features",
    equation=r"\mathbb E\,k(r,r')+\mathbb E\,k(g,g')-2\,\mathbb E\,k(r,g)"
    r" \\ k(a,b)=(a^\top b/d+1)^3",
)
@dataclass(frozen=True)
class KernelDistance(ImageMetric):
    """Squared maximum mean discrepancy; unbiased, so it scatters around 0 for a perfect match."""

    unit = "squared kernel units"
    fewest = 2
    bounds = (-math.inf, math.inf)

    def slices(self, real, fake):
        size = min(KERNEL_SUBSET_SIZE, len(real), len(fake))
        rows = []
        for seed in range(KERNEL_SUBSETS):
            rng = np.random.RandomState(seed)
            rows.append([rng.choice(len(part), size, replace=False) for part in (fake, real)])
        others, own = (torch.from_numpy(np.stack(part)) for part in zip(*rows, strict=True))
        return (yield from self._slices(real, fake, own, others)).mean().item()

    def half_slices(self, real, fake, halves):
        return (yield from self._slices(real, fake, halves.real, halves.fake)).tolist()

    def _slices(
        self, real: FeatureBatch, fake: FeatureBatch, own: Rows, others: Rows
    ) -> Task[PerSample]:
        """Return the distance between each part of the real pictures and each of the samples."""
        x, y = real.features, fake.features
        chosen, given = _membership(own, len(x)), _membership(others, len(y))
        work = [_sum_slices(*pair, self.title) for pair in _pairs(x, y, chosen, given)]
        sums = []
        for i, part in enumerate(work):
            sums.append((yield from subtask(part, i / 3, (i + 1) / 3)))
        n, m = own.shape[1], others.shape[1]
        within = (sums[0] - chosen @ _itself(x)) / (n * (n - 1))
        among = (sums[1] - given @ _itself(y)) / (m * (m - 1))
        return within + among - 2 * sums[2] / (n * m)


def _pairs(x: Features, y: Centres, chosen: Membership, given: Membership) -> list[tuple]:
    return [(x, x, chosen, chosen), (y, y, given, given), (x, y, chosen, given)]


def _membership(rows: Rows, n: int) -> Membership:
    """Return 1 where a part has a sample and 0 elsewhere, a row for each part."""
    return torch.zeros(len(rows), n, dtype=torch.float64).scatter_(1, rows, 1.0)


def _sum_slices(
    x: Features, y: Centres, chosen: Membership, given: Membership, words: str
) -> Task[PerSample]:
    """Return Σ k(a, b) over all a of x and b of y that a part has, for each part."""
    total = torch.zeros(len(chosen), dtype=torch.float64)
    step = max(1, BLOCK // len(y))
    for start in range(0, len(x), step):
        some = slice(start, start + step)
        kernel = (x[some] @ y.T / x.shape[1] + 1) ** 3
        total += ((chosen[:, some] @ kernel) * given).sum(1)
        yield ProgressReport(min(1.0, (start + step) / len(x)), words)
    return total


def _itself(x: Features) -> PerSample:
    """Return k(a, a) for every a."""
    return (x.square().sum(1) / x.shape[1] + 1) ** 3
