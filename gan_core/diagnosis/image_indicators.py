"""Indicators of images: their diversity, and their distance to the data and to single images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn.functional import avg_pool2d

from gan_core.data.base import ImageSource
from gan_core.diagnosis.evidence import Evidence
from gan_core.diagnosis.sample_indicators import SampleIndicators
from gan_core.evaluation.report import ClassHistogram, EvaluationReport
from gan_core.shapes import Classes, Features, PixelArray, Pixels
from gan_core.training.monitoring.sample_timeline import Timeline, TimelineFrame

MAX_REAL, MAX_SIDE = 2_000, 16
SEED = 2014
NAMED = 4
"""Classes that a sentence names."""

EARLIER = (0.25, 0.4, 0.6, 0.75)
"""Shares of the run's steps at which its pictures are compared with the present ones."""


@dataclass(frozen=True, eq=False)
class ImageReference:
    """Real pictures, made small, and how far they are from each other.

    Distances are root mean squares in grey levels. `nearest` is the median distance of a real
    picture to its nearest other one, `apart` the median distance between two real pictures.
    """

    real: Features
    nearest: float
    apart: float
    flips: bool
    apart_inside: Mapping[int, float] = field(default_factory=dict)
    """The median distance between two real pictures of one class, by class."""


def image_reference(source: ImageSource, classes: int = 0) -> ImageReference:
    """Take at most `MAX_REAL` of the source's pictures, always the same ones.

    `classes` is how many classes a conditional G is given; 0 for other ones.
    """
    rng = torch.Generator().manual_seed(SEED)
    index = torch.randperm(len(source), generator=rng)[:MAX_REAL].sort().values
    real = shrink(source.pixels(index).cpu())
    between = torch.cdist(real, real)
    apart = between[~torch.eye(len(real), dtype=torch.bool)][:100_000].median().item()
    nearest = between.fill_diagonal_(torch.inf).amin(1).median().item()
    inside = {}
    if classes and source.factors is not None:
        inside = distances_inside(real, source.factors[:, 0].cpu()[index], classes)
    return ImageReference(real, nearest, apart, getattr(source, "flips", False), inside)


@dataclass(frozen=True)
class ImageIndicators(SampleIndicators):
    """A generator of pictures.

    `nn_ratio` is the median distance of a sample to its nearest real picture, over the same of
    real pictures to each other: near 1 for pictures like the data, near 0 for copies, far above
    for what is like nothing in the data. `diversity` is the median distance between two samples,
    over that between two real pictures, and `gained` how much more it is than at the best of
    some earlier grids.
    """

    min_steps = 200
    samples: int
    real: int
    nn_ratio: float
    diversity: float
    gained: float
    grids: int
    histogram: ClassHistogram | None
    inside: Mapping[str, float] = field(default_factory=dict)
    """For each class that could be looked into: how much two of its samples differ, over the same
    of two of its real pictures."""
    inside_gained: float = 0.0
    """How much more that is than at the best of some earlier grids, in the median class."""
    inside_over: str = ""
    """What `inside` was measured on."""

    @property
    def num_real(self):
        return self.real

    def healthy_sentence(self, game):
        words = f"two samples differ by {self.diversity:.2f} of what two real pictures do."
        return f"{game}; {words}" if game else words

    def distance(self, rule):
        over = f"{self.samples} samples, {self.real:,} real pictures"
        return (Evidence("distance to the data", self.nn_ratio, rule.likeness, True, over),)

    def distance_words(self):
        ratio = f"{self.nn_ratio:.1f} times"
        return f"the pictures are {ratio} as far from the data as real ones"

    def collapses(self, rule):
        if self.histogram is not None:
            missing = float(len(self._missing_classes(rule.found)))
            over = f"{sum(self.histogram.generated):,} samples, last evaluation"
            return (Evidence("classes missing", missing, rule.classes - 0.5, True, over),)
        over = f"{self.samples} samples"
        since = f"{over}, now and in {self.grids} grids before"
        return (
            Evidence("distance between samples", self.diversity, rule.diversity, False, over),
            Evidence("of it gained", self.gained, rule.gained, False, since),
        )

    def collapses_sentence(self, rule):
        if self.histogram is not None:
            return f"Hardly ever made: {', '.join(self._missing_classes(rule.found))}."
        return (
            f"Two generated pictures differ by {self.diversity:.2f} of what two real ones do: "
            "G makes few different ones."
        )

    def _missing_classes(self, least_share: float) -> list[str]:
        counts = self.histogram
        real, made = sum(counts.real), sum(counts.generated)
        rows = zip(counts.values, counts.real, counts.generated, strict=True)
        return [name for name, r, g in rows if g / made < least_share * r / real]

    def collapses_inside(self, rule):
        if len(self.inside) < rule.classes:
            return ()
        flat = len(self._collapsed_classes(rule.inside)) / len(self.inside)
        since = f"{self.inside_over}, now and in {self.grids} grids before"
        return (
            Evidence("share of classes without variety", flat, rule.share, True, self.inside_over),
            Evidence("of it gained", self.inside_gained, rule.gained, False, since),
        )

    def collapses_inside_sentence(self, rule):
        flat = self._collapsed_classes(rule.inside)
        worst = ", ".join(f"{name} ({self.inside[name]:.2f})" for name in flat[:NAMED])
        more = f" and {len(flat) - NAMED} more" if len(flat) > NAMED else ""
        return (
            f"G makes every class, but inside {len(flat)} of {len(self.inside)} its samples hardly "
            f"differ: {worst}{more} of what two real pictures of the class do."
        )

    def _collapsed_classes(self, most: float) -> list[str]:
        flat = [name for name, ratio in self.inside.items() if ratio < most]
        return sorted(flat, key=self.inside.__getitem__)

    def doubts(self, rule):
        over = f"{self.samples} samples, {self.real:,} real pictures"
        return (Evidence("distance to the data", self.nn_ratio, rule.likeness, True, over),)

    def doubts_sentence(self, rule):
        return f"Not there yet: {self.distance_words()}."

    def memorizes(self, rule):
        over = f"{self.samples} samples, {self.real:,} real pictures"
        return (Evidence("distance to the data", self.nn_ratio, rule.likeness, False, over),)

    def memorizes_sentence(self):
        return (
            f"The samples are copies: half of them are nearer to one of {self.real:,} real "
            f"pictures than {self.nn_ratio:.2f} of what these are from each other. More pictures "
            "help most."
        )


