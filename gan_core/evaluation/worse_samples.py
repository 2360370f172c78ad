"""Samples that are clearly worse than real pictures: can a metric tell, with so few pictures?

A metric that takes them for real ones says nothing by a good value. That depends on the data, the
features and the number of pictures, so it is measured and not assumed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
import torch.nn.functional as F

from gan_core.evaluation.metrics.base import BLURRED, FEW, HALF
from gan_core.evaluation.metrics.batch import FeatureBatch
from gan_core.evaluation.metrics.images import IMAGE_METRICS, ImageMetric
from gan_core.evaluation.metrics.resampling import Estimate
from gan_core.runtime.tasks import Task, subtask
from gan_core.shapes import Pixels

FEWER = 10
"""One of so many pictures is shown in the place of all."""

BLUR = 4
"""Pixels over which a blurred picture is averaged, of 32; larger pictures accordingly."""


def estimate_slices(
    real: FeatureBatch, fake: FeatureBatch, names: Collection[str]
) -> Task[dict[str, Estimate]]:
    """Measure with intervals, yielding between pieces."""
    found = {}
    for i, name in enumerate(names):
        work = IMAGE_METRICS[name]().estimate_slices(real, fake)
        found[name] = yield from subtask(work, i / len(names), (i + 1) / len(names))
    return found


def mistake_slices(
    real: FeatureBatch,
    other: FeatureBatch,
    blurred: FeatureBatch,
    floors: Mapping[str, Estimate],
) -> Task[dict[str, tuple[str, ...]]]:
    """Return for each metric which of the worse samples it takes for real ones.

    `other` are as many other real pictures, `blurred` are the same ones blurred, and `floors` what
    `other` scores. Worse samples are told apart if the two intervals have no number in common.
    """
    worse = {BLURRED: blurred, FEW: repeated(other), HALF: half_of_classes(other)}
    taken: dict[str, tuple[str, ...]] = dict.fromkeys(floors, ())
    for i, (words, batch) in enumerate(worse.items()):
        names = [name for name in floors if words in IMAGE_METRICS[name].must_see]
        work = estimate_slices(real, batch, names)
        found = yield from subtask(work, i / len(worse), (i + 1) / len(worse))
        for name, score in found.items():
            if not is_worse(IMAGE_METRICS[name], score, floors[name]):
                taken[name] += (words,)
    return taken


def is_worse(metric: type[ImageMetric], score: Estimate, floor: Estimate) -> bool:
    """Return whether a score is worse than that of real pictures, beyond both intervals."""
    lower = score.value < floor.value
    return score.is_clear_of(floor) and lower == metric.higher_is_better


def repeated(batch: FeatureBatch) -> FeatureBatch:
    """Return a batch of the same size that has only a tenth of the pictures."""
    return batch.take(torch.arange(len(batch)) % max(1, len(batch) // FEWER))


def half_of_classes(batch: FeatureBatch) -> FeatureBatch:
    """Return a batch of the same size without the upper half of the values of each factor.

    It has at least one picture in it, and is `batch` itself if nothing is known of its classes.
    """
    kept = torch.ones(len(batch), dtype=torch.bool)
    for i, values in enumerate(batch.values):
        fewer = kept & (batch.factors[:, i] < (values + 1) // 2)
        kept = fewer if fewer.any() else kept
    index = kept.nonzero()[:, 0]
    return batch.take(index[torch.arange(len(batch)) % len(index)])


def blur(pixels: Pixels) -> Pixels:
    """Return pictures without their details."""
    size = max(2, round(BLUR * max(pixels.shape[2:]) / 32))
    small = F.avg_pool2d(pixels.float(), size, ceil_mode=True)
    blurred = F.interpolate(small, size=pixels.shape[2:], mode="bilinear", align_corners=False)
    return blurred.round().to(torch.uint8)
