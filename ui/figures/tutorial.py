"""Figures of "How it works": losses over the logit, gradients per layer, the equilibrium."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gan_core.config import ExperimentConfig
from gan_core.explain.equilibrium import Curves
from gan_core.explain.layer_gradients import GradientNorms, LayerGradients
from gan_core.explain.loss_curves import LossView
from gan_core.training.monitoring.history import StepCurves
from ui.figures.primitives import (
    DISCRIMINATOR,
    FAINT,
    FAKE,
    GREY,
    OPTIMUM,
    REAL,
    Figure,
    add_density_axis,
    axis,
    curve,
    d_label,
    d_name,
    data_label,
    envelope,
    headline,
    layout,
    level,
    points,
    with_curves,
)


def loss_curves(seen: LossView, slopes: dict[str, LossView], revision: str) -> Figure:
    """Return three panels over D's logit: D's loss, G's loss, and the slope that G gets.

    `slopes` are the losses whose slopes are compared, by the names that the legend gives them.
    """
    data = [
        curve(seen.logit, seen.d_of_real, "a real sample", REAL),
        curve(seen.logit, seen.d_of_fake, "a generated one", FAKE, line={"dash": "dash"}),
        points(seen.real, seen.real_costs_d, "real batch", REAL, marker={"size": 6}),
        points(seen.fake, seen.fake_costs_d, "generated batch", FAKE, marker={"size": 6}),
    ]
    second = {"xaxis": "x2", "yaxis": "y2", "showlegend": False}
    data.append(curve(seen.logit, seen.g, "it costs G", DISCRIMINATOR, **second))
    data.append(points(seen.fake, seen.fake_costs_g, "batch", FAKE, marker={"size": 6}, **second))
    third = {"xaxis": "x3", "yaxis": "y3"}
    for (name, view), color in zip(slopes.items(), (OPTIMUM, DISCRIMINATOR, FAINT), strict=False):
        data.append(curve(view.logit, np.abs(view.slope_g), name, color, **third))
        steep = np.abs(view.fake_slopes_g)
        dots = points(view.fake, steep, name, color, marker={"size": 6}, showlegend=False)
        data.append(dots | third)
    made = layout(
        330,
        revision,
        hovermode="closest",
        margin={"l": 46, "r": 8, "t": 62, "b": 44},
        legend={"orientation": "h", "x": 0, "y": 1.1, "yanchor": "bottom"},
    )
    titles = ("D's loss, the other half at its mean", "G's loss", "slope G gets, |dℓ/dlogit|")
    words = []
    for i, title in enumerate(titles):
        number = "" if i == 0 else str(i + 1)
        left = i / 3 + 0.015 * i
        domain = [left, left + 0.29]
        made[f"xaxis{number}"] = axis("D's logit", domain=domain, anchor=f"y{number}")
        made[f"yaxis{number}"] = axis("", anchor=f"x{number}", nticks=6)
        words.append(headline(title, left, 1.0))
    made["annotations"] = words
    return {"data": data, "layout": made}


def flow(rows: Sequence[LayerGradients], revision: str) -> Figure:
    """Return the computation from z to the loss, layer by layer, and the gradients in both updates.

    Grey bars are gradients at a layer's output, coloured ones those of its weights.
    """
    split = sum(row.network == "generator" for row in rows)
    parts = map(_layer, rows[:split]), map(_layer, rows[split:])
    names = ["noise z ↓", *parts[0], "x = G(z) ↓", *parts[1], "loss ↓"]
    places = np.array([*range(1, split + 1), *range(split + 2, len(rows) + 2)])
    data, words = [], []
    for number, update in (("", "in_d_update"), ("2", "in_g_update")):
        data += _gradients(rows, places, [getattr(row, update) for row in rows], number)
    for row, y in zip(rows, places, strict=True):
        if row.network == "discriminator" and row.parameters:
            words.append(_note("weights stand still", "2", y))
    words.append(_note("the walk ends here: D takes x as it is", "", split + 1))
    words.append(_note("the walk goes on into G", "2", split + 1))
    made = layout(
        120 + 26 * len(names),
        revision,
        hovermode="closest",
        barmode="overlay",
        margin={"l": 8, "r": 8, "t": 62, "b": 44},
        yaxis={
            "range": [len(names) - 0.4, -0.6],
            "tickvals": list(range(len(names))),
            "ticktext": names,
            "automargin": True,
        },
    )
    for i, (number, title) in enumerate((("", "D's turn"), ("2", "G's turn"))):
        domain = [0.52 * i, 0.52 * i + 0.48]
        made[f"xaxis{number}"] = axis(
            "length of the gradient",
            domain=domain,
            type="log",
            range=_decades(rows),
            dtick=1,
            exponentformat="power",
        )
        words.append(headline(title, domain[0], 1.0))
    made["legend"] |= {"y": 1.0 + 34 / made["height"]}
    made["annotations"] = words
    return {"data": data, "layout": made}


def _gradients(
    rows: Sequence[LayerGradients], places: np.ndarray, update: Sequence[GradientNorms], number: str
) -> list[dict[str, Any]]:
    """Return the bars of one network's update, on the axis of that number."""
    place = {"xaxis": f"x{number}", "yaxis": "y"}
    outputs = [np.nan if norms.output is None else norms.output for norms in update]
    bars = [_bars(np.array(outputs), places, "at the layer's output", FAINT)]
    bars[0]["showlegend"] = number == "2"
    for network, color in (("generator", FAKE), ("discriminator", DISCRIMINATOR)):
        own = [
            np.nan if norms.weights is None or row.network != network else norms.weights
            for norms, row in zip(update, rows, strict=True)
        ]
        bars.append(_bars(np.array(own), places, f"of {network[0].upper()}'s weights", color))
        bars[-1]["showlegend"] = number == ("2" if network == "generator" else "")
    return [bar | place for bar in bars]


