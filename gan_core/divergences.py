"""The distance between two densities that D's loss measures, and its value from a loss.

For every loss here except one, the minimal loss of D against a fixed generator is a linear function
of a distance between the two densities: L_D* = L_eq − k · distance. So a measured loss gives a
distance. It is a lower bound of the true distance, up to sampling noise, because no D has a smaller
loss than the optimal one. For Wasserstein's loss, D is limited to slopes of at most 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import entr, rel_entr

from gan_core.shapes import Cells, Grid

Distance = Callable[[Grid, Grid, Grid], float]
"""(p_real, p_fake, x) → distance of the densities; `x` is evenly spaced."""

BELOW_ZERO = 0.01
"""A distance below minus this number is not explained by the noise of a batch."""

TINY = 1e-300
"""A probability below it counts as 0: half of the smallest float is 0, and log(p / 0) infinite."""


@dataclass(frozen=True)
class Divergence:
    """The distance that the loss of an optimal D measures."""

    title: str
    symbol: str
    """LaTeX."""
    definition: str
    """LaTeX."""
    identity: str
    """LaTeX: D's minimal loss as a function of the distance."""
    sentence: str
    generator_objective: str
    """LaTeX: the function whose gradient G follows while D is optimal."""
    at_equilibrium: float
    """D's minimal loss if the two densities are equal."""
    slope: float
    """Decrease of D's minimal loss per unit of the distance."""
    true: Distance
    highest: float | None
    """Distance of densities that do not overlap; None if it has no upper bound."""
    unit: str
    condition: str = ""
    """Further condition on D, in addition to being optimal; empty if there is none."""
    scaled: bool = False
    """Whether it is a length: a loss then gives it in the units of D's input, not in those of x."""

    def distance_from_loss(
        self, loss_d: float | np.ndarray, scale: float = 1.0
    ) -> float | np.ndarray:
        """Return the distance if `loss_d` is D's minimal loss; otherwise it is a lower bound.

        It is a linear function. `scale` is the length, in units of x, of one unit of D's input.
        """
        return (self.at_equilibrium - loss_d) / self.slope * (scale if self.scaled else 1.0)

    def best_loss(self, distance: float, scale: float = 1.0) -> float:
        """Return D's minimal loss at this distance; inverse of `distance_from_loss`."""
        return self.at_equilibrium - self.slope * distance / (scale if self.scaled else 1.0)

    def derivation(self, loss_d: float, scale: float = 1.0) -> str:
        """Return the calculation of `distance_from_loss` as LaTeX with numbers."""
        difference = f"{self.at_equilibrium:.3f}{-loss_d:+.3f}"
        found = self.distance_from_loss(loss_d, scale)
        remark = r"\ \text{(D is worse than guessing)}" if found < -BELOW_ZERO else ""
        stretch = rf"{scale:.3g}\cdot" if self.scaled else ""
        return (
            rf"{self.symbol}\gtrsim{stretch}\frac{{{difference}}}{{{self.slope:.3g}}}"
            rf"={found:z.3f}{remark}"
        )


def shares(density: Grid, x: Grid) -> Cells:
    """Return the probability of each point's cell, and last that outside the grid.

    A sum above 1, as when a density jumps inside a cell, is scaled to 1.
    """
    inside = density * (x[1] - x[0])
    inside = np.where(inside < TINY, 0.0, inside)
    total = inside.sum()
    return np.append(inside / max(total, 1.0), max(1.0 - total, 0.0))


def skewed_jensen_shannon(p: Cells, q: Cells, weight: float) -> float:
    """Return π KL(p‖m) + (1 − π) KL(q‖m) of two probability vectors, m = π p + (1 − π) q.

    In nats (Lin 1991, IEEE Trans. Inf. Theory 37(1), eq. 4.1); π is `weight`.
    """
    middle = weight * p + (1 - weight) * q
    divergence = weight * rel_entr(p, middle).sum() + (1 - weight) * rel_entr(q, middle).sum()
    return float(divergence)


def jensen_shannon(p_real: Grid, p_fake: Grid, x: Grid) -> float:
    """Return the Jensen–Shannon divergence in nats."""
    return skewed_jensen_shannon(shares(p_real, x), shares(p_fake, x), 0.5)


