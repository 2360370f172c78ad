"""Figures of the page "How it works"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gan_core.backprop import LayerFlow
from gan_core.close_up import Scene
from gan_core.config import ExperimentConfig
from gan_core.equilibrium import Curves
from gan_core.loss_view import LossView
from gan_core.push import Pushed
from gan_core.shapes import Grid, PixelArray, Values
from gan_core.snapshot import LineView
from ui.figures.parts import (
    DISCRIMINATOR,
    FAINT,
    FAKE,
    OPTIMUM,
    REAL,
    Figure,
    axis,
    curve,
    d_label,
    headline,
    layout,
    level,
)

FAR = 85
"""How much a pixel is changed, of 255, when a picture is moved along its push."""

FORCE = 0.16
"""How long the longest arrow is, as a share of the axis it runs along."""


def arrows(
    x: Values, y: Values, dx: Values, dy: Values, name: str, color: str, **more: Any
) -> dict[str, Any]:
    """Return arrows from (x, y) to (x + dx, y + dy) as one trace."""
    gap = np.full_like(x, np.nan)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": np.stack([x, x + dx, gap], 1).ravel(),
        "y": np.stack([y, y + dy, gap], 1).ravel(),
        "name": name,
        "line": {"color": color, "width": 2},
        "marker": {
            "symbol": "arrow",
            "angleref": "previous",
            "size": [0, 11, 0] * len(x),
            "color": color,
        },
        "hoverinfo": "skip",
    } | more


def points(x: Values, y: Values, name: str, color: str, **more: Any) -> dict[str, Any]:
    """Return dots."""
    marker = {"color": color, "size": 9, "line": {"width": 1, "color": "white"}}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": x,
        "y": y,
        "name": name,
        "marker": marker | more.pop("marker", {}),
    } | more


def _scaled(values: Values, length: float) -> Values:
    """Return the values with the largest as long as `length`."""
    largest = float(np.abs(values).max(initial=0))
    return values * (length / largest) if largest else values


def scene(seen: Scene, x: Grid, config: ExperimentConfig, revision: str) -> Figure:
    """Return what is seen at one line of a step on the line.

    Samples lie on the axis, and on D's curve once D has judged them.
    """
    low, high = config.loss.score_range or _reach(seen)
    span = high - low
    floor = low - 0.12 * span
    data = [curve(x, seen.curve, "D(x)", DISCRIMINATOR)]
    if seen.curve_before is not None:
        data.append(
            curve(
                x, seen.curve_before, "D before", DISCRIMINATOR, line={"dash": "dot"}, opacity=0.6
            )
        )
    for name, color, samples, answers, force in (
        ("real x", REAL, seen.real, seen.answer_real, seen.force_real),
        ("generated G(z)", FAKE, seen.fake, seen.answer_fake, seen.force_fake),
    ):
        if samples is None:
            continue
        height = np.full_like(samples, floor) if answers is None else answers
        data.append(points(samples, height, name, color))
        if force is not None:
            push = _scaled(force, FORCE * span)
            still = np.zeros_like(push)
            data.append(arrows(samples, height, still, push, "push on D", color, showlegend=False))
    if seen.push is not None:
        push = _scaled(seen.push[:, 0], FORCE * (x[-1] - x[0]))
        still = np.zeros_like(push)
        data.append(arrows(seen.fake, seen.answer_fake, push, still, "push on G(z), scaled", FAKE))
    if seen.fake_before is not None:
        rest = np.full_like(seen.fake, floor)
        data.append(points(seen.fake_before, rest, "G(z) before", FAINT))
        moved = seen.fake - seen.fake_before
        data.append(arrows(seen.fake_before, rest, moved, 0 * rest, "moved", FAKE))
    return {
        "data": data,
        "layout": layout(
            330,
            revision,
            hovermode="closest",
            margin={"l": 56, "r": 16, "t": 46, "b": 44},
            xaxis=axis("x, units of the data", range=[x[0], x[-1]]),
            yaxis=axis(d_label(config), range=[floor - 0.06 * span, high + 0.1 * span]),
        ),
    }


def loss_curves(seen: LossView, slopes: dict[str, LossView], revision: str) -> Figure:
    """Return three panels over D's logit: D's loss, G's loss, and the slope that G gets.

    `slopes` are the losses whose slopes are compared, by the names that the legend gives them.
    """
    data = [
        curve(seen.logit, seen.d_of_real, "a real sample costs D", REAL),
        curve(seen.logit, seen.d_of_fake, "a generated one costs D", FAKE, line={"dash": "dash"}),
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
    titles = ("D's loss", "G's loss", "slope that G gets, |dℓ/dlogit|")
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


def behind(made: dict[str, Any]) -> None:
    """Add an axis for densities at the right of a layout, drawn behind the curves."""
    made["yaxis"] |= {"overlaying": "y2"}
    made["yaxis2"] = axis("density", side="right", showgrid=False, rangemode="tozero", nticks=4)
    made["margin"] |= {"r": 60}


def against_the_best(seen: Curves, config: ExperimentConfig, revision: str) -> Figure:
    """Return D beside the best D against this G, and the densities that make it."""
    data = [
        curve(seen.x, seen.p_real, "target density", REAL, fill="tozeroy", yaxis="y2", opacity=0.6),
        curve(seen.x, seen.p_fake, "density of G", FAKE, fill="tozeroy", yaxis="y2", opacity=0.6),
        curve(seen.x, seen.d, "D(x)", DISCRIMINATOR),
    ]
    if seen.d_optimal is not None:
        dash = {"dash": "dash", "width": 2}
        data.append(curve(seen.x, seen.d_optimal, "best D*(x)", OPTIMUM, line=dash))
    made = layout(
        300,
        revision,
        margin={"l": 56, "t": 46, "b": 44},
        xaxis=axis("x, units of the data", range=[seen.x[0], seen.x[-1]]),
        yaxis=axis(d_label(config)),
    )
    behind(made)
    if config.loss.score_range:
        low, high = config.loss.score_range
        made["yaxis"]["range"] = [low - 0.02, high + 0.02]
    return {"data": data, "layout": made}


def towards_equilibrium(
    tracked: dict[str, np.ndarray], value: float, distance: str, revision: str
) -> Figure:
    """Return V, the distance and D's gap over the steps at which they were measured.

    `value` is V at the equilibrium, `distance` the name of what the loss measures.
    """
    rows = (
        ("V(D, G)", (("value", "V of this D", DISCRIMINATOR), ("best_value", "of D*", OPTIMUM))),
        (distance, (("implied", "implied by D's loss", DISCRIMINATOR), ("true", "true", REAL))),
        ("mean |D − D*|", (("gap", "", FAKE),)),
    )
    data, words, lines = [], [], []
    made = layout(260, revision, margin={"l": 46, "r": 8, "t": 46, "b": 44})
    for i, (title, curves) in enumerate(rows):
        number = "" if i == 0 else str(i + 1)
        left = i / 3 + 0.015 * i
        place = {"xaxis": f"x{number}", "yaxis": f"y{number}"}
        for name, label, color in curves:
            trace = curve(tracked["step"], tracked[name], label, color, showlegend=bool(label))
            data.append(trace | place | {"mode": "lines+markers", "marker": {"size": 4}})
        made[f"xaxis{number}"] = axis("step", domain=[left, left + 0.29], anchor=f"y{number}")
        made[f"yaxis{number}"] = axis("", anchor=f"x{number}", nticks=6)
        words.append(headline(title, left, 1.0))
    line, label = level(value, f"equilibrium {value:.3f}")
    lines.append(line)
    made |= {"annotations": [*words, label], "shapes": lines}
    made["legend"] |= {"y": 1.12}
    return {"data": data, "layout": made}


def flow(rows: Sequence[LayerFlow], revision: str) -> Figure:
    """Return the computation from z to the loss, layer by layer, and the gradients in both turns.

    Grey bars are gradients at a layer's output, coloured ones those of its weights.
    """
    split = sum(row.network == "generator" for row in rows)
    parts = map(_layer, rows[:split]), map(_layer, rows[split:])
    names = ["noise z ↓", *parts[0], "x = G(z) ↓", *parts[1], "loss ↓"]
    places = np.array([*range(1, split + 1), *range(split + 2, len(rows) + 2)])
    data, words = [], []
    turns = [[row.in_d_turn for row in rows], [row.in_g_turn for row in rows]]
    for number, turn in zip(("", "2"), turns, strict=True):
        place = {"xaxis": f"x{number}", "yaxis": "y", "showlegend": number == "2"}
        at_output = np.array([np.nan if n.output is None else n.output for n in turn])
        data.append(_bars(at_output, places, "at the layer's output", FAINT) | place)
        for network, color in (("generator", FAKE), ("discriminator", DISCRIMINATOR)):
            own = [
                np.nan if n.weights is None or row.network != network else n.weights
                for n, row in zip(turn, rows, strict=True)
            ]
            name = f"of {'G' if network == 'generator' else 'D'}'s weights"
            bars = _bars(np.array(own), places, name, color) | place
            data.append(bars | {"showlegend": number == ("2" if network == "generator" else "")})
        for row, norms, y in zip(rows, turn, places, strict=True):
            if row.network == "discriminator" and row.parameters and norms.weights is None:
                words.append(_note("weights stand still", number, y))
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
        words.append(headline(f"{title}: the loss below, its gradient upwards", domain[0], 1.0))
    made["legend"] |= {"y": 1.0 + 34 / made["height"]}
    made["annotations"] = words
    return {"data": data, "layout": made}


def _decades(rows: Sequence[LayerFlow]) -> list[int]:
    """Return the powers of ten between which all gradients lie."""
    turns = [norms for row in rows for norms in (row.in_d_turn, row.in_g_turn)]
    lengths = [n for norms in turns for n in norms if n]
    if not lengths:
        return [-1, 0]
    return [math.floor(math.log10(min(lengths))), math.ceil(math.log10(max(lengths)))]


def _layer(row: LayerFlow) -> str:
    weights = f", {row.parameters:,} weights" if row.parameters else ""
    return f"{row.network[0].upper()} · {row.layer} → {row.output}{weights}"


def _bars(lengths: np.ndarray, places: np.ndarray, name: str, color: str) -> dict[str, Any]:
    bar = {"type": "bar", "orientation": "h", "x": lengths, "y": places, "name": name}
    wide = 0.8 if color == FAINT else 0.4
    return bar | {"width": wide, "marker": {"color": color}, "legendgroup": name}


def _note(text: str, number: str, y: int) -> dict[str, Any]:
    place = {"x": 0.02, "xref": f"x{number} domain", "xanchor": "left", "y": y, "yref": "y"}
    return place | {"text": text, "showarrow": False, "font": {"size": 11}}


def judged(pixels: PixelArray, answers: Values | None, low: float, high: float) -> PixelArray:
    """Return the pictures in colour, each with a bar under it: D's answer from `low` to `high`."""
    n, channels, _, width = pixels.shape
    colour = np.repeat(pixels, 3, axis=1) if channels == 1 else pixels
    thick = max(2, width // 10)
    bar = np.full((n, 3, thick, width), 40, dtype=np.uint8)
    if answers is not None:
        share = np.clip((answers - low) / (high - low or 1.0), 0, 1)
        filled = np.arange(width) < np.round(share * width)[:, None]
        bar = np.where(filled[:, None, None, :], _rgb(DISCRIMINATOR), bar)
    return np.concatenate([colour, bar.astype(np.uint8)], axis=2)


def push_map(push: np.ndarray) -> PixelArray:
    """Return pushes on pictures as pictures: green where more ink is wanted, purple where less.

    `push` has shape (n, channels, height, width); each is scaled by its own largest. Colour
    pictures show the push on each channel around grey.
    """
    largest = np.abs(push).max(axis=(1, 2, 3), keepdims=True)
    part = push / np.where(largest > 0, largest, 1)
    if push.shape[1] == 3:
        return np.round(127.5 + 127.5 * part).astype(np.uint8)
    more, less = np.clip(part, 0, 1), np.clip(-part, 0, 1)
    return np.round(more * _rgb(DISCRIMINATOR) + less * _rgb(OPTIMUM)).astype(np.uint8)


def _rgb(color: str) -> np.ndarray:
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], dtype=float).reshape(3, 1, 1)