def _decades(rows: Sequence[LayerGradients]) -> list[int]:
    """Return the powers of ten between which all gradients lie."""
    updates = [norms for row in rows for norms in (row.in_d_update, row.in_g_update)]
    lengths = [n for norms in updates for n in norms if n]
    if not lengths:
        return [-1, 0]
    return [math.floor(math.log10(min(lengths))), math.ceil(math.log10(max(lengths)))]


def _layer(row: LayerGradients) -> str:
    weights = f", {row.parameters:,} weights" if row.parameters else ""
    return f"{row.network[0].upper()} · {row.layer} → {row.output}{weights}"


def _bars(lengths: np.ndarray, places: np.ndarray, name: str, color: str) -> dict[str, Any]:
    bar = {"type": "bar", "orientation": "h", "x": lengths, "y": places, "name": name}
    wide = 0.8 if color == FAINT else 0.4
    return bar | {"width": wide, "marker": {"color": color}, "legendgroup": name}


def _note(text: str, number: str, y: int) -> dict[str, Any]:
    place = {"x": 0.02, "xref": f"x{number} domain", "xanchor": "left", "y": y, "yref": "y"}
    return place | {"text": text, "showarrow": False, "font": {"size": 11}}


def against_the_best(seen: Curves, config: ExperimentConfig, revision: str) -> Figure:
    """Return D beside the best D against this G, and the densities that make it."""
    data = [
        curve(seen.x, seen.p_real, "target density", REAL, fill="tozeroy", yaxis="y2", opacity=0.6),
        curve(seen.x, seen.p_fake, "density of G", FAKE, fill="tozeroy", yaxis="y2", opacity=0.6),
        curve(seen.x, seen.d, d_name(config), DISCRIMINATOR),
    ]
    if seen.d_optimal is not None:
        dash = {"dash": "dash", "width": 2}
        data.append(curve(seen.x, seen.d_optimal, "best D*(x)", OPTIMUM, line=dash))
    made = layout(
        300,
        revision,
        margin={"l": 56, "t": 46, "b": 44},
        xaxis=axis(data_label(config), range=[seen.x[0], seen.x[-1]]),
        yaxis=axis(d_label(config)),
    )
    add_density_axis(made)
    if config.loss.score_range:
        low, high = config.loss.score_range
        made["yaxis"]["range"] = [low - 0.02, high + 0.02]
    return {"data": data, "layout": made}


def towards_equilibrium(
    tracked: dict[str, np.ndarray],
    batches: StepCurves,
    value: float,
    distance: str,
    revision: str,
) -> Figure:
    """Return V, the distance and D's gap over the steps.

    `tracked` was measured on many samples, `batches` hold what each step's batch says (`value`,
    `implied`); `value` is V at the equilibrium, `distance` what the loss measures.
    """
    rows = (
        ("V(D, G)", (("value", "V of this D", DISCRIMINATOR), ("best_value", "of D*", OPTIMUM))),
        (distance, (("implied", "implied by D's loss", DISCRIMINATOR), ("true", "true", REAL))),
        ("mean |D − D*|", (("optimality_gap", "", FAKE),)),
    )
    data, words = [], []
    made = layout(260, revision, margin={"l": 46, "r": 8, "t": 46, "b": 44})
    for i, (title, curves) in enumerate(rows):
        number = "" if i == 0 else str(i + 1)
        left = i / 3 + 0.015 * i
        place = {"xaxis": f"x{number}", "yaxis": f"y{number}"}
        first = curves[0][0]
        if first in batches.mean:
            more = place | {"line": {"width": 1}, "showlegend": i == 0}
            data += envelope(batches, first, "each batch", GREY, **more)
        for name, label, color in curves:
            if not np.isfinite(tracked[name]).any():
                continue
            trace = curve(tracked["step"], tracked[name], label, color, showlegend=bool(label))
            data.append(trace | place | {"mode": "lines+markers", "marker": {"size": 4}})
        made[f"xaxis{number}"] = axis("step", domain=[left, left + 0.29], anchor=f"y{number}")
        made[f"yaxis{number}"] = axis("", anchor=f"x{number}", nticks=6)
        known = any(np.isfinite(tracked[name]).any() for name, _, _ in curves)
        words.append(headline(title if known else f"{title}: unknown", left, 1.0))
    levels = [level(value, f"V at equilibrium {value:.3f}")]
    made |= {"annotations": words, "shapes": with_curves(levels, data)}
    made["legend"] |= {"y": 1.12}
    return {"data": data, "layout": made}
