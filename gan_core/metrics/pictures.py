"""How good and how varied generated pictures are: distances between features and classes."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric

from gan_core.metrics.batch import Batch
from gan_core.metrics.neighbourhoods import covered_slices, fewest_for, inside_slices
from gan_core.registry import Component, Registry
from gan_core.shapes import Factors, Shares
from gan_core.slices import Slice, Slices, finish

PICTURE_METRICS = Registry("picture metric")

KERNEL_SUBSETS, KERNEL_SUBSET_SIZE = 20, 500
SURE = 0.9
MOST_MODES = 5_000
"""Combinations of factors that are counted; of more, no batch could find a fair part."""


@dataclass(frozen=True)
class PictureMetric(Component):
    """A comparison of generated with real pictures, in what a probe makes of both."""

    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = False
    needs_classes: ClassVar[bool] = False
    fewest: ClassVar[int] = 1
    """With fewer samples it is not defined, and NaN."""

    @classmethod
    def applies(cls, values: tuple[int, ...]) -> bool:
        """Say whether it suits a probe with factors of so many values; () if there are none."""
        return bool(values) or not cls.needs_classes

    @abstractmethod
    def slices(self, real: Batch, fake: Batch) -> Slices[float]:
        """Measure, yielding between pieces."""

    def measure_slices(self, real: Batch, fake: Batch) -> Slices[float]:
        """Measure, yielding between pieces; NaN if there are too few samples."""
        if min(len(real), len(fake)) < self.fewest:
            return math.nan
        return (yield from self.slices(real, fake))

    def measure(self, real: Batch, fake: Batch) -> float:
        """Measure at once."""
        return finish(self.measure_slices(real, fake))


@PICTURE_METRICS.register(
    "frechet",
    title="Fréchet distance (classifier features)",
    paper="Heusel et al. 2017, arXiv:1706.08500, equation 6, on other features",
    equation=r"\lVert\mu_r-\mu_g\rVert^2+\mathrm{Tr}\bigl(\Sigma_r+\Sigma_g-2(\Sigma_r\Sigma_g)^{1/2}\bigr)",
)
@dataclass(frozen=True)
class Frechet(PictureMetric):
    """How far two bell curves are apart that have the mean and covariance of the features."""

    unit = "squared feature units"
    fewest = 2

    def slices(self, real, fake):
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
    equation=r"\widehat{\mathrm{MMD}}{}^2_u\quad\text{with}\quad k(x,y)=(x^\top y/d+1)^3",
)
@dataclass(frozen=True)
class KernelDistance(PictureMetric):
    """Squared maximum mean discrepancy; unbiased, so it scatters around 0 for a perfect match."""

    unit = "squared kernel units"
    fewest = 2

    def slices(self, real, fake):
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


@PICTURE_METRICS.register(
    "classifier_score",
    title="Classifier score",
    paper="Salimans et al. 2016, arXiv:1606.03498, section 4, with another classifier",
    equation=r"\exp\mathbb E_x\,\mathrm{KL}\bigl(p(y|x)\,\Vert\,\mathbb E_x\,p(y|x)\bigr)",
)
@dataclass(frozen=True)
class ClassifierScore(PictureMetric):
    """From 1 to the number of classes: high if each sample is of one class and all classes occur.

    Over all samples at once, in one split. The mean over the factors if there are several.
    """

    unit = "classes"
    higher_is_better = True
    needs_classes = True

    def slices(self, real, fake):
        scores = []
        for i, logits in enumerate(fake.logits):
            yield Slice(i / len(fake.logits), self.title)
            score = isc_features_to_metric(logits, splits=1, shuffle=False)
            scores.append(score["inception_score_mean"])
        return sum(scores) / len(scores)


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
    equation=r"\tfrac1{|\Phi_g|}\sum_{\phi\in\Phi_g}f(\phi,\Phi_r),\quad k=3",
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
    equation=r"\tfrac1{|\Phi_r|}\sum_{\phi\in\Phi_r}f(\phi,\Phi_g),\quad k=3",
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
    equation=r"\tfrac1{kM}\sum_{j=1}^M\sum_{i=1}^N"
    r"\mathbf 1\bigl[Y_j\in B(X_i,\mathrm{NND}_k(X_i))\bigr],\quad k=5",
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
    equation=r"\tfrac1N\sum_{i=1}^N\mathbf 1\bigl[\exists j:"
    r"Y_j\in B(X_i,\mathrm{NND}_k(X_i))\bigr],\quad k=5",
)
@dataclass(frozen=True)
class Coverage(ShareInBalls):
    """The share of real pictures with a sample near them."""

    k = 5

    def slices(self, real, fake):
        covered = yield from covered_slices(real.features, fake.features, self.k, self.title)
        return covered.double().mean().item()


@PICTURE_METRICS.register(
    "sure",
    title="Sure samples",
    paper="",
    equation=r"\tfrac1n\,\bigl|\{x:\min_f\max_y p_f(y|x)\ge 0.9\}\bigr|",
)
@dataclass(frozen=True)
class Sure(PictureMetric):
    """The share of samples of whose every factor the classifier is at least 90 % sure."""

    unit = "share"
    higher_is_better = True
    needs_classes = True

    def slices(self, real, fake):
        yield Slice(0.0, self.title)
        top = torch.stack([part.double().softmax(1).amax(1) for part in fake.logits])
        return (top.amin(0) >= SURE).double().mean().item()


@PICTURE_METRICS.register(
    "census_kl",
    title="Census, KL(generated ‖ data)",
    paper="Kullback & Leibler 1951",
    equation=r"\sum_f\sum_y q_f(y)\,\log\frac{q_f(y)}{p_f(y)}",
)
@dataclass(frozen=True)
class CensusKL(PictureMetric):
    """How much the classes of the samples are out of proportion, added up over the factors.

    q are the shares of each value among the samples' most probable ones, p those known of all
    the real pictures; 0 log 0 is 0, and a value that no real picture has counts as one picture.
    """

    unit = "nats"
    needs_classes = True

    def slices(self, real, fake):
        yield Slice(0.0, self.title)
        found, known = fake.factors, real.population
        return sum(
            divergence(shares(found[:, i], n), shares(known[:, i], n, at_least=1))
            for i, n in enumerate(fake.values)
        )


@dataclass(frozen=True)
class OfCombinations(PictureMetric):
    """A metric of the combinations of all factors."""

    needs_classes = True

    @classmethod
    def applies(cls, values):
        return len(values) > 1 and math.prod(values) <= MOST_MODES


@PICTURE_METRICS.register(
    "modes",
    title="Modes found",
    paper="Metz et al. 2017, arXiv:1611.02163 (on stacked digits)",
    equation=r"\bigl|\{(\hat y_1(x),\hat y_2(x),\dots)\}\bigr|",
)
@dataclass(frozen=True)
class Modes(OfCombinations):
    """How many of the possible combinations of all factors occur among the samples."""

    unit = "modes"
    higher_is_better = True

    def slices(self, real, fake):
        yield Slice(0.0, self.title)
        return float(len(combined(fake.factors, fake.values).unique()))


@PICTURE_METRICS.register(
    "modes_kl",
    title="Modes, KL(generated ‖ data)",
    paper="Metz et al. 2017, arXiv:1611.02163 (on stacked digits)",
    equation=r"\sum_m q(m)\,\log\frac{q(m)}{p(m)}",
)
@dataclass(frozen=True)
class ModesKL(OfCombinations):
    """As the census, over the combinations of all factors; few samples alone make it large."""

    unit = "nats"

    def slices(self, real, fake):
        yield Slice(0.0, self.title)
        n = math.prod(fake.values)
        found, known = (combined(f, fake.values) for f in (fake.factors, real.population))
        return divergence(shares(found, n), shares(known, n, at_least=1))


def combined(factors: Factors, values: tuple[int, ...]) -> torch.Tensor:
    """Return one number for each picture's combination of values."""
    number = torch.zeros(len(factors), dtype=torch.long)
    for i, n in enumerate(values):
        number = number * n + factors[:, i]
    return number


def shares(found: torch.Tensor, values: int, at_least: int = 0) -> Shares:
    """Return the share of each value, none being counted less often than `at_least`."""
    counts = torch.bincount(found, minlength=values).clamp(min=at_least).double()
    return counts / counts.sum()


def divergence(q: Shares, p: Shares) -> float:
    """Return KL(q ‖ p) in nats; 0 log 0 is 0."""
    return (torch.xlogy(q, q) - torch.xlogy(q, p)).sum().item()


def census(batch: Batch) -> list[list[int]]:
    """Return how many pictures of a batch have each value, for each factor."""
    if not batch.logits:
        return []
    found = batch.factors
    return [torch.bincount(found[:, i], minlength=n).tolist() for i, n in enumerate(batch.values)]
