"""How good a generator is inside each class: coverage, and how much its samples differ."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from gan_core.evaluation.metrics.batch import FeatureBatch
from gan_core.evaluation.metrics.images import IMAGE_METRICS
from gan_core.evaluation.metrics.resampling import Estimate, Halves, draw_halves, estimate
from gan_core.evaluation.report import ClassResult, MetricResult
from gan_core.evaluation.worse_samples import is_worse, repeated
from gan_core.runtime.tasks import ProgressReport, Task, run_to_end
from gan_core.shapes import Classes, Features, Rows

COVERAGE, DIVERSITY = "coverage", "diversity"
MAX_CLASSES = 50
HALF_AS_MUCH = "pictures that differ half as much"


@dataclass(frozen=True, eq=False)
class ClassReference:
    """What the samples of one class are compared with.

    `real` are pictures of the class; `floors` is what other real pictures of it score against
    them, and `mistaken` which clearly worse samples a number takes for real ones.
    """

    real: FeatureBatch
    floors: Mapping[str, Estimate]
    mistaken: Mapping[str, tuple[str, ...]]


def class_reference_slices(
    real: FeatureBatch, labels: Classes, other: FeatureBatch, others: Classes, classes: int
) -> Task[dict[int, ClassReference]]:
    """Compare real pictures with other real ones, class by class.

    Of more than `MAX_CLASSES` classes only the most frequent ones are looked at.
    """
    made = {}
    frequent = labels.bincount(minlength=classes).argsort(descending=True, stable=True)
    for i, label in enumerate(sorted(frequent[:MAX_CLASSES].tolist())):
        own = real.take((labels == label).nonzero()[:, 0])
        second = other.take((others == label).nonzero()[:, 0])
        floors = class_estimates(own, second)
        made[label] = ClassReference(own, floors, _mistaken(own, second, floors))
        yield ProgressReport(
            (i + 1) / min(classes, MAX_CLASSES), "comparing real pictures by class"
        )
    return made


def class_slices(
    references: Mapping[int, ClassReference],
    fake: FeatureBatch,
    labels: Classes,
    names: Sequence[str],
) -> Task[dict[str, ClassResult]]:
    """Measure the samples of each class, of which `labels` says which it is."""
    results = {}
    for i, (label, reference) in enumerate(references.items()):
        own = fake.take((labels == label).nonzero()[:, 0])
        found = class_estimates(reference.real, own)
        values = {name: _result(name, value, reference, len(own)) for name, value in found.items()}
        results[names[label]] = ClassResult(len(reference.real), len(own), values)
        yield ProgressReport((i + 1) / len(references), "comparing by class")
    return results


def class_estimates(real: FeatureBatch, fake: FeatureBatch) -> dict[str, Estimate]:
    """Return coverage and diversity of the samples of one class."""
    if not len(real) or not len(fake):
        return {COVERAGE: Estimate(math.nan), DIVERSITY: Estimate(math.nan)}
    coverage = run_to_end(IMAGE_METRICS[COVERAGE]().estimate_slices(real, fake))
    return {COVERAGE: coverage, DIVERSITY: diversity(real.features, fake.features)}


def diversity(real: Features, fake: torch.Tensor) -> Estimate:
    """Return the mean distance between two samples over that between two real pictures.

    0 if all samples are one, about 1 if they differ as real pictures do.
    """
    value = (mean_distances(fake, all_of(fake)) / mean_distances(real, all_of(real))).item()
    if min(len(real), len(fake)) < 4:
        return Estimate(value)
    halves: Halves = draw_halves(len(real), len(fake))
    found = mean_distances(fake, halves.fake) / mean_distances(real, halves.real)
    return estimate(value, found.tolist(), halves.factor, (0.0, math.inf))


def all_of(batch: Features) -> Rows:
    return torch.arange(len(batch))[None]


def mean_distances(batch: Features, parts: Rows) -> torch.Tensor:
    """Return the mean distance between two different samples of each part; NaN of one sample."""
    apart = torch.cdist(batch, batch)
    chosen = torch.zeros(len(parts), len(batch), dtype=apart.dtype).scatter_(1, parts, 1.0)
    n = parts.shape[1]
    return ((chosen @ apart) * chosen).sum(1) / (n * (n - 1) or math.nan)


def _mistaken(
    real: FeatureBatch, other: FeatureBatch, floors: Mapping[str, Estimate]
) -> dict[str, tuple[str, ...]]:
    metric = IMAGE_METRICS[COVERAGE]
    few = floors[COVERAGE]
    if len(real) and len(other):
        few = run_to_end(metric().estimate_slices(real, repeated(other)))
    half = Estimate(*(part / 2 for part in floors[DIVERSITY]))
    return {
        COVERAGE: () if is_worse(metric, few, floors[COVERAGE]) else metric.must_see,
        DIVERSITY: () if half.is_clear_of(floors[DIVERSITY]) else (HALF_AS_MUCH,),
    }


def _result(name: str, found: Estimate, reference: ClassReference, samples: int) -> MetricResult:
    title, floor = name.capitalize(), reference.floors[name]
    unit = "share" if name == COVERAGE else "of real"
    values = (found.value, floor.value, samples, True, title, unit)
    return MetricResult(*values, found[1:], floor[1:], reference.mistaken[name])
