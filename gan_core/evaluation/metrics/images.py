"""How good and how varied generated pictures are; importing this registers every metric."""

# The order of these imports is the order of the tables.
from gan_core.evaluation.metrics import frechet, kernel, precision_recall, class_balance  # isort: skip
from gan_core.evaluation.metrics.base import PICTURE_METRICS, PictureMetric
from gan_core.evaluation.metrics.class_balance import census

__all__ = [
    "PICTURE_METRICS",
    "PictureMetric",
    "census",
    "class_balance",
    "frechet",
    "kernel",
    "precision_recall",
]