def smoothed_jensen_shannon(smoothing: float) -> Distance:
    """Return the distance that cross entropy measures when real samples have the label 1 − s.

    The mass with label 1 is (1 − s) p_r, with label 0 it is p_g + s p_r; `smoothing` is s.
    """

    def distance(p_real: Grid, p_fake: Grid, x: Grid) -> float:
        real, fake = shares(p_real, x), shares(p_fake, x)
        labelled_fake = (fake + smoothing * real) / (1 + smoothing)
        return skewed_jensen_shannon(real, labelled_fake, (1 - smoothing) / 2)

    return distance


def triangular_discrimination(p_real: Grid, p_fake: Grid, x: Grid) -> float:
    """Return ∫ (p_r − p_g)² / (p_r + p_g) dx, from 0 to 2 (Topsøe 2000, IEEE TIT 46(4))."""
    real, fake = shares(p_real, x), shares(p_fake, x)
    both = real + fake
    return float(((real - fake) ** 2 / np.where(both > 0, both, 1.0)).sum())


def total_variation(p_real: Grid, p_fake: Grid, x: Grid) -> float:
    """Return ½ ∫ |p_r − p_g| dx, from 0 to 1."""
    return float(np.abs(shares(p_real, x) - shares(p_fake, x)).sum() / 2)


def wasserstein_1(p_real: Grid, p_fake: Grid, x: Grid) -> float:
    """Return ∫ |F_r − F_g| dx in units of x (Vallender 1974), for the probability on the grid.

    NaN if one of the densities has no probability there.
    """
    if not (p_real.sum() > 0 and p_fake.sum() > 0):
        return float("nan")
    gap = np.cumsum(p_real / p_real.sum() - p_fake / p_fake.sum())
    return float(np.abs(gap).sum() * (x[1] - x[0]))


def paired_jensen_shannon(p_real: Grid, p_fake: Grid, x: Grid) -> float:
    """Return JS(p_r ⊗ p_g ‖ p_g ⊗ p_r) in nats: pairs against the same pairs swapped."""
    real, fake = shares(p_real, x), shares(p_fake, x)
    in_order = np.outer(real, fake)
    # Both halves of the divergence are the same sum, over rows or over columns.
    return float(rel_entr(2 * in_order, in_order + in_order.T).sum() / 2)


def cross_entropy(generator_objective: str) -> Divergence:
    """Return cross entropy's divergence (Goodfellow et al. 2014, arXiv:1406.2661, theorem 1)."""
    return Divergence(
        title="Jensen–Shannon divergence",
        symbol=r"\mathrm{JS}",
        definition=r"\mathrm{JS}(p_r\Vert p_g)=\tfrac12\mathrm{KL}(p_r\Vert\bar p)"
        r"+\tfrac12\mathrm{KL}(p_g\Vert\bar p),\quad \bar p=\tfrac12(p_r+p_g)",
        identity=r"\min_D L_D=\log 4-2\,\mathrm{JS}(p_r\Vert p_g)",
        sentence="It is 0 if the densities are equal and log 2 ≈ 0.693 if they do not overlap, "
        "however far apart they are.",
        generator_objective=generator_objective,
        at_equilibrium=float(np.log(4)),
        slope=2.0,
        true=jensen_shannon,
        highest=float(np.log(2)),
        unit="nats",
    )


def smoothed_cross_entropy(smoothing: float, generator_objective: str) -> Divergence:
    """Return the divergence of cross entropy when real samples have the label 1 − s."""
    weight = (1 - smoothing) / 2
    coin = float(entr(weight) + entr(1 - weight))
    return Divergence(
        title="Jensen–Shannon divergence, skewed by the smoothing",
        symbol=r"\mathrm{JS}_\pi",
        definition=r"\mathrm{JS}_\pi=\pi\,\mathrm{KL}(p_r\Vert\bar p)"
        r"+(1-\pi)\,\mathrm{KL}(\tilde p\Vert\bar p),\quad \bar p=\tfrac12(p_r+p_g) \\"
        r"\tilde p=\frac{p_g+s\,p_r}{1+s},\quad \pi=\frac{1-s}{2}",
        identity=r"\min_D L_D=2H(\pi)-2\,\mathrm{JS}_\pi \\"
        r"H(\pi)=-\pi\log\pi-(1-\pi)\log(1-\pi)",
        sentence=f"A share s = {smoothing:g} of the real samples counts as generated, so D is "
        "never certain of a real sample, even if the densities do not overlap.",
        generator_objective=generator_objective,
        at_equilibrium=2 * coin,
        slope=2.0,
        true=smoothed_jensen_shannon(smoothing),
        highest=coin - float(entr(smoothing) + entr(1 - smoothing)) / 2,
        unit="nats",
    )


