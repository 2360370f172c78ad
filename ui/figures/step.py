"""A training step as a figure: samples, D's outputs on them, and the pushes."""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_core.config import ExperimentConfig
from gan_core.explain.sample_gradients import SampleGradients
from gan_core.explain.step_recording import StepView
from gan_core.shapes import Grid, PixelArray, Values
from gan_core.training.monitoring.snapshot import DensityView
from ui.figures.primitives import (
    DISCRIMINATOR,
    FAINT,
    FAKE,
    OPTIMUM,
    REAL,
    Figure,
    add_density_axis,
    curve,
    d_axis,
    d_name,
    d_symbol,
    layout,
    points,
    x_axis,
)

FAR = 85
"""How much a pixel is changed, of 255, when a picture is moved along its push."""

FORCE = 0.16
"""How long the longest arrow is, as a share of the axis it runs along."""

LANE = 0.03
"""How far apart two arrows are that run beside each other, as a share of D's axis."""

MORE = "#e6c229"
"""Yellow: more ink is wanted. Blue, orange and green have their meanings."""


def scene(seen: StepView, x: Grid, config: ExperimentConfig, revision: str) -> Figure:
    """Return the samples, D and the forces at one line of a step, for numbers.

    Samples lie on the axis, and on D's curve once D has judged them.
    """
    low, high = config.loss.score_range or _reach(seen)
    span = high - low
    floor = low - 0.12 * span
    d = d_symbol(config)
    data = [curve(x, seen.curve, d_name(config), DISCRIMINATOR)]
    if seen.curve_before is not None:
        before = {"line": {"dash": "dot"}, "opacity": 0.6}
        data.append(curve(x, seen.curve_before, f"{d}(x) before", DISCRIMINATOR, **before))
    for name, color, samples, answers, force in (
        ("real x", REAL, seen.real, seen.d_output_real, seen.logit_force_real),
        ("generated G(z)", FAKE, seen.fake, seen.d_output_fake, seen.logit_force_fake),
    ):
        if samples is None:
            continue
        height = np.full_like(samples, floor) if answers is None else answers
        hover = "x = %{x:.3~f}" + ("" if answers is None else f"<br>{d}(x) = %{{y:.3~f}}")
        data.append(points(samples, height, name, color, hovertemplate=hover))
        if force is not None:
            push = _scaled(force, FORCE * span)
            still = np.zeros_like(push)
            data.append(arrows(samples, height, still, push, "push on D", color, showlegend=False))
    if seen.push is not None:
        push = _scaled(seen.push[:, 0], FORCE * (x[-1] - x[0]))
        lift = spread(seen.fake, seen.fake + push, seen.d_output_fake, LANE * span)
        data.append(
            arrows(
                seen.fake, seen.d_output_fake, push, lift, "push on G(z), scaled", FAKE, bent=True
            )
        )
    if seen.fake_before is not None:
        rest = np.full_like(seen.fake, floor)
        data.append(points(seen.fake_before, rest, "G(z) before", FAINT))
        moved = seen.fake - seen.fake_before
        lift = spread(seen.fake_before, seen.fake, rest, LANE * span)
        data.append(arrows(seen.fake_before, rest, moved, lift, "moved", FAKE, bent=True))
    return {
        "data": data,
        "layout": layout(
            270,
            revision,
            hovermode="closest",
            margin={"l": 50, "r": 8, "t": 44, "b": 36},
            xaxis=x_axis(config, range=[x[0], x[-1]]),
            yaxis=d_axis(config, range=[floor - 0.06 * span, high + 0.1 * span]),
        ),
    }


