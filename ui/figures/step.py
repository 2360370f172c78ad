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
    axis,
    curve,
    d_label,
    d_name,
    data_label,
    layout,
    points,
)

FAR = 85
"""How much a pixel is changed, of 255, when a picture is moved along its push."""

FORCE = 0.16
"""How long the longest arrow is, as a share of the axis it runs along."""


def scene(seen: StepView, x: Grid, config: ExperimentConfig, revision: str) -> Figure:
    """Return the samples, D and the forces at one line of a step, for numbers.

    Samples lie on the axis, and on D's curve once D has judged them.
    """
    low, high = config.loss.score_range or _reach(seen)
    span = high - low
    floor = low - 0.12 * span
    data = [curve(x, seen.curve, d_name(config), DISCRIMINATOR)]
    if seen.curve_before is not None:
        data.append(
            curve(
                x, seen.curve_before, "D before", DISCRIMINATOR, line={"dash": "dot"}, opacity=0.6
            )
        )
    for name, color, samples, answers, force in (
        ("real x", REAL, seen.real, seen.d_output_real, seen.logit_force_real),
        ("generated G(z)", FAKE, seen.fake, seen.d_output_fake, seen.logit_force_fake),
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
        data.append(
            arrows(seen.fake, seen.d_output_fake, push, still, "push on G(z), scaled", FAKE)
        )
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
            xaxis=axis(data_label(config), range=[x[0], x[-1]]),
            yaxis=axis(d_label(config), range=[floor - 0.06 * span, high + 0.1 * span]),
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


def moved(pixels: PixelArray, push: np.ndarray) -> PixelArray:
    """Return pictures moved along their push until it has changed a pixel by a third of its range.

    `push` has the pictures' shape.
    """
    largest = np.abs(push).max(axis=(1, 2, 3), keepdims=True)
    far = FAR * push / np.where(largest > 0, largest, 1)
    return np.clip(np.round(pixels + far), 0, 255).astype(np.uint8)


def _rgb(color: str) -> np.ndarray:
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], dtype=float).reshape(3, 1, 1)
