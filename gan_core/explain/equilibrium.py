"""The distance of a run from the equilibrium: the value V, D compared with D*, and a divergence.

G is the generator that is trained, not its average.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from gan_core.networks.stateless import eval_mode
from gan_core.shapes import Grid, Latents, Logits, Samples
from gan_core.training.gan import GAN
from gan_core.training.monitoring.density_view import (
    PlotAxis,
    axis_points,
    display_output,
    kde,
    optimal_logits,
)

if TYPE_CHECKING:
    from gan_core.training.trainer import Trainer

SERIES = ("value", "best_value", "implied", "true", "optimality_gap")
"""The fields of `Equilibrium` that are recorded over the steps, in a `History`."""


@dataclass(frozen=True, eq=False)
class Curves:
    """D and D* over the axis, as in `DensityView`, and the densities from which D* follows."""

    x: Grid
    p_real: Grid
    p_fake: Grid
    d: Grid
    d_optimal: Grid | None


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """The measurements of a run that tell how far it is from the equilibrium.

    The value is V = −(mean loss of D), in the 2014 GAN E log D(x) + E log(1 − D(G(z))).
    """

    step: int
    samples: int
    """The number of real samples in the means; there are as many generated ones."""
    value: float
    value_error: float
    """Standard error of `value` over draws of as many samples."""
    equilibrium: float
    """V at the equilibrium, where D cannot tell samples apart: −log 4 in the 2014 GAN."""
    best_value: float | None
    """V of the best D against this G; None without densities, or where unknown."""
    implied: float | None
    """The distance of the densities if D is the best one; see `Loss.divergence`."""
    true: float | None
    """Their true distance; None for pictures, whose densities are unknown."""
    optimality_gap: float | None
    """Mean |D − D*| over (p_r + p_g) / 2, where D* is finite; in units of the displayed output."""
    max_slope: float | None
    """Largest |slope| of D over the axis, per unit of D's input; for Wasserstein it must be 1."""
    curves: Curves | None

    def row(self) -> dict[str, float]:
        """Return the values of `SERIES`, NaN for unknown ones."""
        values = {name: getattr(self, name) for name in SERIES}
        return {name: np.nan if value is None else value for name, value in values.items()}


@torch.no_grad()
def measure(trainer: Trainer, n: int | None = None, axis: PlotAxis | None = None) -> Equilibrium:
    """Measure a run from `n` real and `n` generated samples, the same noise at every call.

    Where densities are known, both networks are in evaluation mode (no dropout, running means in
    batch norm), there is no instance noise, and `axis` grows to hold G's samples; the true
    distance and the best value are those of the smoothed density of the samples. For other data
    the networks run as in a training step. The run's own random streams are not used.
    """
    gan = trainer.gan
    dataset = gan.config.dataset
    axis = axis or dataset.kind.density_axis(dataset)
    n = n or dataset.kind.num_equilibrium
    with trainer.lock:
        if axis is None:
            with gan.no_side_effects():
                return _from_logits(trainer, *_run_networks(gan, n)[:2])
        with eval_mode(gan.generator), eval_mode(gan.discriminator):
            real, fake, x_fake = _run_networks(gan, n)
            measured = _from_logits(trainer, real, fake)
            samples = x_fake.squeeze(1).double().cpu().numpy()
            return _add_densities(gan, measured, samples, axis)


def _run_networks(gan: GAN, n: int) -> tuple[Logits, Logits, Samples]:
    """Return D's logits on real and on generated samples, and the generated samples.

    They are drawn from separate random streams.
    """
    seeds = np.random.SeedSequence([gan.config.seed, 2]).generate_state(2).tolist()
    of_real, of_z = (torch.Generator(gan.device).manual_seed(seed) for seed in seeds)
    labels = None
    if gan.classes:
        real, labels = gan.source.labelled_batch(n, of_real)
    else:
        real = gan.source.batch(n, of_real)
    z: Latents = gan.config.prior.sample(n, gan.config.latent_dim, of_z, gan.device)
    fake = gan.generate(z, labels)
    on_real, on_fake = (
        gan.run_discriminator(gan.standardize(x), labels).double() for x in (real, fake)
    )
    return on_real, on_fake, fake


def _from_logits(trainer: Trainer, real: Logits, fake: Logits) -> Equilibrium:
    """Return the measurements that follow from D's logits alone."""
    gan = trainer.gan
    loss = gan.config.loss
    each = loss.discriminator(real, fake)
    # Also for a relativistic loss: the pairs are independent of each other.
    error = each.std() / len(each) ** 0.5
    divergence, mean = loss.divergence, each.mean().item()
    return Equilibrium(
        step=trainer.step_count,
        samples=len(each),
        value=-mean,
        value_error=error.item(),
        equilibrium=0.0 - loss.equilibrium()[0],
        best_value=None,
        implied=None
        if divergence is None
        else divergence.distance_from_loss(mean, d_input_scale(gan)),
        true=None,
        optimality_gap=None,
        max_slope=None,
        curves=None,
    )


def d_input_scale(gan: GAN) -> float:
    """Return the length of one unit of D's input, in units of x."""
    return 1.0 if gan.config.architecture.standardise == "none" else gan.std


def _add_densities(gan: GAN, measured: Equilibrium, samples: Grid, axis: PlotAxis) -> Equilibrium:
    """Add the measurements that need the densities."""
    config = gan.config
    axis.extend(np.sort(samples))
    x = axis_points(axis)
    p_real = np.asarray(config.dataset.distribution().pdf(x), dtype=float)
    p_fake = kde(samples, axis)
    points = torch.as_tensor(x, dtype=torch.float32, device=gan.device).unsqueeze(1)
    logits = gan.run_discriminator(gan.standardize(points)).double().cpu().numpy()
    optimal = optimal_logits(config.loss, p_real, p_fake, x, logits)
    d, d_optimal = display_output(config, logits), None
    if optimal is not None:
        d_optimal = display_output(config, optimal)
    divergence, unit = config.loss.divergence, d_input_scale(gan)
    true = None if divergence is None else divergence.true(p_real, p_fake, x)
    return replace(
        measured,
        best_value=None if true is None else -divergence.best_loss(true, unit),
        true=true,
        optimality_gap=None if d_optimal is None else mean_gap(d, d_optimal, p_real + p_fake),
        max_slope=float(np.abs(np.diff(logits)).max() / (x[1] - x[0]) * unit),
        curves=Curves(x, p_real, p_fake, d, d_optimal),
    )


def mean_gap(d: Grid, d_optimal: Grid, weight: Grid) -> float:
    """Return the mean of |d − d_optimal| by `weight`, over finite values; NaN if there are none."""
    gap = np.abs(d - d_optimal)
    there = np.isfinite(gap)
    total = weight[there].sum()
    return float((gap[there] * weight[there]).sum() / total) if total > 0 else float("nan")
