"""Numbers as figures: Plotly's `data` and `layout` as plain values; no widgets, no torch."""

from ui.figures.quality import census, qualities
from ui.figures.training import distances, distributions, judgements, losses, noise_map

__all__ = [
    "census",
    "distances",
    "distributions",
    "judgements",
    "losses",
    "noise_map",
    "qualities",
]
