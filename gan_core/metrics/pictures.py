"""How good and how varied generated pictures are; importing this registers every metric."""

# The order of these imports is the order of the tables.
from gan_core.metrics import features, classes  # isort: skip
from gan_core.metrics.classes import census
from gan_core.metrics.picture_metric import PICTURE_METRICS, PictureMetric

__all__ = ["PICTURE_METRICS", "PictureMetric", "census", "classes", "features"]
