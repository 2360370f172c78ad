"""The classes that a classifier finds in generated pictures, and their proportions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from gan_core.evaluation.metrics.base import FEW, HALF, IMAGE_METRICS, ImageMetric
from gan_core.evaluation.metrics.batch import FeatureBatch
from gan_core.runtime.tasks import ProgressReport
from gan_core.shapes import Classes, Factors, Shares

SURE = 0.9
MAX_MODES = 5_000
"""Combinations of factors that are counted; of more, no batch could find a fair part."""


@IMAGE_METRICS.register(
    "classifier_score",
    title="Classifier score",
    paper="Salimans et al. 2016, arXiv:1606.03498, section 4, with another classifier",
    equation=r"\exp\mathbb E_x\,\mathrm{KL}\bigl(p(y|x)\,\Vert\,\mathbb E_x\,p(y|x)\bigr)",
)
@dataclass(frozen=True)
class ClassifierScore(ImageMetric):
    """From 1 to the number of classes: high if each sample is of one class and all classes occur.

    Over all samples at once, in one split. The mean over the factors if there are several.
    """

    unit = "classes"
    higher_is_better = True
    needs_classes = True
    bounds = (1.0, math.inf)
    must_see = (HALF,)

    def slices(self, real, fake):
        # Imported when it is needed: it takes 1.5 s, which the first page would wait for.
        from torch_fidelity.metric_isc import isc_features_to_metric

        scores = []
        for i, logits in enumerate(fake.logits):
            yield ProgressReport(i / len(fake.logits), self.title)
            score = isc_features_to_metric(logits, splits=1, shuffle=False)
            scores.append(score["inception_score_mean"])
        return sum(scores) / len(scores)


@IMAGE_METRICS.register(
    "sure",
    title="Sure samples",
    paper="",
    equation=r"\tfrac1M\,\bigl|\{x:\min_f\max_y p_f(y|x)\ge 0.9\}\bigr|",
)
@dataclass(frozen=True)
class ConfidentFraction(ImageMetric):
    """The share of samples of whose every factor the classifier is at least 90 % sure."""

    unit = "share"
    higher_is_better = True
    needs_classes = True
    bounds = (0.0, 1.0)

    def slices(self, real, fake):
        yield ProgressReport(0.0, self.title)
        top = torch.stack([part.double().softmax(1).amax(1) for part in fake.logits])
        return (top.amin(0) >= SURE).double().mean().item()


@IMAGE_METRICS.register(
    "census_kl",
    title="Census, KL(generated ‖ data)",
    paper="Kullback & Leibler 1951",
    equation=r"\sum_f\sum_y q_f(y)\,\log\frac{q_f(y)}{p_f(y)}",
)
@dataclass(frozen=True)
class CensusKL(ImageMetric):
    """How much the classes of the samples are out of proportion, added up over the factors.

    q are the shares of each value among the samples' most probable ones, p those known of all
    the real pictures; 0 log 0 is 0, and a value that no real picture has counts as one picture.
    """

    unit = "nats"
    needs_classes = True
    must_see = (HALF,)

    def slices(self, real, fake):
        yield ProgressReport(0.0, self.title)
        found, known = fake.factors, real.population
        return sum(
            divergence(shares(found[:, i], n), shares(known[:, i], n, at_least=1))
            for i, n in enumerate(fake.values)
        )


@dataclass(frozen=True)
class JointClassMetric(ImageMetric):
    """A metric of the combinations of all factors."""

    needs_classes = True

    @classmethod
    def applies(cls, values):
        return len(values) > 1 and math.prod(values) <= MAX_MODES


@IMAGE_METRICS.register(
    "modes",
    title="Modes found",
    paper="Metz et al. 2017, arXiv:1611.02163 (on stacked digits)",
    equation=r"\bigl|\{(\hat y_1(x),\hat y_2(x),\dots):x\text{ a sample}\}\bigr|",
)
@dataclass(frozen=True)
class Modes(JointClassMetric):
    """How many of the possible combinations of all factors occur among the samples."""

    unit = "modes"
    higher_is_better = True
    must_see = (FEW,)

    def slices(self, real, fake):
        yield ProgressReport(0.0, self.title)
        return float(len(combined(fake.factors, fake.values).unique()))


@IMAGE_METRICS.register(
    "modes_kl",
    title="Modes, KL(generated ‖ data)",
    paper="Metz et al. 2017, arXiv:1611.02163 (on stacked digits)",
    equation=r"\sum_m q(m)\,\log\frac{q(m)}{p(m)}",
)
@dataclass(frozen=True)
class ModesKL(JointClassMetric):
    """The class balance over combinations of all factors; few samples alone make it large."""

    unit = "nats"
    must_see = (FEW,)

    def slices(self, real, fake):
        yield ProgressReport(0.0, self.title)
        n = math.prod(fake.values)
        found, known = (combined(f, fake.values) for f in (fake.factors, real.population))
        return divergence(shares(found, n), shares(known, n, at_least=1))


def combined(factors: Factors, values: tuple[int, ...]) -> Classes:
    """Return one number for each picture's combination of values."""
    number = torch.zeros(len(factors), dtype=torch.long)
    for i, n in enumerate(values):
        number = number * n + factors[:, i]
    return number


def shares(found: Classes, values: int, at_least: int = 0) -> Shares:
    """Return the share of each value, none being counted less often than `at_least`."""
    counts = torch.bincount(found, minlength=values).clamp(min=at_least).double()
    return counts / counts.sum()


def divergence(q: Shares, p: Shares) -> float:
    """Return KL(q ‖ p) in nats; 0 log 0 is 0."""
    return (torch.xlogy(q, q) - torch.xlogy(q, p)).sum().item()


def class_counts(batch: FeatureBatch) -> list[list[int]]:
    """Return how many pictures of a batch have each value, for each factor."""
    if not batch.logits:
        return []
    found = batch.factors
    return [torch.bincount(found[:, i], minlength=n).tolist() for i, n in enumerate(batch.values)]
