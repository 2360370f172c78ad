"""Looks at generated numbers: their metrics, and all curves over the axis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from gan_core.data import Distribution1D
from gan_core.data.own_data import AbsentSource
from gan_core.evaluation.metrics import measure_sorted, noise_floor
from gan_core.shapes import Grid, Index, Latents, Values
from gan_core.training.monitoring.density_view import PlotAxis, density_view
from gan_core.training.monitoring.sample_view import SampleObservation, SampleView
from gan_core.training.monitoring.snapshot import DensityView

if TYPE_CHECKING:
    from gan_core.training.state import TrainState

NUM_LINES = 21
"""Lines from noise to samples that are drawn."""

MOMENTS = ("mean", "std", "skew")


class DensityObserver(SampleView):
    """Looks at a generator of numbers whose target has a known density."""

    def __init__(self, dataset: Distribution1D) -> None:
        self._lines: tuple[Latents, Index] | None = None
        self._axis = PlotAxis.around(dataset)

    def observe(self, state: TrainState, samples: Values) -> SampleObservation:
        ordered = np.sort(samples)
        dataset = state.config.dataset
        density, moments = self._density_view(state, samples, ordered), summary_stats(samples)
        if isinstance(state.source, AbsentSource):  # there is nothing to compare with
            return SampleObservation(density=density, moments=moments)
        return SampleObservation(
            density=density,
            moments=moments,
            metrics=measure_sorted(ordered, dataset),
            noise_floors=noise_floor(dataset, len(samples)),
        )

    def _density_view(self, state: TrainState, samples: Values, ordered: Values) -> DensityView:
        self._axis.extend(ordered)
        order = self._line_rows(state.fixed_z)
        lines = state.fixed_z[order, 0].double().cpu().numpy(), samples[order.cpu().numpy()]

        def scores(x: Grid) -> Grid:
            points = torch.as_tensor(x, dtype=torch.float32, device=state.device).unsqueeze(1)
            return state.discriminate(points).double().cpu().numpy()

        return density_view(state.config, self._axis, ordered, scores, lines)

    def _line_rows(self, z: Latents) -> Index:
        """Return the rows of the noise that are drawn, evenly from its smallest to its largest."""
        if self._lines is None or self._lines[0] is not z:
            first = z[:, 0]
            self._lines = z, first.argsort()[torch.linspace(0, len(first) - 1, NUM_LINES).long()]
        return self._lines[1]


def summary_stats(samples: Values) -> dict[str, float]:
    """Return mean, standard deviation and skewness E[(x − μ)³] / σ³."""
    mean, std = float(samples.mean()), float(samples.std())
    if not std > 0:
        return {"mean": mean, "std": std, "skew": math.nan}
    scaled = (samples - mean) / std
    # numpy's power takes twenty times as long as two products.
    return {"mean": mean, "std": std, "skew": float((scaled * scaled * scaled).mean())}
