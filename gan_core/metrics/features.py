"""Distances between the features of generated and of real pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from gan_core.metrics.neighbourhoods import covered_slices, fewest_for, inside_slices
from gan_core.metrics.picture_metric import PICTURE_METRICS, PictureMetric
from gan_core.slices import Slice

KERNEL_SUBSETS, KERNEL_SUBSET_SIZE = 20, 500


@PICTURE_METRICS.register(
    "frechet",
    title="Fréchet distance (classifier features)",
    paper="Heusel et al. 2017, arXiv:1706.08500, equation 6, on other features",
    equation=r"\lVert\mu_r-\mu_g\rVert^2"
    r" \\ {}+\mathrm{Tr}\bigl(\Sigma_r+\Sigma_g-2(\Sigma_r\Sigma_g)^{1/2}\bigr)",
)
@dataclass(frozen=True)
class Frechet(PictureMetric):
    """How far two bell curves are apart that have the mean and covariance of the features."""

    unit = "squared feature units"
    fewest = 2

    def slices(self, real, fake):
        # Imported when it is needed: it takes 1.5 s, which the first page would wait for.
        from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

        statistics = []
        for i, batch in enumerate((real, fake)):
            yield Slice(i / 3, self.title)
            statistics.append(fid_features_to_statistics(batch.features))
        yield Slice(2 / 3, self.title)
        (value,) = fid_statistics_to_metric(*statistics, verbose=False).values()
        return value


@PICTURE_METRICS.register(
    "kernel_distance",
    title="Kernel distance (classifier features)",
    paper="Bińkowski et al. 2018, arXiv:1801.01401, on other features",
    equation=r"\mathbb E\,k(r,r')+\mathbb E\,k(g,g')-2\,\mathbb E\,k(r,g)"
    r" \\ k(a,b)=(a^\top b/d+1)^3",
)
@dataclass(frozen=True)
class KernelDistance(PictureMetric):
    """Squared maximum mean discrepancy; unbiased, so it scatters around 0 for a perfect match."""

    unit = "squared kernel units"
    fewest = 2

    def slices(self, real, fake):
        from torch_fidelity.metric_kid import kid_features_to_metric

        size = min(KERNEL_SUBSET_SIZE, len(real), len(fake))
        found = []
        for seed in range(KERNEL_SUBSETS):
            yield Slice(seed / KERNEL_SUBSETS, self.title)
            subset = kid_features_to_metric(
                fake.features,
                real.features,
                kid_subsets=1,
                kid_subset_size=size,
                rng_seed=seed,
                verbose=False,
            )
            found.append(subset["kernel_inception_distance_mean"])
        return sum(found) / len(found)


@dataclass(frozen=True)
class ShareInBalls(PictureMetric):
    """A metric made of balls around features, each as wide as to its k-th nearest neighbour."""

    k: ClassVar[int]
    unit = "share"
    higher_is_better = True

    def measure_slices(self, real, fake):
        if min(len(real), len(fake)) < fewest_for(self.k):
            return math.nan
        return (yield from self.slices(real, fake))


@PICTURE_METRICS.register(
    "precision",
    title="Precision",
    paper="Kynkäänniemi et al. 2019, arXiv:1904.06991, equations 1 and 2",
    equation=r"\tfrac1M\bigl|\{j:g_j\in\bigcup_i B_k(r_i)\}\bigr|,\quad k=3",
)
@dataclass(frozen=True)
class Precision(ShareInBalls):
    """The share of samples that lie among the real pictures."""

    k = 3

    def slices(self, real, fake):
        counts = yield from inside_slices(real.features, fake.features, self.k, self.title)
        return (counts > 0).double().mean().item()


@PICTURE_METRICS.register(
    "recall",
    title="Recall",
    paper="Kynkäänniemi et al. 2019, arXiv:1904.06991, equations 1 and 2",
    equation=r"\tfrac1N\bigl|\{i:r_i\in\bigcup_j B_k(g_j)\}\bigr|,\quad k=3",
)
@dataclass(frozen=True)
class Recall(ShareInBalls):
    """The share of real pictures that lie among the samples."""

    k = 3

    def slices(self, real, fake):
        counts = yield from inside_slices(fake.features, real.features, self.k, self.title)
        return (counts > 0).double().mean().item()


@PICTURE_METRICS.register(
    "density",
    title="Density",
    paper="Naeem et al. 2020, arXiv:2002.09797, section 3",
    equation=r"\tfrac1{kM}\sum_{j=1}^M\bigl|\{i:g_j\in B_k(r_i)\}\bigr|,\quad k=5",
)
@dataclass(frozen=True)
class Density(ShareInBalls):
    """How deep among the real pictures the samples lie: about 1, or more if all are typical."""

    k = 5
    unit = ""

    def slices(self, real, fake):
        counts = yield from inside_slices(real.features, fake.features, self.k, self.title)
        return counts.double().mean().item() / self.k


@PICTURE_METRICS.register(
    "coverage",
    title="Coverage",
    paper="Naeem et al. 2020, arXiv:2002.09797, section 3",
    equation=r"\tfrac1N\bigl|\{i:\exists j\;g_j\in B_k(r_i)\}\bigr|,\quad k=5",
)
@dataclass(frozen=True)
class Coverage(ShareInBalls):
    """The share of real pictures with a sample near them."""

    k = 5

    def slices(self, real, fake):
        covered = yield from covered_slices(real.features, fake.features, self.k, self.title)
        return covered.double().mean().item()
