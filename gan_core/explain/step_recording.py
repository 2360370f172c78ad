"""One training step under the magnifying glass: Algorithm 1, line by line, as it really happened.

The trainer takes the step; what is recorded is what it computed on the way, and what its networks
said before and after. Source of the lines: Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from gan_core.config import ExperimentConfig
from gan_core.explain.sample_gradients import sample_gradient
from gan_core.shapes import Grid, Logits, PixelArray, Samples, Values, Weights
from gan_core.training.algorithm import UpdateResult, discriminator_loss, generator_loss
from gan_core.training.gan import Batch, LossTerms
from gan_core.training.monitoring.density_view import display_output
from gan_core.training.trainer import Trainer

SHOWN = 16
"""How many samples of the batch a scene shows."""


class AlgorithmLine(NamedTuple):
    """A line of the algorithm's box."""

    key: str
    words: str
    of_d: bool


LINES = (
    AlgorithmLine("noise", "sample noise z; G makes samples of it", True),
    AlgorithmLine("real", "sample real x from the data", True),
    AlgorithmLine("loss_d", "D's loss on both", True),
    AlgorithmLine("gradient_d", "D's gradient", True),
    AlgorithmLine("update_d", "update D", True),
    AlgorithmLine("noise_again", "noise z for G", False),
    AlgorithmLine("loss_g", "G's loss", False),
    AlgorithmLine("gradient_g", "G's gradient", False),
    AlgorithmLine("update_g", "update G", False),
)


@dataclass(frozen=True, eq=False)
class StepView:
    """What can be seen at a line; None for what has not happened yet.

    Samples are in the units of the data, pictures bytes. `answer_*` is D's output on them, as it
    is shown (a probability where the loss has one); `force_*` is −∂ℓ/∂D at each sample: which way
    and how hard D's output there is pushed. `push` is −∂ℓ_G/∂x at each generated sample.
    """

    fake: Values | PixelArray
    real: Values | PixelArray | None = None
    d_output_fake: Values | None = None
    d_output_real: Values | None = None
    logit_force_fake: Values | None = None
    logit_force_real: Values | None = None
    push: np.ndarray | None = None
    fake_before: Values | PixelArray | None = None
    curve: Grid | None = None
    """D's output over the axis; None for pictures."""
    curve_before: Grid | None = None


@dataclass(frozen=True)
class WeightUpdate:
    """What an update did: its length over all weights, and the mean loss before and after it."""

    weights: int
    length: float
    of_the_other: float
    """How far the other network's weights moved meanwhile: 0, as they stand still."""
    loss_before: float
    loss_after: float


@dataclass(frozen=True, eq=False)
class LineRecord:
    """One line of one step: which, what is seen, and the turn (and the move) it belongs to."""

    line: AlgorithmLine
    repetition: int
    """Which of the step's updates of D, from 1; G's lines have the last one's."""
    scene: StepView
    turn: UpdateResult
    move: WeightUpdate
    discriminator_loss: LossTerms | None
    """What D's latest judgement of both batches was, after its update too; None before it."""


@dataclass(frozen=True, eq=False)
class StepRecording:
    """A whole step: number `step`, made of `moments` in the order in which they happened."""

    config: ExperimentConfig
    step: int
    records: tuple[LineRecord, ...]
    x: Grid | None
    """The axis that D is drawn over; None for pictures."""


def record_step(trainer: Trainer, x: Grid | None = None) -> StepRecording:
    """Train one whole step and return what happened; `x` is the axis that D is drawn over.

    A step that was left half-way is completed first, unrecorded. The step is the same, bit for
    bit, as without looking.
    """
    with trainer.lock:
        if trainer.step_fraction:
            trainer.step()
        moments: list[LineRecord] = []
        for repetition in range(1, trainer.config.n_critic + 1):
            moments += _record_d(trainer, x, repetition)
        moments += _generator_turn(trainer, x, moments[-1])
        return StepRecording(trainer.config, trainer.step_count, tuple(moments), x)


