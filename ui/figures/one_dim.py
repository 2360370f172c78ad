"""Figures of one-dimensional data: densities, the map from noise to samples, distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gan_core.config import ExperimentConfig
from gan_core.evaluation.metrics import METRICS
from gan_core.training.monitoring.snapshot import DensityView, Snapshot
from gan_core.words import number_text
from ui.figures.primitives import (
    DISCRIMINATOR,
    FAINT,
    FAKE,
    OPTIMUM,
    REAL,
    Figure,
    Panel,
    add_density_axis,
    axis,
    curve,
    d_axis,
    d_name,
    d_symbol,
    layout,
    level,
    small_multiples,
    x_axis,
)


def distributions(snapshot: Snapshot, config: ExperimentConfig, revision: str) -> Figure:
    """Return the paper's Figure 1: both densities, D and the best D over the axis."""
    view, d = snapshot.density, d_symbol(config)
    hill = {"fill": "tozeroy", "yaxis": "y2"}
    data = [
        curve(view.x, view.p_fake, "generated density", FAKE, **hill),
        curve(view.x, view.d, d_name(config), DISCRIMINATOR),
    ]
    if not np.isnan(view.p_real).all():  # the numbers are on this machine
        data.insert(0, curve(view.x, view.p_real, "target density", REAL, **hill))
    if view.d_optimal is not None and not np.isnan(view.d_optimal).all():
        dash = {"dash": "dash", "width": 2}
        data.append(curve(view.x, view.d_optimal, f"best {d}*(x)", OPTIMUM, line=dash))
    score = d_axis(config, showgrid=False, zeroline=False)
    if config.loss.score_range:
        low, high = config.loss.score_range
        score["range"] = [low - 0.02, high + 0.02]
    elif config.loss.shift_invariant:
        # D* is a logarithm of densities, which runs off where one of them ends; D does not.
        reach = max(1.0, float(np.ptp(view.d)))
        score["range"] = [float(view.d.min()) - reach, float(view.d.max()) + reach]
    half = [level(0.5, None, DISCRIMINATOR)] if config.loss.is_probabilistic else []
    made = layout(
        223,
        revision,
        margin={"l": 50, "t": 24, "b": 36},
        xaxis=x_axis(config, range=[view.x[0], view.x[-1]]),
        yaxis=score,
        shapes=half,
    )
    add_density_axis(made)
    return {"data": data, "layout": made}


def noise_map(snapshot: Snapshot, config: ExperimentConfig, revision: str) -> Figure:
    """Return lines from z, below, to G(z), above, and the noise's density under them."""
    view = snapshot.density
    low, high = view.x[0], view.x[-1]
    stretch = (high - low) / (view.z[-1] - view.z[0])
    bottom = low + (view.lines_z - view.z[0]) * stretch
    gap = np.full_like(bottom, np.nan)
    xs = np.stack([bottom, np.clip(view.lines_x, low, high), gap], 1).ravel()
    ys = np.stack([np.zeros_like(gap), np.ones_like(gap), gap], 1).ravel()
    z_name = "z" if config.latent_dim == 1 else f"z₁, first of {config.latent_dim} coordinates"
    still = {"fixedrange": True}
    return {
        "data": [
            curve(xs, ys, "z → G(z)", FAKE, line={"width": 1}, hoverinfo="skip"),
            _noise_prior(view),
        ],
        "layout": layout(
            155,
            revision,
            hovermode=False,
            showlegend=False,
            margin={"l": 50, "r": 56, "t": 18, "b": 40},
            xaxis=axis("", range=[low, high], side="top", **still),
            yaxis={
                "domain": [0.36, 1],
                "range": [0, 1],
                "tickvals": [0, 1],
                "ticktext": ["z", "x = G(z)"],
                **still,
            },
            xaxis2=axis(z_name, range=[view.z[0], view.z[-1]], anchor="y2", **still),
            yaxis2=axis(
                "probability" if view.atoms else "density",
                domain=[0, 0.26],
                rangemode="tozero",
                side="right",
                nticks=2,
                **still,
            ),
        ),
    }


def _noise_prior(view: DensityView) -> dict[str, Any]:
    """Return the density of the noise, or a bar for each of the values that it can have."""
    if not view.atoms:
        return curve(view.z, view.p_z, "noise prior", FAINT, fill="tozeroy", xaxis="x2", yaxis="y2")
    return {
        "type": "bar",
        "x": np.array(list(view.atoms)),
        "y": np.array(list(view.atoms.values())),
        "width": 0.02 * (view.z[-1] - view.z[0]),
        "marker": {"color": FAINT},
        "name": "noise prior",
        "xaxis": "x2",
        "yaxis": "y2",
    }


def distances(snapshot: Snapshot, revision: str, muted: bool = False) -> Figure:
    """Return every metric over the steps, with the value of a perfect sampler of the same size.

    `muted` makes them grey: the target has too few values for them to tell.
    """
    floors = {name: floor.median for name, floor in snapshot.noise_floors.items()}
    panels = [
        Panel(
            METRICS[name].title,
            METRICS[name].unit,
            snapshot.metric_curves,
            name,
            floors.get(name, math.nan),
            f"perfect sampler {number_text(floors[name])}" if name in floors else "",
            log=True,
            muted=muted,
        )
        for name in METRICS.names()
    ]
    return small_multiples(panels, len(panels), revision)
