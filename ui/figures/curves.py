"""Curves over the steps of any run: both losses, and D's outputs."""

from __future__ import annotations

import numpy as np

from gan_core.config import ExperimentConfig
from gan_core.training.monitoring.snapshot import Snapshot
from ui.figures.primitives import (
    DISCRIMINATOR,
    FAKE,
    REAL,
    Figure,
    axis,
    curve,
    d_label,
    level,
    over_steps,
    thin_out,
)


def losses(snapshot: Snapshot, config: ExperimentConfig, revision: str) -> Figure:
    """Return both losses over the steps, with their values at the equilibrium."""
    history = thin_out(snapshot.history)
    at_d, at_g = config.loss.equilibrium()
    data = [
        curve(history["step"], history["loss_d"], "loss of D", DISCRIMINATOR, line={"width": 1.2}),
        curve(history["step"], history["loss_g"], "loss of G", FAKE, line={"width": 1.2}),
    ]
    if not config.loss.has_equilibrium_value:
        marks = [level(at_d, f"D at equilibrium {at_d:.3g}; G has no fixed value")]
    elif at_d == at_g:
        marks = [level(at_d, f"both at equilibrium {at_d:.3g}")]
    else:
        marks = [level(at_d, f"D at equilibrium {at_d:.3g}")]
        marks.append(level(at_g, f"G at equilibrium {at_g:.3g}"))
    title = "loss, nats" if config.loss.is_probabilistic else "loss"
    return over_steps(data, marks, axis(title), snapshot, revision)


def d_outputs(snapshot: Snapshot, config: ExperimentConfig, revision: str) -> Figure:
    """Return D's mean output on real and generated batches over the steps."""
    history = thin_out(snapshot.history)
    step, thin = history["step"], {"width": 1.2}
    whole = snapshot.history  # few steps have it: none of them is left out
    after = ~np.isnan(whole["d_fake_after"])
    data = [
        curve(step, history["d_real"], "D(x), real", REAL, line=thin),
        curve(step, history["d_fake_before"], "D(G(z)) before G's update", FAKE, line=thin),
        curve(
            whole["step"][after],
            whole["d_fake_after"][after],
            "after, every 25th step",
            FAKE,
            line={"width": 1.2, "dash": "dot"},
            opacity=0.8,
        ),
    ]
    marks = []
    if config.loss.is_probabilistic:
        marks.append(level(0.5, "cannot tell 0.5"))
    scores = axis(f"mean {d_label(config)}")
    if config.loss.is_probabilistic:
        scores["range"] = [-0.02, 1.02]
    return over_steps(data, marks, scores, snapshot, revision)
