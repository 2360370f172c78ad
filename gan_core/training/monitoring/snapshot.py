"""A snapshot of a run at one moment, in numpy: all that a page or a script needs to draw it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gan_core.evaluation.metrics import NoiseFloor
from gan_core.shapes import Ends, Grid, SampleArray
from gan_core.training.monitoring.change_log import Quantities
from gan_core.training.monitoring.history import StepCurves

STATISTICS = (
    "loss_d",
    "penalty",
    "loss_g",
    "d_real",
    "d_fake_before",
    "d_fake_after",
    "grad_norm_d",
    "grad_norm_g",
)
"""Statistics of a step, each the mean over its batch.

`loss_d` is without the regularizer's `penalty`. `d_real` is the mean of σ(D(x)), and
`d_fake_before` and `d_fake_after` of σ(D(G(z))) before and after the generator's update, on the
same z; for losses without a probability they are the mean raw score. The norms are Euclidean,
over all weights of a network.
"""


@dataclass(frozen=True, eq=False)
class DensityView:
    """The target, the generator and the discriminator over one axis (Figure 1 of the 2014 paper).

    `d` is σ(D(x)), or the raw score of a loss without a probability; `d_optimal` is the same for
    the discriminator that is best against this generator, NaN where it is not defined and None
    where no closed form is known.
    """

    x: Grid
    p_real: Grid
    p_fake: Grid
    d: Grid
    d_optimal: Grid | None
    z: Grid
    p_z: Grid
    atoms: Mapping[float, float] | None
    lines_z: Ends
    lines_x: Ends
    outside: float
    """Share of the generated samples that lie beyond the axis."""
    distinct: int
    """How many different values the samples take, to six digits of the axis."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One moment of a run.

    `samples` are as the kind of data makes them for the page: numbers of shape (n,) in one
    dimension, and pictures of shape (n, channels, height, width) in 0 … 255.
    `history` holds the statistics over the steps, `metric_history` the metrics over the steps at
    which they were measured: rows of single steps. `curves` and `metric_curves` are the same as
    charts draw them, with the minimum, maximum and mean of all steps.
    """

    step: int
    updates_d: int
    samples_seen: int
    epoch: float | None
    statistics: dict[str, float]
    metrics: dict[str, float]
    noise_floors: dict[str, NoiseFloor]
    moments: dict[str, float]
    samples: SampleArray
    history: dict[str, np.ndarray]
    metric_history: dict[str, np.ndarray]
    curves: StepCurves
    metric_curves: StepCurves
    config_changes: list[tuple[int, str]]
    quantities: Quantities
    density: DensityView | None = None
