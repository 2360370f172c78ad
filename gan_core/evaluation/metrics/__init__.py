"""Metrics: how far the generated distribution is from the target."""

from gan_core.evaluation.metrics.one_dim import (
    METRICS,
    Metric1D,
    NoiseFloor,
    measure,
    measure_sorted,
    noise_floor,
)

__all__ = [
    "METRICS",
    "Metric1D",
    "NoiseFloor",
    "measure",
    "measure_sorted",
    "noise_floor",
]
