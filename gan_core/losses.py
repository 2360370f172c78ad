"""Losses: one equation for D and one for G, from logits; one value per sample.

The trainer takes the average. `real` and `fake` are D's logits on real and generated samples.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch.nn.functional import relu, softplus

from gan_core import divergences
from gan_core.divergences import Divergence
from gan_core.registry import Component, Registry, knob
from gan_core.shapes import Grid, Logits, PerSample

LOSSES = Registry("loss")


@dataclass(frozen=True)
class Loss(Component):
    """The losses that D and G minimize."""

    is_probabilistic: ClassVar[bool] = True
    """Whether σ(logit) estimates the probability that a sample is real."""

    score_range: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    """Range in which D's output is drawn; None if it has no natural bounds."""

    has_equilibrium_value: ClassVar[bool] = True
    """Whether D's output at the equilibrium is unique; if not, G's loss has no value there."""

    relativistic: ClassVar[bool] = False
    """Whether G's loss depends on real samples too."""

    shift_invariant: ClassVar[bool] = False
    """Whether adding a constant to all of D's outputs leaves both losses unchanged."""

    @abstractmethod
    def discriminator(self, real: Logits, fake: Logits) -> PerSample:
        """Return D's loss per sample."""

    @abstractmethod
    def generator(self, real: Logits, fake: Logits) -> PerSample:
        """Return G's loss per sample; `real` is used only by a relativistic loss."""

    def optimal_logit(self, p_real: Grid, p_fake: Grid, x: Grid) -> Grid | None:
        """Return the output of the optimal D against this G, on the axis `x`.

        `p_real` and `p_fake` are the two densities at `x`. NaN where both are 0;
        None if no closed form is known. If `shift_invariant`, any constant may be added.
        """
        return None

    @property
    def divergence(self) -> Divergence | None:
        """Distance between the densities that D's loss measures; None if it is unknown."""
        return None

    @property
    def equilibrium_logit(self) -> float:
        """D's constant output if the generated distribution equals the real one."""
        return 0.0

    def equilibrium(self) -> tuple[float, float]:
        """Return D's and G's loss at the equilibrium, where real and generated are the same."""
        logit = torch.full((1,), self.equilibrium_logit, dtype=torch.float64)
        return self.discriminator(logit, logit).item(), self.generator(logit, logit).item()


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """D's half of the 2014 game, with one-sided label smoothing (Salimans et al. 2016)."""

    generator_objective: ClassVar[str] = ""
    """LaTeX: the function whose gradient G follows while D is optimal."""

    smoothed_generator_objective: ClassVar[str] = ""
    """The same with label smoothing s."""

    label_smoothing: float = knob(
        0.0,
        low=0.0,
        high=0.3,
        help="Real samples get the label 1 − this instead of 1 (one-sided; arXiv:1606.03498).",
    )

    def discriminator(self, real: Logits, fake: Logits) -> PerSample:
        keep = 1 - self.label_smoothing
        return keep * softplus(-real) + self.label_smoothing * softplus(real) + softplus(fake)

    def optimal_logit(self, p_real: Grid, p_fake: Grid, x: Grid) -> Grid:
        # D* = (1 − s) p_r / (p_r + p_g), so the odds are (1 − s) p_r : p_g + s p_r.
        smooth = self.label_smoothing
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log((1 - smooth) * p_real) - np.log(p_fake + smooth * p_real)

    @property
    def equilibrium_logit(self):
        return float(np.log((1 - self.label_smoothing) / (1 + self.label_smoothing)))

    @property
    def divergence(self):
        if self.label_smoothing:
            return divergences.smoothed_cross_entropy(
                self.label_smoothing, self.smoothed_generator_objective
            )
        return divergences.cross_entropy(self.generator_objective)


@LOSSES.register(
    "minimax",
    title="Minimax",
    paper="Goodfellow et al. 2014, arXiv:1406.2661, eq. 1",
    equation=r"L_D=-\log D(x) \\ {}-\log(1-D(G(z))) \\ L_G=\log(1-D(G(z))) \\ D=\sigma(a)",
)
@dataclass(frozen=True)
class Minimax(CrossEntropy):
    """The game of the 2014 paper as it is written: G minimises what D maximises."""

    generator_objective = r"2\,\mathrm{JS}(p_r\Vert p_g)"
    smoothed_generator_objective = r"2\,\mathrm{JS}_\pi"

    def generator(self, real: Logits, fake: Logits) -> PerSample:
        return -softplus(fake)


@LOSSES.register(
    "non_saturating",
    title="Non-saturating",
    paper="Goodfellow et al. 2014, arXiv:1406.2661, section 3",
    equation=r"L_D=-\log D(x) \\ {}-\log(1-D(G(z))) \\ L_G=-\log D(G(z)) \\ D=\sigma(a)",
)
@dataclass(frozen=True)
class NonSaturating(CrossEntropy):
    """The same paper's advice: G maximises log D(G(z)), so it learns fast while it is bad."""

    # Arjovsky & Bottou 2017, arXiv:1701.04862, theorem 2.5; the smoothed one follows alike.
    generator_objective = r"\mathrm{KL}(p_g\Vert p_r)-2\,\mathrm{JS}(p_r\Vert p_g)"
    smoothed_generator_objective = r"(1+s)\,\mathrm{KL}(\tilde p\Vert p_r)-2\,\mathrm{JS}_\pi"

    def generator(self, real: Logits, fake: Logits) -> PerSample:
        return softplus(-fake)


