"""Numbers as figures: Plotly's `data` and `layout` as plain values.

May import numpy and `gan_core`; no other room of `ui`, no Streamlit, no torch.
"""

from ui.figures.curves import d_outputs, losses
from ui.figures.one_dim import distances, distributions, noise_map
from ui.figures.primitives import d_symbol
from ui.figures.quality import class_histogram, qualities
from ui.figures.step import judged, moved, push_map, pushes, scene
from ui.figures.tutorial import against_the_best, flow, loss_curves, towards_equilibrium

__all__ = [
    "against_the_best",
    "class_histogram",
    "d_outputs",
    "d_symbol",
    "distances",
    "distributions",
    "flow",
    "judged",
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
