"""Numbers as figures: Plotly's `data` and `layout` as plain values; no widgets, no torch."""

from ui.figures.lessons import judged, loss_curves, push_map, scene
from ui.figures.quality import census, qualities
from ui.figures.training import distances, distributions, judgements, losses, noise_map

__all__ = [
    "census",
    "distances",
    "distributions",
    "judged",
    "judgements",
    "loss_curves",
    "losses",
    "noise_map",
    "push_map",
    "qualities",
    "scene",
]
