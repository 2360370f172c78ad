"""Numbers as figures: Plotly's `data` and `layout` as plain values; no widgets, no torch."""

from ui.figures.lessons import against_the_best, flow, loss_curves, towards_equilibrium
from ui.figures.quality import census, qualities
from ui.figures.scenes import judged, moved, push_map, pushes, scene
from ui.figures.training import distances, distributions, judgements, losses, noise_map

__all__ = [
    "against_the_best",
    "census",
    "distances",
    "distributions",
    "flow",
    "judged",
    "judgements",
    "loss_curves",
    "losses",
    "moved",
    "noise_map",
    "push_map",
    "pushes",
    "qualities",
    "scene",
    "towards_equilibrium",
]
