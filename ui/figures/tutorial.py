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
from gan_core.words import number_text
from ui.figures.primitives import (
    DISCRIMINATOR,
    FAINT,
    FAKE,
    GREY,
    LEGEND,
    OPTIMUM,
    REAL,
    Figure,
    add_density_axis,
    axis,
    curve,
    d_axis,
    d_name,
    d_symbol,
    envelope,
    headline,
    layout,
    level,
    panel_domain,
    points,
    step_axis,
    x_axis,
)

SLOPES = ((FAKE, "solid"), (GREY, "dash"), (GREY, "dot"))
"""Colour and dashes of the slopes that are compared; the first is of the loss that is shown."""


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
    data.append(curve(seen.logit, seen.g, "a generated one", FAKE, **second))
    data.append(
        points(seen.fake, seen.fake_costs_g, "generated batch", FAKE, marker={"size": 6}, **second)
    )
    third = {"xaxis": "x3", "yaxis": "y3"}
    for (name, view), (color, dash) in zip(slopes.items(), SLOPES, strict=False):
        line = {"dash": dash}
        data.append(curve(view.logit, np.abs(view.slope_g), name, color, line=line, **third))
        steep = np.abs(view.fake_slopes_g)
        dots = points(view.fake, steep, name, color, marker={"size": 6}, showlegend=False)
        data.append(dots | third)
    for trace in data:
        trace["hovertemplate"] = "a = %{x:.3~f}<br>%{y:.3~f}"
    made = layout(
        298,
        revision,
        hovermode="closest",
        margin={"l": 46, "r": 8, "t": 66, "b": 44},
        legend=LEGEND | {"y": 1 + 22 / 188},
    )
    titles = ("D's loss, the other half at its mean", "G's loss", "slope that G gets, |∂ℓ/∂a|")
    words = []
    for i, title in enumerate(titles):
        number = "" if i == 0 else str(i + 1)
        domain = panel_domain(i, 3)
        off = {"ticklabelstandoff": 4}  # the axes' first numbers meet in the corner
        made[f"xaxis{number}"] = axis("D's logit a", domain=domain, anchor=f"y{number}", **off)
        made[f"yaxis{number}"] = axis("", anchor=f"x{number}", nticks=6, **off)
        words.append(headline(f"<b>{title}</b>", number))
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
        place = {"x": domain[0], "xref": "paper", "y": 1.0, "yref": "paper"}
        words.append(headline(f"<b>{title}</b>", "") | place)
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
    more = {"legendgroup": name, "hovertemplate": "%{x:.3~g}"}
    return bar | {"width": wide, "marker": {"color": color}} | more


def _note(text: str, number: str, y: int) -> dict[str, Any]:
    place = {"x": 0.02, "xref": f"x{number} domain", "xanchor": "left", "y": y, "yref": "y"}
    return place | {"text": text, "showarrow": False, "font": {"size": 11}}


def against_the_best(seen: Curves, config: ExperimentConfig, revision: str) -> Figure:
    """Return D beside the best D against this G, and the densities that make it."""
    d, hill = d_symbol(config), {"fill": "tozeroy", "yaxis": "y2", "opacity": 0.6}
    data = [
        curve(seen.x, seen.p_real, "target density", REAL, **hill),
        curve(seen.x, seen.p_fake, "generated density", FAKE, **hill),
        curve(seen.x, seen.d, d_name(config), DISCRIMINATOR),
    ]
    if seen.d_optimal is not None:
        dash = {"dash": "dash", "width": 2}
        data.append(curve(seen.x, seen.d_optimal, f"best {d}*(x)", OPTIMUM, line=dash))
    made = layout(
        250,
        revision,
        margin={"l": 50, "t": 24, "b": 36},
        xaxis=x_axis(config, range=[seen.x[0], seen.x[-1]]),
        yaxis=d_axis(config),
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
    d: str,
    revision: str,
) -> Figure:
    """Return V, the distance and D's gap over the steps.

    `tracked` was measured on many samples, `batches` hold what each step's batch says (`value`,
    `implied`); `value` is V at the equilibrium, `distance` what the loss measures, `d` the letter
    of D's output.
    """
    panels = (
        (
            "V(D, G)",
            value,
            (("value", "of this D", DISCRIMINATOR), ("best_value", f"of {d}*", OPTIMUM)),
        ),
        (distance, 0.0, (("implied", "of this D", DISCRIMINATOR), ("true", f"of {d}*", OPTIMUM))),
        (f"mean |{d} − {d}*|", 0.0, (("optimality_gap", "of this D", DISCRIMINATOR),)),
    )
    data, words, levels = [], [], []
    made = layout(230, revision, margin={"l": 46, "r": 8, "t": 62, "b": 36})
    for i, (title, end, curves) in enumerate(panels):
        number = "" if i == 0 else str(i + 1)
        place = {"xaxis": f"x{number}", "yaxis": f"y{number}"}
        first = curves[0][0]
        if first in batches.mean:
            more = place | {"line": {"width": 1}, "showlegend": i == 0}
            data += envelope(batches, first, "each batch", GREY, **more)
        known = [c for c in curves if np.isfinite(tracked[c[0]]).any() or not len(tracked["step"])]
        for name, label, color in known:
            trace = curve(tracked["step"], tracked[name], label, color, legendgroup=label)
            trace |= {"mode": "lines+markers", "marker": {"size": 4}, "showlegend": i == 0}
            data.append(trace | place)
        made[f"xaxis{number}"] = step_axis(domain=panel_domain(i, 3), anchor=f"y{number}")
        lowest = {} if end else {"rangemode": "tozero"}
        made[f"yaxis{number}"] = axis("", anchor=f"x{number}", nticks=6, **lowest)
        if known:  # Plotly has no place for a level without a curve
            levels.append(level(end, None, xref=f"x{number} domain", yref=f"y{number}"))
        below = f"┄ equilibrium: {number_text(end)}" if known else "unknown"
        # On the paper: axes without a curve are none.
        place = {"x": panel_domain(i, 3)[0], "xref": "paper", "yref": "paper"}
        words.append(headline(f"<b>{title}</b>", number, below) | place)
    made |= {"annotations": words, "shapes": levels}
    made["legend"] = made["legend"] | {"y": 1 + 40 / 132}
    return {"data": data, "layout": made}
