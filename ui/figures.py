"""Snapshots as figures: Plotly's `data` and `layout` as plain values, with no widgets and no maths.

Colours are those of Okabe & Ito (2008), which people of any colour vision can tell apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gan_core.config import ExperimentConfig
from gan_core.metrics import METRICS
from gan_core.quality import Census, Quality
from gan_core.snapshot import Snapshot

REAL = "#1a86d0"
FAKE = "#e8710a"
DISCRIMINATOR = "#009e73"
OPTIMUM = "#b06bb3"
FAINT = "rgba(128,128,128,0.55)"

QUALITIES_A_ROW = 4

Figure = dict[str, Any]


def curve(x: Any, y: Any, name: str, color: str, **more: Any) -> dict[str, Any]:
    """Return a line trace."""
    line = {"color": color, "width": 2} | more.pop("line", {})
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "name": name, "line": line} | more


def level(y: float, text: str, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a dashed horizontal line across a panel, and the words at its right end."""
    yref, xref = more.get("yref", "y"), more.get("xref", "x domain")
    line = {
        "type": "line",
        "x0": 0,
        "x1": 1,
        "xref": xref,
        "y0": y,
        "y1": y,
        "yref": yref,
        "line": {"dash": "dot", "width": 1.5},
        "opacity": 0.8,
    }
    words = {
        "x": 1,
        "xref": xref,
        "xanchor": "right",
        "y": more.get("label_y", y),
        "yref": yref,
        "yanchor": "bottom",
        "text": text,
        "showarrow": False,
        "font": {"size": 11},
    }
    return line, words


