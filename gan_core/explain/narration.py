"""Explanations of a recorded step: formulas and sentences with the numbers of that step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import logsigmoid
from torch.nn.utils import get_total_norm

from gan_core.config import ExperimentConfig
from gan_core.explain.step_recording import LineRecord
from gan_core.losses import Loss
from gan_core.shapes import Logits, PerSample
from gan_core.training.gan import LossTerms
from gan_core.words import number_text


class LineExplanation(NamedTuple):
    """One line explained: a formula, the same formula with this step's numbers, and a sentence.

    Formula and numbers are LaTeX.
    """

    formula: str
    numbers: str
    sentence: str


def explain(config: ExperimentConfig, record: LineRecord) -> LineExplanation:
    """Return the explanation of one line of the algorithm."""
    return EXPLANATIONS[record.line.key](config, record)


def value_of_game(config: ExperimentConfig, loss_terms: LossTerms) -> tuple[str, str]:
    """Return V(D, G) as a formula, and with this batch's numbers.

    The value of the 2014 paper (eq. 1) where D gives a probability, else minus D's loss.
    """
    if not config.loss.is_probabilistic:
        return r"V(D,G) = -L_D", rf"V = {latex_number(-loss_terms.loss.mean().item())}"
    on_real = logsigmoid(loss_terms.real_logits).mean().item()
    on_fake = logsigmoid(-loss_terms.fake_logits).mean().item()
    formula = r"V(D,G) = \mathbb{E}_x[\log D(x)] + \mathbb{E}_z[\log(1-D(G(z)))]"
    terms = f"{latex_number(on_real)} + {latex_number(on_fake)}".replace("+ -", "- ")
    return formula, rf"V \approx {terms} = {latex_number(on_real + on_fake)}"


def latex_number(value: float, digits: int = 4) -> str:
    """Return a number to some digits, in LaTeX: `0.5000`, `-1.200\\cdot10^{-5}`."""
    if not math.isfinite(value):
        return r"\text{not a number}"
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if not -3 <= int(exponent) < digits:
        return rf"{mantissa}\cdot10^{{{int(exponent)}}}"
    return f"{value:#.{digits}g}".rstrip(".")


def minimizes_value(loss: Loss) -> bool:
    """Return whether G's loss has V's slope in D's logit on generated samples, wherever it is."""
    logits = torch.linspace(-4, 4, 17, dtype=torch.float64)
    real, fake = logits.flip(0), logits.clone().requires_grad_()
    halves = loss.generator(real, fake), -loss.discriminator(real, fake)
    slopes = [torch.autograd.grad(half.sum(), fake)[0] for half in halves]
    return bool(torch.allclose(*slopes))


def latex_mean(each: PerSample) -> str:
    """Return (first + second + …) / n = mean, in LaTeX."""
    terms = " + ".join(latex_number(value) for value in each[:2].tolist()).replace("+ -", "- ")
    dots = r" + \dots" if len(each) > 2 else ""
    return rf"\frac{{{terms}{dots}}}{{{len(each)}}} = {latex_number(each.mean().item())}"


def d_output_text(config: ExperimentConfig, logits: Logits) -> str:
    """Return D's mean output in words."""
    if config.loss.is_probabilistic:
        return f"a probability of {number_text(logits.sigmoid().mean().item())} of being real"
    return f"a score of {number_text(logits.mean().item())}"


def _vector(z: torch.Tensor) -> str:
    dots = r",\dots" if len(z) > 3 else ""
    return rf"({', '.join(latex_number(value) for value in z[:3].tolist())}{dots})"


def _sample_text(sample: np.floating | np.ndarray) -> str:
    if np.ndim(sample) == 0:
        return f"the number {number_text(float(sample))}"
    return f"a picture of {np.size(sample):,} numbers"


def _noise(config: ExperimentConfig, record: LineRecord) -> LineExplanation:
    z = record.update.batch.z
    each = "one number" if config.latent_dim == 1 else f"{config.latent_dim} numbers"
    return LineExplanation(
        r"z_i \sim p_z,\quad i = 1 \dots m",
        rf"m = {len(z)},\quad z_1 = {_vector(z[0])}",
        f"{len(z)} noise vectors of {each} each are drawn from the {config.prior.title} prior. "
        f"Out of the first, G makes {_sample_text(record.view.fake[0])}.",
    )


def _real(config: ExperimentConfig, record: LineRecord) -> LineExplanation:
    real = record.view.real
    first = config.dataset.kind.first_number(real[0])
    value = rf",\quad x_1 = {first}" if first else ""
    return LineExplanation(
        r"x_i \sim p_r,\quad i = 1 \dots m",
        rf"m = {len(record.update.batch.real)}{value}",
        f"As many real samples are drawn at random. The first is {_sample_text(real[0])}.",
    )