def image_indicators(
    samples: PixelArray,
    reference: ImageReference,
    report: EvaluationReport | None = None,
    earlier: Sequence[TimelineFrame] = (),
    labels: Classes | None = None,
    classes: Sequence[str] = (),
) -> ImageIndicators:
    """Return the vital signs of some samples, bytes of any size.

    `report` is a recent evaluation. `earlier` are grids from the same run; without one the
    diversity has not grown. `labels` are the `classes` that G was asked for, if it is conditional.
    """
    pixels = torch.from_numpy(samples)
    points = shrink(pixels)
    nearest = torch.cdist(points, reference.real).amin(1)
    if reference.flips:
        mirrored = torch.cdist(shrink(pixels.flip(3)), reference.real).amin(1)
        nearest = torch.minimum(nearest, mirrored)
    diversity = _ratio(_between(points), reference.apart)
    grids = [shrink(torch.from_numpy(np.array(moment.pixels()))) for moment in earlier]
    before = max((_ratio(_between(grid), reference.apart) for grid in grids), default=diversity)
    inside, inside_gained, inside_over = {}, 0.0, ""
    if labels is not None and reference.apart_inside:
        inside = ratios_inside(points, labels, reference, classes)
        past = [ratios_inside(grid, labels, reference, classes) for grid in grids]
        inside_gained = min((_gained(inside, grid) for grid in past), default=0.0)
        inside_over = f"{len(points)} samples of {len(inside)} classes"
    elif report is not None:
        inside = _diversity_of(report)
        inside_over = f"{report.samples:,} samples, last evaluation"
    return ImageIndicators(
        samples=len(points),
        real=len(reference.real),
        nn_ratio=_ratio(nearest.median().item(), reference.nearest),
        diversity=diversity,
        gained=diversity - before,
        grids=len(earlier),
        histogram=None if report is None else next(iter(report.census.values()), None),
        inside=inside,
        inside_gained=inside_gained,
        inside_over=inside_over,
    )


def distances_inside(points: Features, labels: Classes, classes: int) -> dict[int, float]:
    """Return the median distance between two pictures of a class, of all that have two."""
    own = {label: points[labels == label] for label in range(classes)}
    return {label: _between(some) for label, some in own.items() if len(some) > 1}


def ratios_inside(
    points: Features, labels: Classes, reference: ImageReference, classes: Sequence[str]
) -> dict[str, float]:
    """Return how much two samples of a class differ, over the same of its real pictures."""
    found = distances_inside(points, labels.cpu(), len(classes))
    real = reference.apart_inside
    return {classes[i]: _ratio(found[i], real[i]) for i in found if real.get(i, 0) > 0}


def _gained(now: Mapping[str, float], before: Mapping[str, float]) -> float:
    """Return how much larger the ratio has become, in the median class."""
    return float(np.median([now[name] - before[name] for name in now])) if now else 0.0


def _diversity_of(report: EvaluationReport) -> dict[str, float]:
    """Return the diversity of each class that was measured, and that could tell."""
    found = {name: row.values.get("diversity") for name, row in report.classes.items()}
    return {name: m.value for name, m in found.items() if m and m.can_tell and np.isfinite(m.value)}


def earlier_grids(timeline: Timeline, step: int) -> list[TimelineFrame]:
    """Return the latest grids that were kept when certain shares of the steps were done."""
    found = {}
    for share in EARLIER:
        kept = [moment for moment in timeline.frames if moment.step <= share * step]
        if kept:
            found[kept[-1].step] = kept[-1]
    return list(found.values())


def _between(points: Features) -> float:
    """Return the median distance between two pictures; 0 if there is but one."""
    return torch.pdist(points).median().item() if len(points) > 1 else 0.0


def shrink(pixels: Pixels) -> Features:
    """Return pictures averaged to at most `MAX_SIDE` pixels a side, a row each.

    They are scaled such that Euclidean distances are root mean squares.
    """
    factor = -(-max(pixels.shape[2:]) // MAX_SIDE)
    averaged = avg_pool2d(pixels.float(), factor, ceil_mode=True).flatten(1)
    return averaged / averaged.shape[1] ** 0.5


def _ratio(value: float, typical: float) -> float:
    """Return value / typical; 1 where real pictures do not differ at all."""
    return value / typical if typical > 0 else 1.0
