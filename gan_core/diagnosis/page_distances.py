"""The distances that stand on the page of a run on numbers, as the doctor reads them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gan_core.shapes import Values
from gan_core.training.monitoring.snapshot import Snapshot

READ = ("wasserstein_1", "kolmogorov_smirnov", "jensen_shannon")


@dataclass(frozen=True)
class PageDistances:
    """Wasserstein-1 in standard deviations of the target, Kolmogorov–Smirnov, Jensen–Shannon.

    Each is the median over the last third of the snapshots, or the latest one if that is larger;
    NaN where it was not measured. `floors` is Wasserstein-1 over that of samples of the target
    itself.
    """

    transport: float = math.nan
    gap: float = math.nan
    divergence: float = math.nan
    floors: float = math.nan
    usual_gap: float = math.nan
    """Kolmogorov–Smirnov's median over the last third of the snapshots alone."""
    closed: float = math.nan
    """Which share of that gap was closed since the first third of the snapshots."""


def page_distances(snapshot: Snapshot, recent: dict[str, np.ndarray], std: float) -> PageDistances:
    """Return the distances of a snapshot and of the metrics' `recent` rows before it."""
    transport, gap, divergence = (
        _median_and_last(recent.get(name))
        for name in ("wasserstein_1", "kolmogorov_smirnov", "jensen_shannon")
    )
    floor = snapshot.noise_floors.get("wasserstein_1")
    return PageDistances(
        transport=max(transport) / std,
        gap=max(gap),
        divergence=max(divergence),
        floors=max(transport) / floor.median if floor and floor.median > 0 else math.nan,
        usual_gap=gap[0],
        closed=_closed(recent.get("kolmogorov_smirnov")),
    )


def _median_and_last(values: Values | None) -> tuple[float, float]:
    if values is None or not len(values):
        return math.nan, math.nan
    return float(np.median(values[-max(len(values) // 3, 1) :])), float(values[-1])


def _closed(gaps: Values | None) -> float:
    """Return 1 − the median of the last third over that of the first third."""
    if gaps is None or not len(gaps):
        return math.nan
    third = max(len(gaps) // 3, 1)
    before = float(np.median(gaps[:third]))
    return 1 - float(np.median(gaps[-third:])) / before if before > 0 else 0.0
