"""Vital signs of a run: the few numbers that the doctor's rules read.

None of them is a distance to the target. They are what a person at the charts could see: what D
answers, how steep G's loss is there, where the samples lie and how they have moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from gan_core.config import ExperimentConfig
from gan_core.data.distributions import NormalMixture
from gan_core.diagnosis.image_indicators import (
    ImageIndicators,
    ImageReference,
    earlier_grids,
    picture_reference,
    picture_vitals,
)
from gan_core.evaluation.report import ClassHistogram
from gan_core.losses import Loss
from gan_core.shapes import Values
from gan_core.training.monitoring.failures import NumericalFailure
from gan_core.training.monitoring.snapshot import Snapshot

if TYPE_CHECKING:
    from gan_core.training.trainer import Trainer

MIN_STEPS = 200
QUARTER, HALF = (4, 1_000), (2, 2_000)
"""The doctor looks back over a part of the run, at least `MIN_STEPS` and at most so many steps;
for a sway, which can be slow, over half of it.
"""

MIN_POINTS = 20
STEP = 1e-3


@dataclass(frozen=True)
class Reference1D:
    """What is known of a target on the line: mean, standard deviation, different values."""

    mean: float
    std: float
    distinct: int


@dataclass(frozen=True)
class Mode:
    """One bell of a mixture: its share of the target and of the samples."""

    centre: float
    share: float
    found: float


@dataclass(frozen=True)
class Indicators1D:
    """A generator of numbers.

    Lengths are in standard deviations of the target. `off` is |mean − μ| + |std − σ| of the
    samples, `nearer` how much of it was lost over the looks and `progress` the share lost. `sway`
    says how far their mean or their spread went to and fro: half the smaller one of its largest
    rise and its largest fall, so 0 for what only travels; it is taken over `long_looks`.
    `oscillation_share` is that over what `off` was at their beginning.
    """

    mean: float
    std: float
    error: float
    error_decrease: float
    progress: float
    oscillation: float
    oscillation_share: float
    num_snapshots: int
    long_looks: int
    outside: float
    distinct: int
    real_distinct: int
    bells: tuple[Mode, ...]


@dataclass(frozen=True)
class Indicators:
    """A run at one moment; `window` is how many steps its means are taken over.

    `age` counts the steps since the run began or was last changed. `won` says how far D has won:
    0 where its loss is that of a D that can tell nothing apart, 1 where it is the least possible;
    None for losses without a least value. `worst` is the largest of D's losses, in units of that
    of a D that can tell nothing apart. `slope` is |∂L_G/∂D(G(z))| at D's mean answer.
    """

    config: ExperimentConfig
    step: int
    age: int
    window: int
    failure: NumericalFailure | None
    statistics: dict[str, float]
    d_advantage: float | None
    max_loss_ratio: float | None
    slope: float
    line: Indicators1D | None = None
    pictures: ImageIndicators | None = None


Reference = Reference1D | ImageReference


def reference_of(trainer: Trainer) -> Reference:
    """Return what the doctor compares a run's samples with; it is the same for the whole run."""
    dataset = trainer.config.dataset
    if dataset.pictures:
        return picture_reference(trainer.source)
    law = dataset.distribution()
    real = trainer.real_samples(1_000)
    return Reference1D(float(law.mean()), float(law.std()), len(np.unique(real)))


def indicators_of(
    trainer: Trainer, snapshot: Snapshot, reference: Reference, census: ClassHistogram | None = None
) -> Indicators:
    """Return the vital signs; no network is run backwards, and none on the line at all."""
    config = trainer.config
    since = max((step for step, _ in snapshot.config_changes), default=0)
    age = snapshot.step - since
    recent = _recent(snapshot.history, snapshot.step, since)
    loss = config.loss
    means = {
        name: float(np.mean(row)) if len(row) else float("nan")
        for name, row in recent.items()
        if name != "d_fake_after"
    }
    line = pictures = None
    if snapshot.density is not None:
        line = _line_vitals(config, snapshot, reference, since)
    elif isinstance(reference, ImageReference):
        earlier = earlier_grids(trainer.timeline, snapshot.step)
        pictures = picture_vitals(snapshot.samples, reference, census, earlier)
    steps = recent["step"]
    worst = share_won(loss, float(recent["loss_d"].max())) if len(steps) else None
    return Indicators(
        config,
        snapshot.step,
        age,
        int(steps[-1] - steps[0] + 1) if len(steps) else 0,
        trainer.failure if isinstance(trainer.failure, NumericalFailure) else None,
        means,
        share_won(loss, means["loss_d"]),
        None if worst is None else 1 - worst,
        slope_of(loss, means["d_real"], means["d_fake_before"]),
        line,
        pictures,
    )


