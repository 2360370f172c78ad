"""What a close-up says: formulas and sentences made from the numbers of that very step."""

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
from gan_core.shapes import Logits, PerSample
from gan_core.training.gan import LossTerms


class LineExplanation(NamedTuple):
    """One line told: a formula, the same formula with this step's numbers, and a sentence.

    Formula and numbers are LaTeX.
    """

    formula: str
    numbers: str
    sentence: str


def explain(config: ExperimentConfig, moment: LineRecord) -> LineExplanation:
    """Return the story of one line of the algorithm."""
    return STORIES[moment.line.key](config, moment)


def value_of_game(config: ExperimentConfig, bill: LossTerms) -> tuple[str, str]:
    """Return V(D, G) as a formula, and with this batch's numbers.

    The value of the 2014 paper (eq. 1) where D gives a probability, else minus D's loss.
    """
    if not config.loss.is_probabilistic:
        return r"V(D,G) = -L_D", rf"V = {latex_number(-bill.loss.mean().item())}"
    on_real = logsigmoid(bill.real_logits).mean().item()
    on_fake = logsigmoid(-bill.fake_logits).mean().item()
    formula = r"V(D,G) = \mathbb{E}_x[\log D(x)] + \mathbb{E}_z[\log(1-D(G(z)))]"
    terms = f"{latex_number(on_real)} + {latex_number(on_fake)}".replace("+ -", "- ")
    return formula, rf"V \approx {terms} = {latex_number(on_real + on_fake)}"


def latex_number(value: float, digits: int = 4) -> str:
    """Return a number to some digits, in LaTeX: `0.6931`, `-1.200\\cdot10^{-5}`."""
    if not math.isfinite(value):
        return r"\text{not a number}"
    if value and not 1e-3 <= abs(value) < 1e5:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return rf"{mantissa}\cdot10^{{{int(exponent)}}}"
    return f"{value:.{digits}g}"


def short_number(value: float) -> str:
    """Return a number to three digits, for a sentence."""
    return f"{value:.3g}"


def latex_mean(each: PerSample) -> str:
    """Return (first + second + …) / n = mean, in LaTeX."""
    terms = " + ".join(latex_number(value) for value in each[:2].tolist()).replace("+ -", "- ")
    dots = r" + \dots" if len(each) > 2 else ""
    return rf"\frac{{{terms}{dots}}}{{{len(each)}}} = {latex_number(each.mean().item())}"


def answer(config: ExperimentConfig, logits: Logits) -> str:
    """Return D's mean answer in words."""
    if config.loss.is_probabilistic:
        return f"a probability of {short_number(logits.sigmoid().mean().item())} of being real"
    return f"a score of {short_number(logits.mean().item())}"


def _vector(z: torch.Tensor) -> str:
    dots = r",\dots" if len(z) > 3 else ""
    return rf"({', '.join(latex_number(value) for value in z[:3].tolist())}{dots})"


def _first(sample: np.floating | np.ndarray) -> str:
    if np.ndim(sample) == 0:
        return f"the number {short_number(float(sample))}"
    return f"a picture of {np.size(sample):,} numbers"


def _noise(config: ExperimentConfig, moment: LineRecord) -> LineExplanation:
    z = moment.turn.batch.z
    each = "one number" if config.latent_dim == 1 else f"{config.latent_dim} numbers"
    return LineExplanation(
        r"z_i \sim p_z,\quad i = 1 \dots m",
        rf"m = {len(z)},\quad z_1 = {_vector(z[0])}",
        f"{len(z)} noise vectors of {each} each are drawn from the {config.prior.title} prior. "
        f"Out of the first, G makes {_first(moment.scene.fake[0])}.",
    )


def _real(config: ExperimentConfig, moment: LineRecord) -> LineExplanation:
    real = moment.scene.real
    first = config.dataset.kind.first_number(real[0])
    value = rf",\quad x_1 = {first}" if first else ""
    return LineExplanation(
        r"x_i \sim p_r,\quad i = 1 \dots m",
        rf"m = {len(moment.turn.batch.real)}{value}",
        f"As many real samples are drawn at random. The first is {_first(real[0])}.",
    )


