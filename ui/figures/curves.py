"""Curves over the steps of any run: both losses, and D's outputs."""

from __future__ import annotations

from gan_core.config import ExperimentConfig
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.words import number_text
from ui.figures.primitives import (
    DISCRIMINATOR,
    FAKE,
    REAL,
    Figure,
    axis,
    cut,
    d_axis,
    d_symbol,
    envelope,
    level,
    over_steps,
)

THIN = {"width": 1.2}


def losses(snapshot: Snapshot, config: ExperimentConfig, revision: str) -> Figure:
    """Return both losses over the steps, with their values at the equilibrium."""
    since = snapshot.quantities.loss
    curves = snapshot.curves.after(since)
    at_d, at_g = config.loss.equilibrium()
    data = [
        *envelope(curves, "loss_d", "loss of D", DISCRIMINATOR, line=THIN),
        *envelope(curves, "loss_g", "loss of G", FAKE, line=THIN),
    ]
    if not config.loss.has_equilibrium_value:
        levels = [level(at_d, f"D's equilibrium {number_text(at_d)}; G: any", DISCRIMINATOR)]
    elif at_d == at_g:
        levels = [level(at_d, f"equilibrium {number_text(at_d)}")]
    else:
        levels = [
            level(at_d, f"D's equilibrium {number_text(at_d)}", DISCRIMINATOR),
            level(at_g, f"G's equilibrium {number_text(at_g)}", FAKE),
        ]
    title = "loss, nats" if config.loss.is_probabilistic else "loss"
    former = snapshot.quantities.former or "another loss"
    cuts = cut(since, f"{former}: another scale")
    return over_steps(data, levels, cuts, axis(title), snapshot, revision)


def d_outputs(snapshot: Snapshot, config: ExperimentConfig, revision: str) -> Figure:
    """Return D's mean output on real and generated batches over the steps."""
    since = snapshot.quantities.outputs
    curves = snapshot.curves.after(since)
    d = d_symbol(config)
    data = [
        *envelope(curves, "d_real", f"{d}(x), real", REAL, line=THIN),
        *envelope(curves, "d_fake_before", f"{d}(G(z))", FAKE, line=THIN),
        *envelope(
            curves.where("d_fake_after"),
            "d_fake_after",
            f"{d}(G(z)), G updated",
            FAKE,
            line=THIN | {"dash": "dot"},
            opacity=0.8,
        ),
    ]
    before = "raw scores" if config.loss.is_probabilistic else "probabilities"
    cuts = cut(since, f"here D gave {before}")
    levels = []
    if config.loss.is_probabilistic:
        levels.append(level(0.5, "½: cannot tell"))
    scores = d_axis(config)
    scores["title"] = axis(f"mean of {d}")["title"]
    if config.loss.is_probabilistic:
        scores["range"] = [-0.02, 1.02]
    return over_steps(data, levels, cuts, scores, snapshot, revision)