def _recent(
    series: dict[str, np.ndarray], step: int, since: int, span: tuple[int, int] = QUARTER
) -> dict[str, np.ndarray]:
    """Return the part of the series that the doctor looks at: never from before a change."""
    part, most = span
    back = min(max(step // part, MIN_STEPS), most)
    steps = series["step"]
    first = min(np.searchsorted(steps, step - back, side="right"), len(steps) - MIN_POINTS)
    first = max(first, np.searchsorted(steps, since, side="right"), 0)
    return {name: row[first:] for name, row in series.items()}


def share_won(loss: Loss, loss_d: float) -> float | None:
    """Return (E − L_D) / (E − min L_D), E being L_D where D can tell nothing apart.

    For the cross entropy with an optimal D this is the Jensen–Shannon divergence over log 2
    (Goodfellow et al. 2014, arXiv:1406.2661, theorem 1). None if L_D has no minimum, or if nobody
    knows what it measures.
    """
    measured = loss.divergence
    if measured is None or measured.highest is None:
        return None
    return measured.distance_from_loss(loss_d) / measured.highest


def slope_of(loss: Loss, d_real: float, d_fake: float) -> float:
    """Return |∂L_G/∂score| at D's mean answers, by a central difference.

    `d_real` and `d_fake` are probabilities for losses that have them, raw scores otherwise.
    """
    answers = torch.tensor([d_real, d_fake], dtype=torch.float64)
    if loss.is_probabilistic:
        answers = answers.clamp(1e-12, 1 - 1e-12).logit()
    real, fake = answers[:1].expand(2), answers[1:] + torch.tensor([STEP, -STEP])
    above, below = loss.generator(real, fake).tolist()
    return abs(above - below) / (2 * STEP)


def _line_vitals(
    config: ExperimentConfig, snapshot: Snapshot, reference: Reference1D, since: int
) -> Indicators1D:
    mean, std = _in_std(_recent(snapshot.metric_history, snapshot.step, since - 1), reference)
    off = np.abs(mean) + np.abs(std - 1)
    before, after = _first_and_last_third(off)
    long = _recent(snapshot.metric_history, snapshot.step, since - 1, HALF)
    long_mean, long_std = _in_std(long, reference)
    sway = max(oscillation_amplitude(long_mean), oscillation_amplitude(long_std))
    at_first, _ = _first_and_last_third(np.abs(long_mean) + np.abs(long_std - 1))
    return Indicators1D(
        mean=float(mean[-1]),
        std=float(std[-1]),
        error=float(off[-1]),
        error_decrease=before - after,
        progress=1 - after / before if before > 0 else 0.0,
        oscillation=sway,
        oscillation_share=sway / at_first if at_first > 0 else 0.0,
        num_snapshots=len(mean),
        long_looks=len(long_mean),
        outside=snapshot.density.outside,
        distinct=snapshot.density.distinct,
        real_distinct=reference.distinct,
        bells=_bells(config, snapshot.samples),
    )


def _in_std(series: dict[str, np.ndarray], target: Reference1D) -> tuple[Values, Values]:
    """Return (mean − μ) / σ and std / σ of the samples at each look."""
    return (series["mean"] - target.mean) / target.std, series["std"] / target.std


def _first_and_last_third(off: Values) -> tuple[float, float]:
    """Return the medians of the first and of the last third of the looks."""
    third = max(len(off) // 3, 1)
    return float(np.median(off[:third])), float(np.median(off[-third:]))


def oscillation_amplitude(values: Values) -> float:
    rise = np.max(values - np.minimum.accumulate(values))
    fall = np.max(np.maximum.accumulate(values) - values)
    return float(min(rise, fall)) / 2


def _bells(config: ExperimentConfig, samples: Values) -> tuple[Mode, ...]:
    """Return the bells of a mixture of which a person can say which sample lies in which."""
    target = config.dataset
    if not isinstance(target, NormalMixture) or target.spacing < 4 * target.std:
        return ()
    reach = min(3 * target.std, target.spacing / 2)
    return tuple(
        Mode(centre, share, float((np.abs(samples - centre) < reach).mean()))
        for centre, share in zip(target.centers(), target.shares(), strict=True)
    )
