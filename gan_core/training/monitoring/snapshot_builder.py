"""Turns a run into snapshots, and remembers the metrics of those it has made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from gan_core.config import ExperimentConfig
from gan_core.data.pixels import to_arrays
from gan_core.evaluation.metrics import METRICS, measure_sorted, noise_floor
from gan_core.shapes import Grid, Index, Latents, Values
from gan_core.training.monitoring.density_view import PlotAxis, density_view
from gan_core.training.monitoring.history import History
from gan_core.training.monitoring.snapshot import DensityView, Snapshot

if TYPE_CHECKING:
    from gan_core.training.trainer import Trainer

LINE_SAMPLES = 10_000
FIXED_PICTURES = 64
CHART_POINTS = 500
"""Points of a history that a snapshot has; the doctor reads them, charts thin them further."""
LINES = 21
MOMENTS = ("mean", "std", "skew")


class SnapshotBuilder:
    """Looks at one run, always from the same noise: `LINE_SAMPLES` or `FIXED_PICTURES` samples."""

    def __init__(self, config: ExperimentConfig) -> None:
        self.metric_history = History([*METRICS.names(), *MOMENTS])
        self._lines: tuple[Latents, Index] | None = None
        self._axis = None if config.dataset.pictures else PlotAxis.around(config.dataset)

    def snapshot(
        self, trainer: Trainer, statistics: dict[str, float], remember: bool = True
    ) -> Snapshot:
        """Return the trainer as it is now; `statistics` are those of its last step."""
        dataset = trainer.config.dataset
        samples = to_arrays(trainer.generate(trainer.fixed_z, trainer.fixed_labels), dataset)
        view, moments, metrics, perfect = None, {}, {}, {}
        if self._axis is not None:
            ordered = np.sort(samples)
            view = self._line_view(trainer, samples, ordered)
            moments = summary_stats(samples)
            metrics = measure_sorted(ordered, dataset)
            perfect = noise_floor(dataset, len(samples))
            if remember:
                self.metric_history.add(trainer.step_count, metrics | moments)
        size = dataset.size
        return Snapshot(
            step=trainer.step_count,
            updates_d=trainer.updates_d,
            samples_seen=trainer.samples_seen,
            epoch=None if size is None else trainer.samples_seen / size,
            statistics=statistics,
            metrics=metrics,
            noise_floors=perfect,
            moments=moments,
            samples=samples,
            history=trainer.history.series(CHART_POINTS),
            metric_history=self.metric_history.series(CHART_POINTS),
            config_changes=list(trainer.config_changes),
            density=view,
        )

    def _line_view(self, trainer: Trainer, samples: Values, ordered: Values) -> DensityView:
        self._axis.extend(ordered)
        order = self._lines_of(trainer.fixed_z)
        lines = trainer.fixed_z[order, 0].double().cpu().numpy(), samples[order.cpu().numpy()]

        def scores(x: Grid) -> Grid:
            points = torch.as_tensor(x, dtype=torch.float32, device=trainer.device).unsqueeze(1)
            return trainer.discriminate(points).double().cpu().numpy()

        return density_view(trainer.config, self._axis, ordered, scores, lines)

    def _lines_of(self, z: Latents) -> Index:
        """Return which rows of the noise, evenly from its smallest to its largest, are shown."""
        if self._lines is None or self._lines[0] is not z:
            first = z[:, 0]
            self._lines = z, first.argsort()[torch.linspace(0, len(first) - 1, LINES).long()]
        return self._lines[1]


def summary_stats(samples: Values) -> dict[str, float]:
    """Return mean, standard deviation and skewness E[(x − μ)³] / σ³."""
    mean, std = float(samples.mean()), float(samples.std())
    if not std > 0:
        return {"mean": mean, "std": std, "skew": math.nan}
    scaled = (samples - mean) / std
    # numpy's power takes twenty times as long as two products.
    return {"mean": mean, "std": std, "skew": float((scaled * scaled * scaled).mean())}
