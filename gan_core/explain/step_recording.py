"""One recorded training step: the values at every line of Algorithm 1.

The trainer takes the step; its intermediate values are recorded, and the outputs of its networks
before and after each update. The lines are those of Goodfellow et al. 2014, arXiv:1406.2661,
algorithm 1.
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
"""How many samples of the batch a view shows."""


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
    """The values that are displayed at a line; None for those that are not computed yet.

    Samples are in the units of the data, pictures are bytes. `d_output_*` is D's output on them as
    it is displayed (a probability where the loss has one). `logit_force_*` is −∂ℓ_D/∂logit at each
    sample: the direction and strength with which the loss moves D's logit. `push` is −∂ℓ_G/∂x at
    each generated sample.
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
    """The effect of an update: the length of the weight change, and the loss before and after.

    `length` is the Euclidean norm over all weights; the losses are means over the same batch.
    """

    weights: int
    length: float
    of_the_other: float
    """The length of the other network's weight change: 0, as only one network is updated."""
    loss_before: float
    loss_after: float


@dataclass(frozen=True, eq=False)
class LineRecord:
    """One line of one step: its view, and the update that it belongs to."""

    line: AlgorithmLine
    repetition: int
    """The number of the update of D in this step, from 1; G's lines have that of the last one."""
    view: StepView
    update: UpdateResult
    weight_update: WeightUpdate
    discriminator_loss: LossTerms | None
    """D's latest loss on the batch, computed again after each update; None before the first one."""


@dataclass(frozen=True, eq=False)
class StepRecording:
    """A whole step: number `step`, made of `records` in the order in which they happened."""

    config: ExperimentConfig
    step: int
    records: tuple[LineRecord, ...]
    x: Grid | None
    """The axis over which D is drawn; None for pictures."""


def record_step(trainer: Trainer, x: Grid | None = None) -> StepRecording:
    """Train one whole step and return its recording; `x` is the axis over which D is drawn.

    A step that was left half-way is completed first, without a recording. The recorded step is
    bit for bit the same as an unrecorded one.
    """
    with trainer.lock:
        if trainer.step_fraction:
            trainer.step()
        records: list[LineRecord] = []
        for repetition in range(1, trainer.config.n_critic + 1):
            records += _record_d(trainer, x, repetition)
        records += _record_g(trainer, x, records[-1])
        return StepRecording(trainer.config, trainer.step_count, tuple(records), x)


def _record_d(trainer: Trainer, x: Grid | None, repetition: int) -> list[LineRecord]:
    networks = trainer.discriminator, trainer.generator
    curve, before = _d_curve(trainer, x), _weights(*networks)
    update = _detach_update(trainer.step_discriminator())
    with trainer.gan.no_side_effects():
        after = discriminator_loss(trainer.gan, update.batch)
    weight_update = _weight_update(before, _weights(*networks), update.loss_terms, after)
    views = [StepView(_to_arrays(trainer, update.batch.fake[:SHOWN]), curve=curve)]
    real = _to_arrays(trainer, trainer.gan.unstandardize(update.batch.real[:SHOWN]))
    views.append(replace(views[-1], real=real))
    views.append(replace(views[-1], **_d_outputs(trainer, update.loss_terms)))
    views.append(replace(views[-1], **_logit_forces(trainer, update.loss_terms)))
    moved = replace(views[-2], curve=_d_curve(trainer, x), curve_before=curve)
    views.append(replace(moved, **_d_outputs(trainer, after)))
    lines = (line for line in LINES if line.of_d)
    d_losses = (None, None, update.loss_terms, update.loss_terms, detach_terms(after))
    return [
        LineRecord(line, repetition, view, update, weight_update, terms)
        for line, view, terms in zip(lines, views, d_losses, strict=True)
    ]