def least_squares_divergence(smoothing: float) -> Divergence:
    """Return the divergence of the least-squares loss.

    Mao et al. 2017 (arXiv:1611.04076, eq. 8) write Δ as Pearson's χ²(p_r + p_g ‖ 2 p_g).
    """
    bare = not smoothing
    return Divergence(
        title="Triangular discrimination",
        symbol=r"\Delta",
        definition=r"\Delta(p_r,p_g)=\int\frac{(p_r-p_g)^2}{p_r+p_g}\,dx",
        identity=r"\min_D L_D="
        + ("" if bare else r"(1-s)^2\,")
        + r"\left(\tfrac14-\tfrac18\Delta(p_r,p_g)\right)",
        sentence="It is 0 if the densities are equal and 2 if they do not overlap, however far "
        "apart they are.",
        generator_objective=(r"\mathrm{KL}" if bare else r"(1-s)\,\mathrm{KL}")
        + r"\left(p_r\Vert\tfrac12(p_r+p_g)\right)-\tfrac18"
        + (r"\Delta" if bare else r"(1-s)^2\Delta"),
        at_equilibrium=(1 - smoothing) ** 2 / 4,
        slope=(1 - smoothing) ** 2 / 8,
        true=triangular_discrimination,
        highest=2.0,
        unit="",
    )


def wasserstein_divergence() -> Divergence:
    """Return the divergence of a score with slope at most 1 (arXiv:1701.07875, eq. 2)."""
    return Divergence(
        title="Wasserstein-1 distance",
        symbol="W_1",
        definition=r"W_1(p_r,p_g)=\int|F_r(x)-F_g(x)|\,dx",
        identity=r"\min_{|a'|\le1}L_D=-W_1(p_r,p_g)",
        sentence="How far probability has to be moved on average. It grows with the distance even "
        "if the densities do not overlap.",
        generator_objective="W_1(p_r,p_g)",
        at_equilibrium=0.0,
        slope=1.0,
        true=wasserstein_1,
        highest=None,
        unit="units of x",
        condition="Only if D's slope is at most 1, in the units that D sees: a penalty keeps it "
        "near 1, weight clipping below some unknown number.",
        scaled=True,
    )


def hinge_divergence(margin: float) -> Divergence:
    """Return the divergence of the hinge loss (Lim & Ye 2017, arXiv:1705.02894)."""
    return Divergence(
        title="Total variation",
        symbol=r"\mathrm{TV}",
        definition=r"\mathrm{TV}(p_r,p_g)=\tfrac12\int|p_r-p_g|\,dx",
        identity=r"\min_D L_D=2m\,\bigl(1-\mathrm{TV}(p_r,p_g)\bigr)",
        sentence="The largest difference between the two probabilities of one event: 0 if the "
        "densities are equal, 1 if they do not overlap.",
        generator_objective=r"2m\,\mathrm{TV}(p_r,p_g)",
        at_equilibrium=2 * margin,
        slope=2 * margin,
        true=total_variation,
        highest=1.0,
        unit="probability",
    )


def pairing_divergence() -> Divergence:
    """Return the divergence of a loss that asks which of two samples is the real one."""
    return Divergence(
        title="Jensen–Shannon divergence of pairs",
        symbol=r"\mathrm{JS}_\otimes",
        definition=r"\mathrm{JS}_\otimes=\mathrm{JS}(p_r\otimes p_g\,\Vert\,p_g\otimes p_r)",
        identity=r"\min_D L_D=\log 2-\mathrm{JS}_\otimes",
        sentence="How well one can tell which of two samples is the real one: 0 if the densities "
        "are equal, log 2 ≈ 0.693 if they do not overlap.",
        generator_objective=r"\mathrm{KL}(p_g\Vert p_r)-\mathrm{JS}_\otimes",
        at_equilibrium=float(np.log(2)),
        slope=1.0,
        true=paired_jensen_shannon,
        highest=float(np.log(2)),
        unit="nats",
    )