def _loss_d(config: ExperimentConfig, moment: LineRecord) -> LineExplanation:
    bill = moment.turn.loss_terms
    penalty = bill.penalty.item()
    more = f" The regularizer adds {short_number(penalty)}." if penalty else ""
    return LineExplanation(
        r"L_D = \frac1m \sum_i \ell_D\big(D(x_i), D(G(z_i))\big)",
        rf"L_D = {latex_mean(bill.loss)}",
        f"D gives real samples {answer(config, bill.real_logits)} on average, and generated ones "
        f"{answer(config, bill.fake_logits)}. Its loss says how wrong that is.{more}",
    )


def _loss_g(config: ExperimentConfig, moment: LineRecord) -> LineExplanation:
    bill = moment.turn.loss_terms
    of = (
        r"\ell_G\big(D(x_i), D(G(z_i))\big)"
        if config.loss.relativistic
        else r"\ell_G\big(D(G(z_i))\big)"
    )
    return LineExplanation(
        rf"L_G = \frac1m \sum_i {of}",
        rf"L_G = {latex_mean(bill.loss)}",
        f"D, just updated, gives the generated samples {answer(config, bill.fake_logits)} on "
        "average. G's loss is small when D is fooled.",
    )


def _gradient(moment: LineRecord, name: str, sentence: str) -> LineExplanation:
    norm = get_total_norm(moment.turn.gradients).item()
    weights = f"{moment.move.weights:,}".replace(",", r"\,")
    penalty = " + R" if name == "D" and moment.turn.loss_terms.penalty.item() else ""
    gradient = rf"\nabla_{{\theta_{name}}} {'(L_D + R)' if penalty else f'L_{name}'}"
    return LineExplanation(
        gradient,
        rf"\lVert {gradient} \rVert = {latex_number(norm)} \quad ({weights}\text{{ weights}})",
        sentence,
    )


def _gradient_d(config: ExperimentConfig, moment: LineRecord) -> LineExplanation:
    return _gradient(
        moment,
        "D",
        f"Backpropagation finds one slope for each of D's {moment.move.weights:,} weights. "
        "Together they lift D where samples are real and lower it where they are generated.",
    )


def _gradient_g(config: ExperimentConfig, moment: LineRecord) -> LineExplanation:
    return _gradient(
        moment,
        "G",
        "The slope runs back through D, whose weights stand still, to each sample, and on to "
        f"G's {moment.move.weights:,} weights. The push on the samples is drawn.",
    )


def _update(
    config: ExperimentConfig, moment: LineRecord, name: str, optimizer: str
) -> LineExplanation:
    move = moment.move
    return LineExplanation(
        rf"\theta_{name} \leftarrow \theta_{name} + \Delta\theta_{name}",
        rf"\lVert\Delta\theta_{name}\rVert = {latex_number(move.length)},\quad "
        rf"L_{name}:\ {latex_number(move.loss_before)} \to {latex_number(move.loss_after)}",
        f"{optimizer} moves {name}'s weights against the slope. On this same batch {name}'s loss "
        f"goes from {short_number(move.loss_before)} to {short_number(move.loss_after)}.",
    )


def _update_d(config: ExperimentConfig, moment: LineRecord) -> LineExplanation:
    return _update(config, moment, "D", config.optimizer_d.title)


def _noise_again(config: ExperimentConfig, moment: LineRecord) -> LineExplanation:
    z = moment.turn.batch.z
    return LineExplanation(
        r"z_i,\quad i = 1 \dots m",
        rf"m = {len(z)},\quad z_1 = {_vector(z[0])}",
        "Now it is G's turn, on the noise that D has just seen. (The 2014 paper draws fresh noise "
        "here; most programs use it twice.)",
    )


def _update_g(config: ExperimentConfig, moment: LineRecord) -> LineExplanation:
    return _update(config, moment, "G", config.optimizer_g.title)


STORIES: dict[str, Callable[[ExperimentConfig, LineRecord], LineExplanation]] = {
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
