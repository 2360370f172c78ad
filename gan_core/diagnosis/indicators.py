"""Indicators of a run: the few numbers that the doctor's rules read.

None of them is a distance to the target. They are what a person at the charts could see: D's
outputs, the slope of G's loss there, where the samples lie and how they have moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gan_core.config import ExperimentConfig
from gan_core.diagnosis.sample_indicators import SampleIndicators
from gan_core.diagnosis.window import recent_rows
from gan_core.evaluation.report import EvaluationReport
from gan_core.losses import Loss
from gan_core.training.monitoring.failures import NumericalFailure
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.training.trainer import Trainer

STEP = 1e-3


@dataclass(frozen=True)
class Indicators:
    """A run at one moment; `window` is how many steps its means are taken over.

    `age` counts the steps since the run began or was last changed. `d_advantage` is 0 where D's
    loss is that of a D that can tell nothing apart, and 1 where it is the least possible; None for
    losses without a least value. `max_loss_ratio` is the largest of D's losses, in units of that
    of a D that can tell nothing apart. `slope` is |∂L_G/∂D(G(z))| at D's mean output.
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
    samples: SampleIndicators


def reference_of(trainer: Trainer) -> Any:
    """Return what the doctor compares a run's samples with; it is the same for the whole run."""
    return trainer.config.dataset.kind.doctor_reference(trainer)


def indicators_of(
    trainer: Trainer, snapshot: Snapshot, reference: Any, report: EvaluationReport | None = None
) -> Indicators:
    """Return the indicators of a snapshot, without a backward pass through any network.

    `report` is a recent evaluation, if there is one.
    """
    config, loss = trainer.config, trainer.config.loss
    since = max((step for step, _ in snapshot.config_changes), default=0)
    recent = recent_rows(snapshot.history, snapshot.step, since)
    means = {
        name: float(np.mean(row)) if len(row) else float("nan")
        for name, row in recent.items()
        if name != "d_fake_after"
    }
    steps = recent["step"]
    worst = share_won(loss, float(recent["loss_d"].max())) if len(steps) else None
    kind = config.dataset.kind
    samples = kind.sample_indicators(trainer, snapshot, reference, since, report)
    return Indicators(
        config=config,
        step=snapshot.step,
        age=snapshot.step - since,
        window=int(steps[-1] - steps[0] + 1) if len(steps) else 0,
        failure=trainer.failure if isinstance(trainer.failure, NumericalFailure) else None,
        statistics=means,
        d_advantage=share_won(loss, means["loss_d"]),
        max_loss_ratio=None if worst is None else 1 - worst,
        slope=slope_of(loss, means["d_real"], means["d_fake_before"]),
        samples=samples or SampleIndicators(),
    )


def share_won(loss: Loss, loss_d: float) -> float | None:
    """Return (E − L_D) / (E − min L_D), E being L_D where D can tell nothing apart.

    For the cross entropy with an optimal D this is the Jensen–Shannon divergence over log 2
    (Goodfellow et al. 2014, arXiv:1406.2661, theorem 1). None if L_D has no minimum, or if the
    divergence that it measures is unknown.
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
