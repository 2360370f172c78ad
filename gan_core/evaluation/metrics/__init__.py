"""Metrics: how far the generated distribution is from the target."""

from gan_core.evaluation.metrics.one_dim import (
    METRICS,
    LineMetric,
    PerfectSampler,
    measure,
    measure_ordered,
    perfect_sampler,
)

__all__ = [
    "METRICS",
    "LineMetric",
    "PerfectSampler",
    "measure",
    "measure_ordered",
    "perfect_sampler",
]