def _record_g(trainer: Trainer, x: Grid | None, last: LineRecord) -> list[LineRecord]:
    networks = trainer.generator, trainer.discriminator
    before = _weights(*networks)
    with trainer.gan.no_side_effects():
        batch = trainer.gan.generator_batch(last.update.batch)
        streams = {name: rng.get_state() for name, rng in trainer.gan.rng.items()}
        push = sample_gradient(trainer.gan, batch)[:SHOWN].double().cpu().numpy()
    update = _detach_update(trainer.step_generator())
    z, labels = update.batch.z, update.batch.labels
    with trainer.gan.no_side_effects():
        batch = Batch(z, labels, trainer.gan.generate(z, labels))
        for name in ("train", "dropout"):  # the same real samples, blur and dropout as before
            trainer.gan.rng[name].set_state(streams[name])
        after = generator_loss(trainer.gan, batch)
        seen = last.update.batch  # D's, whatever noise G was given
        seen = replace(seen, fake=trainer.gan.generate(seen.z, seen.labels))
        value_after = discriminator_loss(trainer.gan, seen)
    weight_update = _weight_update(before, _weights(*networks), update.loss_terms, after)
    view = StepView(_to_arrays(trainer, update.batch.fake[:SHOWN]), curve=last.view.curve)
    scored = replace(view, d_output_fake=_d_output(trainer, update.loss_terms.fake_logits[:SHOWN]))
    moved = replace(
        scored,
        fake=_to_arrays(trainer, batch.fake[:SHOWN]),
        fake_before=view.fake,
        d_output_fake=_d_output(trainer, after.fake_logits[:SHOWN]),
    )
    views = [view, scored, replace(scored, push=push), moved]
    lines = (line for line in LINES if not line.of_d)
    d_losses = *[last.discriminator_loss] * 3, detach_terms(value_after)
    return [
        LineRecord(line, last.repetition, view, update, weight_update, terms)
        for line, view, terms in zip(lines, views, d_losses, strict=True)
    ]


def _detach_update(update: UpdateResult) -> UpdateResult:
    """Return the update without its autograd graphs."""
    return UpdateResult(update.batch.detach(), detach_terms(update.loss_terms), update.gradients)


def detach_terms(terms: LossTerms) -> LossTerms:
    return LossTerms(*(getattr(terms, field.name).detach() for field in fields(LossTerms)))


def _weights(*networks: nn.Module) -> list[Weights]:
    """Return all weights of each network as one vector."""
    return [torch.cat([w.detach().flatten() for w in n.parameters()]) for n in networks]


def _weight_update(
    before: list[Weights], now: list[Weights], terms: LossTerms, after: LossTerms
) -> WeightUpdate:
    lengths = [(new - old).norm().item() for new, old in zip(now, before, strict=True)]
    losses = terms.loss.mean().item(), after.loss.mean().item()
    return WeightUpdate(len(now[0]), *lengths, *losses)


def _to_arrays(trainer: Trainer, x: Samples) -> Values | PixelArray:
    return trainer.config.dataset.kind.to_arrays(x.detach())


def _d_output(trainer: Trainer, logits: Logits) -> Values:
    return display_output(trainer.config, logits.detach().double().cpu().numpy())


def _d_curve(trainer: Trainer, x: Grid | None) -> Grid | None:
    """Return D's output over the axis in evaluation mode: no dropout, no instance noise."""
    if x is None:
        return None
    points = torch.as_tensor(x, dtype=torch.float32, device=trainer.device).unsqueeze(1)
    return display_output(trainer.config, trainer.discriminate(points).double().cpu().numpy())


def _d_outputs(trainer: Trainer, terms: LossTerms) -> dict[str, Values]:
    return {
        "d_output_real": _d_output(trainer, terms.real_logits[:SHOWN]),
        "d_output_fake": _d_output(trainer, terms.fake_logits[:SHOWN]),
    }


def _logit_forces(trainer: Trainer, terms: LossTerms) -> dict[str, Values]:
    """Return −∂ℓ_D/∂logit at each sample."""
    real, fake = terms.real_logits.clone().requires_grad_(), terms.fake_logits.clone()
    loss = trainer.config.loss.discriminator(real, fake.requires_grad_()).sum()
    up, down = torch.autograd.grad(loss, (real, fake))
    return {
        "logit_force_real": -up[:SHOWN].double().cpu().numpy(),
        "logit_force_fake": -down[:SHOWN].double().cpu().numpy(),
    }