def _record_d(trainer: Trainer, x: Grid | None, repetition: int) -> list[LineRecord]:
    networks = trainer.discriminator, trainer.generator
    curve, before = _curve(trainer, x), _weights(*networks)
    turn = _at_rest(trainer.step_discriminator())
    with trainer.gan.no_side_effects():
        after = discriminator_loss(trainer.gan, turn.batch)
    move = _move(before, _weights(*networks), turn.loss_terms, after)
    scenes = [StepView(_samples(trainer, turn.batch.fake[:SHOWN]), curve=curve)]
    real = _samples(trainer, trainer.gan.unstandardize(turn.batch.real[:SHOWN]))
    scenes.append(replace(scenes[-1], real=real))
    scenes.append(replace(scenes[-1], **_answers(trainer, turn.loss_terms)))
    scenes.append(replace(scenes[-1], **_forces(trainer, turn.loss_terms)))
    moved = replace(scenes[-2], curve=_curve(trainer, x), curve_before=curve)
    scenes.append(replace(moved, **_answers(trainer, after)))
    lines = (line for line in LINES if line.of_d)
    bills = (None, None, turn.loss_terms, turn.loss_terms, detached(after))
    return [
        LineRecord(line, repetition, seen, turn, move, bill)
        for line, seen, bill in zip(lines, scenes, bills, strict=True)
    ]


def _generator_turn(trainer: Trainer, x: Grid | None, last: LineRecord) -> list[LineRecord]:
    networks = trainer.generator, trainer.discriminator
    before = _weights(*networks)
    pushes = sample_gradient(trainer.gan, last.turn.batch)[:SHOWN].double().cpu().numpy()
    turn = _at_rest(trainer.step_generator())
    z, labels = turn.batch.z, turn.batch.labels
    with trainer.gan.no_side_effects():
        batch = Batch(z, labels, trainer.gan.generate(z, labels))
        after = generator_loss(trainer.gan, batch)
    move = _move(before, _weights(*networks), turn.loss_terms, after)
    scene = replace(
        last.scene, real=None, d_output_fake=None, d_output_real=None, curve_before=None
    )
    told = replace(scene, d_output_fake=_shown(trainer, turn.loss_terms.fake_logits[:SHOWN]))
    moved = replace(
        told,
        fake=_samples(trainer, batch.fake[:SHOWN]),
        fake_before=scene.fake,
        d_output_fake=_shown(trainer, after.fake_logits[:SHOWN]),
    )
    scenes = [scene, told, replace(told, push=pushes), moved]
    lines = (line for line in LINES if not line.of_d)
    return [
        LineRecord(line, last.repetition, seen, turn, move, last.discriminator_loss)
        for line, seen in zip(lines, scenes, strict=True)
    ]


def _at_rest(turn: UpdateResult) -> UpdateResult:
    """Return the turn without its graphs."""
    return UpdateResult(turn.batch.detach(), detached(turn.loss_terms), turn.gradients)


def detached(bill: LossTerms) -> LossTerms:
    return LossTerms(*(getattr(bill, field.name).detach() for field in fields(LossTerms)))


def _weights(*networks: nn.Module) -> list[Weights]:
    """Return all the weights of each network, one after another."""
    return [torch.cat([w.detach().flatten() for w in n.parameters()]) for n in networks]


def _move(
    before: list[Weights], now: list[Weights], bill: LossTerms, after: LossTerms
) -> WeightUpdate:
    lengths = [(new - old).norm().item() for new, old in zip(now, before, strict=True)]
    losses = bill.loss.mean().item(), after.loss.mean().item()
    return WeightUpdate(len(now[0]), *lengths, *losses)


def _samples(trainer: Trainer, x: Samples) -> Values | PixelArray:
    return trainer.config.dataset.kind.to_arrays(x.detach())


def _shown(trainer: Trainer, logits: Logits) -> Values:
    return display_output(trainer.config, logits.detach().double().cpu().numpy())


def _curve(trainer: Trainer, x: Grid | None) -> Grid | None:
    """Return D over the axis, at rest: no dropout, no instance noise."""
    if x is None:
        return None
    points = torch.as_tensor(x, dtype=torch.float32, device=trainer.device).unsqueeze(1)
    return display_output(trainer.config, trainer.discriminate(points).double().cpu().numpy())


def _answers(trainer: Trainer, bill: LossTerms) -> dict[str, Values]:
    return {
        "d_output_real": _shown(trainer, bill.real_logits[:SHOWN]),
        "d_output_fake": _shown(trainer, bill.fake_logits[:SHOWN]),
    }


def _forces(trainer: Trainer, bill: LossTerms) -> dict[str, Values]:
    """Return −∂ℓ_D/∂D at each sample."""
    real, fake = bill.real_logits.clone().requires_grad_(), bill.fake_logits.clone()
    loss = trainer.config.loss.discriminator(real, fake.requires_grad_()).sum()
    up, down = torch.autograd.grad(loss, (real, fake))
    return {
        "logit_force_real": -up[:SHOWN].double().cpu().numpy(),
        "logit_force_fake": -down[:SHOWN].double().cpu().numpy(),
    }
