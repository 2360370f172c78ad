"""How good and how varied generated pictures are; importing this registers every metric."""

# The order of these imports is the order of the tables.
from gan_core.evaluation.metrics import frechet, kernel, precision_recall, class_balance  # isort: skip
from gan_core.evaluation.metrics.base import IMAGE_METRICS, ImageMetric
from gan_core.evaluation.metrics.class_balance import class_counts

__all__ = [
    "IMAGE_METRICS",
    "ImageMetric",
    "class_balance",
    "class_counts",
    "frechet",
    "kernel",
    "precision_recall",
]