@LOSSES.register(
    "least_squares",
    title="Least squares",
    paper="Mao et al. 2017, arXiv:1611.04076, eq. 9",
    equation=r"L_D=\tfrac12(a(x)-1)^2 \\ {}+\tfrac12 a(G(z))^2 \\ L_G=\tfrac12(a(G(z))-1)^2",
)
@dataclass(frozen=True)
class LeastSquares(Loss):
    """D regresses 1 on real and 0 on generated samples; no sigmoid that could saturate."""

    is_probabilistic = False
    score_range = (-0.25, 1.25)
    label_smoothing: float = knob(
        0.0, low=0.0, high=0.3, help="Real samples get the label 1 − this instead of 1 (one-sided)."
    )

    def discriminator(self, real: Logits, fake: Logits) -> PerSample:
        return 0.5 * (real - (1 - self.label_smoothing)).square() + 0.5 * fake.square()

    def generator(self, real: Logits, fake: Logits) -> PerSample:
        return 0.5 * (fake - 1).square()

    def optimal_logit(self, p_real: Grid, p_fake: Grid, x: Grid) -> Grid:
        with np.errstate(divide="ignore", invalid="ignore"):
            return (1 - self.label_smoothing) * p_real / (p_real + p_fake)

    @property
    def equilibrium_logit(self):
        return (1 - self.label_smoothing) / 2

    @property
    def divergence(self):
        return divergences.least_squares_divergence(self.label_smoothing)


@LOSSES.register(
    "wasserstein",
    title="Wasserstein",
    paper="Arjovsky et al. 2017, arXiv:1701.07875, eq. 2",
    equation=r"L_D=a(G(z))-a(x) \\ L_G=-a(G(z))",
)
@dataclass(frozen=True)
class Wasserstein(Loss):
    """D is a slope-limited score; use it with a gradient penalty or weight clipping."""

    is_probabilistic = False
    score_range = None
    has_equilibrium_value = False

    def discriminator(self, real: Logits, fake: Logits) -> PerSample:
        return fake - real

    def generator(self, real: Logits, fake: Logits) -> PerSample:
        return -fake

    @property
    def divergence(self):
        return divergences.wasserstein_divergence()


@LOSSES.register(
    "hinge",
    title="Hinge",
    paper="Lim & Ye 2017, arXiv:1705.02894",
    equation=r"L_D=\max(0,m-a(x)) \\ {}+\max(0,m+a(G(z))) \\ L_G=-a(G(z))"
    r" \\ m=\texttt{margin}",
)
@dataclass(frozen=True)
class Hinge(Loss):
    """D stops learning from a sample once its logit is right by the margin m."""

    is_probabilistic = False
    score_range = None
    has_equilibrium_value = False
    margin: float = knob(1.0, low=0.1, high=2.0, help="Logit beyond which D is satisfied.")

    def discriminator(self, real: Logits, fake: Logits) -> PerSample:
        return relu(self.margin - real) + relu(self.margin + fake)

    def generator(self, real: Logits, fake: Logits) -> PerSample:
        return -fake

    def optimal_logit(self, p_real: Grid, p_fake: Grid, x: Grid) -> Grid:
        return np.where(p_real + p_fake > 0, self.margin * np.sign(p_real - p_fake), np.nan)

    @property
    def divergence(self):
        return divergences.hinge_divergence(self.margin)


@LOSSES.register(
    "relativistic_pairing",
    title="Relativistic pairing",
    paper="Huang et al. 2024 (R3GAN), arXiv:2501.05441, eq. 2; Jolicoeur-Martineau 2019",
    equation=r"\delta=a(x)-a(G(z)) \\ L_D=-\log\sigma(\delta) \\ L_G=-\log\sigma(-\delta)",
)
@dataclass(frozen=True)
class RelativisticPairing(Loss):
    """D scores a generated sample against a real one; with R1 and R2 it converges locally."""

    is_probabilistic = False
    score_range = None
    relativistic = True
    shift_invariant = True

    def discriminator(self, real: Logits, fake: Logits) -> PerSample:
        return softplus(fake - real)

    def generator(self, real: Logits, fake: Logits) -> PerSample:
        return softplus(real - fake)

    def optimal_logit(self, p_real: Grid, p_fake: Grid, x: Grid) -> Grid:
        # Which of a pair is real is a question of Bradley and Terry's (1952): the odds are
        # p_r(x) p_g(y) : p_g(x) p_r(y), whose logarithm is a difference of one function.
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(p_real) - np.log(p_fake)

    @property
    def divergence(self):
        return divergences.pairing_divergence()