def pushes(
    found: SampleGradients, chosen: int, view: DensityView, config: ExperimentConfig, revision: str
) -> Figure:
    """Return the push on generated samples as arrows over D's curve; one is marked."""
    drawn = StepView(
        found.samples,
        d_output_fake=found.d_output,
        push=found.push[:, None],
        curve=view.d,
    )
    made = scene(drawn, view.x, config, revision)
    here = found.samples[chosen : chosen + 1], found.d_output[chosen : chosen + 1]
    ring = {"symbol": "circle-open", "size": 17, "line": {"width": 3, "color": OPTIMUM}}
    made["data"].append(points(*here, f"sample {chosen + 1}", OPTIMUM, marker=ring))
    density = {"yaxis": "y2", "opacity": 0.5, "fill": "tozeroy"}
    made["data"].insert(0, curve(view.x, view.p_real, "target density", REAL, **density))
    add_density_axis(made["layout"])
    return made


def _reach(seen: StepView) -> tuple[float, float]:
    """Return the interval that D's raw scores fill."""
    curves = [c for c in (seen.curve, seen.curve_before) if c is not None]
    return min(c.min() for c in curves), max(c.max() for c in curves)


def _scaled(values: Values, length: float) -> Values:
    """Return the values with the largest as long as `length`."""
    largest = float(np.abs(values).max(initial=0))
    return values * (length / largest) if largest else values


def spread(start: Values, end: Values, height: Values, lane: float) -> Values:
    """Return how far each arrow along the axis is lifted, so that no two lie on one another.

    An arrow goes from `start` to `end` at its `height`; those that would meet get lanes above each
    other, `lane` high, in which the lowest one stays where it is.
    """
    low, high = np.minimum(start, end), np.maximum(start, end)
    lifted = np.zeros(len(start))
    placed: list[int] = []
    for i in np.argsort(low, kind="stable"):
        near = [j for j in placed if low[j] <= high[i] and low[i] <= high[j]]
        while any(abs(height[i] + lifted[i] - height[j] - lifted[j]) < lane for j in near):
            lifted[i] += lane / 2
        placed.append(int(i))
    return lifted


def arrows(
    x: Values,
    y: Values,
    dx: Values,
    dy: Values,
    name: str,
    color: str,
    bent: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """Return arrows from (x, y) to (x + dx, y + dy) as one trace.

    A `bent` one rises by dy at its foot, then runs level.
    """
    gap = np.full_like(x, np.nan)
    xs, ys, sizes = [x, x + dx, gap], [y, y + dy, gap], [0, 11, 0]
    if bent:
        xs, ys, sizes = [x, *xs], [y, y + dy, *ys[1:]], [0, *sizes]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": np.stack(xs, 1).ravel(),
        "y": np.stack(ys, 1).ravel(),
        "name": name,
        "line": {"color": color, "width": 2},
        "marker": {
            "symbol": "arrow",
            "angleref": "previous",
            "size": sizes * len(x),
            "color": color,
        },
        "hoverinfo": "skip",
    } | more


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
    """Return pushes on pictures as pictures: yellow where more ink is wanted, purple where less.

    `push` has shape (n, channels, height, width); each is scaled by its own largest. Colour
    pictures show the push on each channel around grey.
    """
    largest = np.abs(push).max(axis=(1, 2, 3), keepdims=True)
    part = push / np.where(largest > 0, largest, 1)
    if push.shape[1] == 3:
        return np.round(127.5 + 127.5 * part).astype(np.uint8)
    more, less = np.clip(part, 0, 1), np.clip(-part, 0, 1)
    return np.round(more * _rgb(MORE) + less * _rgb(OPTIMUM)).astype(np.uint8)


def moved(pixels: PixelArray, push: np.ndarray) -> PixelArray:
    """Return pictures moved along their push until it has changed a pixel by a third of its range.

    `push` has the pictures' shape.
    """
    largest = np.abs(push).max(axis=(1, 2, 3), keepdims=True)
    far = FAR * push / np.where(largest > 0, largest, 1)
    return np.clip(np.round(pixels + far), 0, 255).astype(np.uint8)


def _rgb(color: str) -> np.ndarray:
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], dtype=float).reshape(3, 1, 1)