def _loss_d(config: ExperimentConfig, record: LineRecord) -> LineExplanation:
    loss_terms = record.update.loss_terms
    penalty = loss_terms.penalty.item()
    more = f" The regularizer adds {number_text(penalty)}." if penalty else ""
    return LineExplanation(
        r"L_D = \frac1m \sum_i \ell_D\big(a(x_i), a(G(z_i))\big)",
        rf"L_D = {latex_mean(loss_terms.loss)}",
        f"D gives real samples {d_output_text(config, loss_terms.real_logits)} on average, and "
        f"generated ones {d_output_text(config, loss_terms.fake_logits)}. "
        f"Its loss says how wrong that is.{more}",
    )


def _loss_g(config: ExperimentConfig, record: LineRecord) -> LineExplanation:
    loss_terms = record.update.loss_terms
    of = (
        r"\ell_G\big(a(x_i), a(G(z_i))\big)"
        if config.loss.relativistic
        else r"\ell_G\big(a(G(z_i))\big)"
    )
    return LineExplanation(
        rf"L_G = \frac1m \sum_i {of}",
        rf"L_G = {latex_mean(loss_terms.loss)}",
        f"D, just updated, gives the generated samples "
        f"{d_output_text(config, loss_terms.fake_logits)} on average. "
        "G's loss is small when D is fooled.",
    )


def _gradient(record: LineRecord, name: str, sentence: str) -> LineExplanation:
    norm = get_total_norm(record.update.gradients).item()
    weights = f"{record.weight_update.weights:,}".replace(",", r"\,")
    penalty = " + R" if name == "D" and record.update.loss_terms.penalty.item() else ""
    gradient = rf"\nabla_{{\theta_{name}}} {'(L_D + R)' if penalty else f'L_{name}'}"
    return LineExplanation(
        gradient,
        rf"\lVert {gradient} \rVert = {latex_number(norm)} \quad ({weights}\text{{ weights}})",
        sentence,
    )


def _gradient_d(config: ExperimentConfig, record: LineRecord) -> LineExplanation:
    return _gradient(
        record,
        "D",
        f"Backpropagation finds one slope for each of D's {record.weight_update.weights:,} "
        "weights. Together they lift D where samples are real and lower it where they are "
        "generated.",
    )


def _gradient_g(config: ExperimentConfig, record: LineRecord) -> LineExplanation:
    return _gradient(
        record,
        "G",
        "The slope runs back through D, whose weights stand still, to each sample, and on to "
        f"G's {record.weight_update.weights:,} weights. The push on the samples is drawn.",
    )


def _update(
    config: ExperimentConfig, record: LineRecord, name: str, optimizer: str
) -> LineExplanation:
    update = record.weight_update
    return LineExplanation(
        rf"\theta_{name} \leftarrow \theta_{name} + \Delta\theta_{name}",
        rf"\lVert\Delta\theta_{name}\rVert = {latex_number(update.length)},\quad "
        rf"L_{name}:\ {latex_number(update.loss_before)} \to {latex_number(update.loss_after)}",
        f"{optimizer} moves {name}'s weights against the slope. On this same batch {name}'s loss "
        f"goes from {number_text(update.loss_before)} to {number_text(update.loss_after)}.",
    )


def _update_d(config: ExperimentConfig, record: LineRecord) -> LineExplanation:
    return _update(config, record, "D", config.optimizer_d.title)


def _noise_again(config: ExperimentConfig, record: LineRecord) -> LineExplanation:
    z = record.update.batch.z
    if config.fresh_noise:
        formula = r"z_i \sim p_z,\quad i = 1 \dots m"
        words = "Now it is G's turn, on fresh noise, as in the 2014 paper. D has not seen it."
    else:
        formula = r"z_i,\quad i = 1 \dots m"
        words = (
            "Now it is G's turn, on the noise that D has just seen. (The 2014 paper draws fresh "
            "noise here; most programs use it twice.)"
        )
    return LineExplanation(formula, rf"m = {len(z)},\quad z_1 = {_vector(z[0])}", words)


def _update_g(config: ExperimentConfig, record: LineRecord) -> LineExplanation:
    return _update(config, record, "G", config.optimizer_g.title)


EXPLANATIONS: dict[str, Callable[[ExperimentConfig, LineRecord], LineExplanation]] = {
    "noise": _noise,
    "real": _real,
    "loss_d": _loss_d,
    "gradient_d": _gradient_d,
    "update_d": _update_d,
    "noise_again": _noise_again,
    "loss_g": _loss_g,
    "gradient_g": _gradient_g,
    "update_g": _update_g,
}