def change(step: int, words: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a vertical line where a setting was changed, and the words at its foot."""
    place = {"xref": "x", "yref": "y domain"}
    line = {"type": "line", "x0": step, "x1": step, "y0": 0, "y1": 1, "line": {"width": 1}}
    label = {"x": step, "y": 0, "yanchor": "bottom", "xanchor": "left", "text": words}
    return line | place, label | place | {"showarrow": False, "font": {"size": 11}}


def layout(height: int, revision: str, **more: Any) -> dict[str, Any]:
    """Return what all figures share; the same `revision` keeps zoom and legend."""
    made = {
        "height": height,
        "uirevision": revision,
        "margin": {"l": 56, "r": 16, "t": 28, "b": 44},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "xanchor": "left"},
        "hovermode": "x unified",
        "modebar": {"orientation": "v", "bgcolor": "rgba(0,0,0,0)"},
        "showlegend": True,
    }
    return made | more


def axis(title: str, **more: Any) -> dict[str, Any]:
    return {"title": {"text": title}} | more


def d_label(config: ExperimentConfig) -> str:
    """Return what D's output means under this loss."""
    return "probability of real" if config.loss.probability else "raw score of D"


def distributions(snapshot: Snapshot, config: ExperimentConfig, revision: str) -> Figure:
    """Return the paper's Figure 1: both densities, D and the best D over the axis."""
    view = snapshot.line
    kind = "D(x)" if config.loss.probability else "D(x), raw score"
    data = [
        curve(view.x, view.p_real, "target density", REAL, fill="tozeroy"),
        curve(view.x, view.p_fake, "generated density", FAKE, fill="tozeroy"),
        curve(view.x, view.d, kind, DISCRIMINATOR, yaxis="y2"),
    ]
    if view.d_optimal is not None:
        dash = {"dash": "dash", "width": 2}
        data.append(
            curve(view.x, view.d_optimal, "best possible D*(x)", OPTIMUM, yaxis="y2", line=dash)
        )
    score = axis(d_label(config), overlaying="y", side="right", showgrid=False, zeroline=False)
    score |= {"tickmode": "auto", "nticks": 6}
    if config.loss.score_range:
        low, high = config.loss.score_range
        score["range"] = [low - 0.02, high + 0.02]
    elif config.loss.floating:
        # D* is a logarithm of densities, which runs off where one of them ends; D does not.
        reach = max(1.0, float(np.ptp(view.d)))
        score["range"] = [float(view.d.min()) - reach, float(view.d.max()) + reach]
    return {
        "data": data,
        "layout": layout(
            390,
            revision,
            margin={"l": 56, "r": 60, "t": 46, "b": 44},
            xaxis=axis("x, units of the data", range=[view.x[0], view.x[-1]]),
            yaxis=axis("density, per unit of x", rangemode="tozero"),
            yaxis2=score,
        ),
    }


def noise_map(snapshot: Snapshot, config: ExperimentConfig, revision: str) -> Figure:
    """Return lines from z, below, to G(z), above, and the noise's density under them."""
    view = snapshot.line
    low, high = view.x[0], view.x[-1]
    stretch = (high - low) / (view.z[-1] - view.z[0])
    bottom = low + (view.lines_z - view.z[0]) * stretch
    gap = np.full_like(bottom, np.nan)
    xs = np.stack([bottom, np.clip(view.lines_x, low, high), gap], 1).ravel()
    ys = np.stack([np.zeros_like(gap), np.ones_like(gap), gap], 1).ravel()
    z_name = "z" if config.latent_dim == 1 else f"z₁, first of {config.latent_dim} coordinates"
    data = [
        curve(xs, ys, "z → G(z)", FAKE, line={"width": 1}, hoverinfo="skip"),
    ]
    if view.atoms:
        values = np.array(list(view.atoms))
        data.append(
            {
                "type": "bar",
                "x": values,
                "y": np.array(list(view.atoms.values())),
                "width": 0.02 * (view.z[-1] - view.z[0]),
                "marker": {"color": FAINT},
                "name": "noise prior",
                "xaxis": "x2",
                "yaxis": "y2",
            }
        )
    else:
        data.append(
            curve(view.z, view.p_z, "noise prior", FAINT, fill="tozeroy", xaxis="x2", yaxis="y2")
        )
    still = {"fixedrange": True}
    return {
        "data": data,
        "layout": layout(
            300,
            revision,
            hovermode=False,
            showlegend=False,
            margin={"l": 56, "r": 60, "t": 40, "b": 44},
            xaxis=axis("x = G(z), units of the data", range=[low, high], side="top", **still),
            yaxis={
                "domain": [0.36, 1],
                "range": [0, 1],
                "tickvals": [0, 1],
                "ticktext": ["z", "G(z)"],
                **still,
            },
            xaxis2=axis(z_name, range=[view.z[0], view.z[-1]], anchor="y2", **still),
            yaxis2=axis(
                "probability" if view.atoms else "density",
                domain=[0, 0.26],
                rangemode="tozero",
                nticks=3,
                **still,
            ),
        ),
    }


def losses(snapshot: Snapshot, config: ExperimentConfig, revision: str) -> Figure:
    """Return both losses over the steps, with their values at the equilibrium."""
    history = snapshot.history
    at_d, at_g = config.loss.equilibrium()
    data = [
        curve(history["step"], history["loss_d"], "loss of D", DISCRIMINATOR, line={"width": 1.2}),
        curve(history["step"], history["loss_g"], "loss of G", FAKE, line={"width": 1.2}),
    ]
    if not config.loss.anchored:
        marks = [level(at_d, f"D at equilibrium {at_d:.3g}; G has no fixed value")]
    elif at_d == at_g:
        marks = [level(at_d, f"both at equilibrium {at_d:.3g}")]
    else:
        marks = [level(at_d, f"D at equilibrium {at_d:.3g}")]
        marks.append(level(at_g, f"G at equilibrium {at_g:.3g}"))
    title = "loss, nats" if config.loss.probability else "loss"
    return over_steps(data, marks, axis(title), snapshot, revision)


def judgements(snapshot: Snapshot, config: ExperimentConfig, revision: str) -> Figure:
    """Return D's mean output on real and generated batches over the steps."""
    history = snapshot.history
    step, thin = history["step"], {"width": 1.2}
    data = [
        curve(step, history["d_real"], "D(x), real", REAL, line=thin),
        curve(step, history["d_fake_before"], "D(G(z)) before G's update", FAKE, line=thin),
        curve(
            step,
            history["d_fake_after"],
            "after, every 25th step",
            FAKE,
            connectgaps=True,
            line={"width": 1.2, "dash": "dot"},
            opacity=0.8,
        ),
    ]
    marks = []
    if config.loss.probability:
        marks.append(level(0.5, "cannot tell 0.5"))
    scores = axis(f"mean {d_label(config)}")
    if config.loss.probability:
        scores["range"] = [-0.02, 1.02]
    return over_steps(data, marks, scores, snapshot, revision)


def over_steps(
    data: list[dict[str, Any]],
    marks: list[Any],
    yaxis: dict[str, Any],
    snapshot: Snapshot,
    revision: str,
) -> Figure:
    """Return curves over the steps, with a mark where the loss was changed."""
    marks = marks + [change(step, words) for step, words in snapshot.changes]
    lines, words = zip(*marks, strict=True) if marks else ((), ())
    return {
        "data": data,
        "layout": layout(
            345,
            revision,
            margin={"l": 56, "r": 16, "t": 46, "b": 44},
            xaxis=axis("step", rangemode="tozero"),
            yaxis=yaxis,
            shapes=list(lines),
            annotations=list(words),
        ),
    }


def distances(snapshot: Snapshot, revision: str) -> Figure:
    """Return every metric over the steps, with what a perfect sampler of the same size gets."""
    history = snapshot.metric_history
    panels = [
        Panel(
            METRICS[name].title,
            METRICS[name].unit,
            history["step"],
            history[name],
            snapshot.perfect[name].median,
            f"perfect sampler {snapshot.perfect[name].median:.2g}",
            log=True,
        )
        for name in METRICS.names()
    ]
    return small_multiples(panels, len(panels), revision)


def qualities(found: Sequence[Quality], revision: str) -> Figure:
    """Return every measure of quality over the steps, with what real pictures score."""
    steps = np.array([quality.step for quality in found])
    panels = []
    for name, last in found[-1].values.items():
        values = np.array([q.values[name].value if name in q.values else np.nan for q in found])
        title = last.title.split(" (")[0] + (" ↑" if last.higher_is_better else " ↓")
        level_ = last.real_against_real
        panels.append(Panel(title, last.unit, steps, values, level_, f"real {level_:.3g}"))
    return small_multiples(panels, QUALITIES_A_ROW, revision)


def census(name: str, counted: Census, revision: str) -> Figure:
    """Return how many real pictures and samples show each value of a factor."""
    values = list(counted.values)
    bars = [
        {"type": "bar", "x": values, "y": list(counts), "name": words, "marker": {"color": color}}
        for words, counts, color in (
            ("real", counted.real, REAL),
            ("generated", counted.generated, FAKE),
        )
    ]
    title = f"{name}, as the classifier reads it"
    made = layout(
        230,
        revision,
        xaxis=axis(title, type="category"),
        yaxis=axis("pictures"),
        margin={"l": 50, "r": 8, "t": 28, "b": 44},
    )
    return {"data": bars, "layout": made}


@dataclass(frozen=True)
class Panel:
    """One small chart over the steps, with the level that it is compared to."""

    title: str
    unit: str
    x: np.ndarray
    y: np.ndarray
    level: float
    words: str
    log: bool = False


def small_multiples(panels: Sequence[Panel], across: int, revision: str) -> Figure:
    """Return small charts in rows of `across`, each with its own axes."""
    rows = -(-len(panels) // across)
    data, lines, words, axes = [], [], [], {}
    for i, panel in enumerate(panels):
        number = "" if i == 0 else str(i + 1)
        left = (i % across) / across * (1 + 0.06 / across)
        right = left + 1 / across - 0.04
        top = 1 - (i // across) / rows
        bottom = top - 1 / rows + (0.13 if rows > 1 else 0)
        low = top - 0.06 if rows > 1 else top
        axes[f"xaxis{number}"] = axis(
            "step", domain=[left, min(right, 1)], anchor=f"y{number}", rangemode="tozero"
        )
        scale = {"type": "log", "exponentformat": "power", "dtick": 1} if panel.log else {}
        axes[f"yaxis{number}"] = axis(
            panel.unit, domain=[bottom, low], anchor=f"x{number}", nticks=5, **scale
        )
        trace = curve(panel.x, panel.y, panel.title, FAKE)
        trace["mode"] = "lines+markers" if len(panel.x) < 10 else "lines"
        data.append(trace | {"xaxis": f"x{number}", "yaxis": f"y{number}"})
        if np.isfinite(panel.level):
            line, word = level(
                panel.level,
                panel.words,
                yref=f"y{number}",
                xref=f"x{number} domain",
                label_y=float(np.log10(panel.level)) if panel.log else panel.level,
            )
            lines.append(line | {"line": line["line"] | {"color": REAL}})
            words.append(word)
        words.append(_headline(panel.title, left, low))
    made = layout(
        250 if rows == 1 else 215 * rows,
        revision,
        showlegend=False,
        shapes=lines,
        annotations=words,
        **axes,
    )
    return {"data": data, "layout": made}


def _headline(title: str, left: float, top: float) -> dict[str, Any]:
    place = {"x": left, "xref": "paper", "xanchor": "left", "y": top + 0.005, "yref": "paper"}
    return place | {"text": f"<b>{title}</b>", "yanchor": "bottom", "showarrow": False}