def moved(pixels: PixelArray, push: np.ndarray) -> PixelArray:
    """Return pictures moved along their push until it has changed a pixel by a third of its range.

    `push` has the pictures' shape.
    """
    largest = np.abs(push).max(axis=(1, 2, 3), keepdims=True)
    far = FAR * push / np.where(largest > 0, largest, 1)
    return np.clip(np.round(pixels + far), 0, 255).astype(np.uint8)


def pushes(
    found: Pushed, chosen: int, view: LineView, config: ExperimentConfig, revision: str
) -> Figure:
    """Return the push on generated samples as arrows over D's curve; one is marked."""
    drawn = Scene(
        found.samples,
        found.samples,
        answer_fake=found.answer,
        push=found.push[:, None],
        curve=view.d,
    )
    made = scene(drawn, view.x, config, revision)
    here = found.samples[chosen : chosen + 1], found.answer[chosen : chosen + 1]
    ring = {"symbol": "circle-open", "size": 17, "line": {"width": 3, "color": OPTIMUM}}
    made["data"].append(points(*here, f"sample {chosen + 1}", OPTIMUM, marker=ring))
    density = {"yaxis": "y2", "opacity": 0.5, "fill": "tozeroy"}
    made["data"].insert(0, curve(view.x, view.p_real, "target density", REAL, **density))
    behind(made["layout"])
    return made


def _reach(seen: Scene) -> tuple[float, float]:
    """Return the interval that D's raw scores fill."""
    curves = [c for c in (seen.curve, seen.curve_before) if c is not None]
    return min(c.min() for c in curves), max(c.max() for c in curves)
