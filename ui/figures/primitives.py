"""Parts of all figures: curves, axes, marked levels, rows of small charts.

Colours are those of Okabe & Ito (2008), which people of any colour vision can tell apart.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gan_core.config import ExperimentConfig
from gan_core.shapes import Values
from gan_core.training.monitoring.history import StepCurves
from gan_core.training.monitoring.snapshot import Snapshot

REAL = "#1a86d0"
FAKE = "#e8710a"
DISCRIMINATOR = "#009e73"
OPTIMUM = "#b06bb3"
GREY, FAINT = "#808080", "rgba(128,128,128,0.55)"

Figure = dict[str, Any]


MAX_MARK = 40
"""Characters beside a mark in a chart over the steps."""


def curve(x: Any, y: Any, name: str, color: str, **more: Any) -> dict[str, Any]:
    """Return a line trace."""
    line = {"color": color, "width": 2} | more.pop("line", {})
    return {"mode": "lines", "x": x, "y": y, "name": name, "line": line} | more


def envelope(
    curves: StepCurves, column: str, name: str, color: str, **more: Any
) -> list[dict[str, Any]]:
    """Return the line of a column's means, in a band from its minima to its maxima."""
    step, low, high = curves.step, curves.low[column], curves.high[column]
    if not np.any(low < high):
        step, low, high = step[:0], low[:0], high[:0]
    edge = {k: more[k] for k in ("xaxis", "yaxis") if k in more}
    edge |= {"mode": "lines", "line": {"color": color, "width": 0}}
    edge |= {"showlegend": False, "legendgroup": name, "x": step}
    fill = {"fill": "tonexty", "fillcolor": faded(color)}
    return [
        edge | {"y": low, "name": f"{name}: lowest"},
        edge | {"y": high, "name": f"{name}: highest"} | fill,
        curve(curves.step, curves.mean[column], name, color, legendgroup=name, **more),
    ]


def faded(color: str) -> str:
    """Return a colour `#rrggbb` with little opacity."""
    return f"{color}38"


def level(y: float, name: str | None, color: str | None = None, **place: Any) -> dict[str, Any]:
    """Return a dotted horizontal line across a panel; its name is in the legend."""
    line = {"dash": "dot", "width": 1.5} | ({"color": color} if color else {})
    across = {"x0": 0, "x1": 1, "xref": "x domain", "yref": "y"} | place
    named = {"name": name, "showlegend": True} if name else {}
    y = float(f"{y:.6g}")
    return {"type": "line", "y0": y, "y1": y, "line": line} | across | named


def with_curves(
    levels: list[dict[str, Any]], data: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the levels if there is a curve; Plotly cannot lay out a legend of levels alone."""
    return levels if any(len(trace["x"]) for trace in data) else []


def change(step: int, words: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a vertical line where a setting was changed, and the words at its foot."""
    place = {"xref": "x", "yref": "y domain"}
    line = {"type": "line", "x0": step, "x1": step, "y0": 0, "y1": 1, "line": {"width": 1}}
    label = {"x": step, "y": 0, "yanchor": "bottom", "xanchor": "left", "text": words}
    return line | place, label | place | {"showarrow": False, "font": {"size": 11}}


def cut(since: int, words: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return a grey field up to a step before which the curves were another quantity, if any."""
    if not since:
        return []
    place = {"xref": "x", "yref": "y domain"}
    field = {"type": "rect", "x0": 0, "x1": since, "y0": 0, "y1": 1, "layer": "below"}
    field |= {"fillcolor": FAINT, "opacity": 0.18, "line": {"width": 0, "color": FAINT}}
    label = {"x": 0, "y": 0.5, "xanchor": "left", "yanchor": "middle", "text": words}
    return [(field | place, label | place | {"showarrow": False, "font": {"size": 11}})]


def layout(height: int, revision: str, **more: Any) -> dict[str, Any]:
    """Return the layout that all figures share; the same `revision` keeps zoom and legend."""
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


def data_label(config: ExperimentConfig, symbol: str = "x") -> str:
    """Return the title of an axis of samples: the symbol, and the name of the data."""
    return f"{symbol}, {literal(config.dataset.axis_name)}"


def literal(text: str, most: int = 40) -> str:
    """Return text that a chart shows as it stands: no tag, link or formula; cut if it is long."""
    text = text if len(text) <= most else f"{text[: most - 1]}…"
    return html.escape(text, quote=False).replace("$", "&#36;")


def d_label(config: ExperimentConfig) -> str:
    """Return the meaning of D's output under this loss, as an axis label."""
    return "probability of real" if config.loss.is_probabilistic else "raw score of D"


def d_name(config: ExperimentConfig) -> str:
    """Return the name of D's curve over x, which is that of D at rest."""
    return "D(x) at rest" if config.architecture.discriminator.differs_at_rest else "D(x)"


def shortened(texts: list[str]) -> str:
    """Return the texts of one mark, no longer than fits beside the next one."""
    text = "; ".join(texts)
    return text if len(text) <= MAX_MARK else text[: MAX_MARK - 1] + "…"


def over_steps(
    data: list[dict[str, Any]],
    levels: list[dict[str, Any]],
    cuts: list[tuple[dict[str, Any], dict[str, Any]]],
    yaxis: dict[str, Any],
    snapshot: Snapshot,
    revision: str,
) -> Figure:
    """Return curves over the steps, with a mark where the settings were changed."""
    changed: dict[int, list[str]] = {}
    for step, words in snapshot.config_changes:
        changed.setdefault(step, []).append(words)
    marks = cuts + [change(step, shortened(words)) for step, words in changed.items()]
    lines, words = zip(*marks, strict=True) if marks else ((), ())
    return {
        "data": data,
        "layout": layout(
            345,
            revision,
            margin={"l": 56, "r": 16, "t": 46, "b": 44},
            xaxis=axis("step", rangemode="tozero"),
            yaxis=yaxis,
            shapes=[*with_curves(levels, data), *lines],
            annotations=list(words),
        ),
    }


@dataclass(frozen=True)
class Panel:
    """One small chart over the steps, with the level that it is compared to."""

    title: str
    unit: str
    curves: StepCurves
    column: str
    level: float
    words: str
    log: bool = False
    muted: bool = False
    """Whether the values say nothing: they are grey."""


def small_multiples(panels: Sequence[Panel], across: int, revision: str) -> Figure:
    """Return small charts in rows of `across`, each with its own axes."""
    rows = -(-len(panels) // across)
    data, lines, words, axes = [], [], [], {}
    for i, panel in enumerate(panels):
        number = "" if i == 0 else str(i + 1)
        left = round((i % across) / across * (1 + 0.06 / across), 4)
        right = round(left + 1 / across - 0.04, 4)
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
        place = {"xaxis": f"x{number}", "yaxis": f"y{number}"}
        mode = "lines+markers" if len(panel.curves) < 10 else "lines"
        color = GREY if panel.muted else FAKE
        data += envelope(panel.curves, panel.column, panel.title, color, mode=mode, **place)
        if np.isfinite(panel.level):
            place = {"xref": f"x{number} domain", "yref": f"y{number}"}
            lines.append(level(panel.level, None, REAL, **place))
            words.append(note_above(f"┄ {panel.words}", min(right, 1), low))
        words.append(headline(panel.title, left, low))
    made = layout(
        250 if rows == 1 else 215 * rows,
        revision,
        showlegend=False,
        shapes=lines,
        annotations=words,
        **axes,
    )
    return {"data": data, "layout": made}


def headline(title: str, left: float, top: float) -> dict[str, Any]:
    place = {"x": left, "xref": "paper", "xanchor": "left", "y": top + 0.005, "yref": "paper"}
    return place | {"text": f"<b>{title}</b>", "yanchor": "bottom", "showarrow": False}


def note_above(text: str, right: float, top: float) -> dict[str, Any]:
    """Return words above the right end of a panel."""
    place = {"x": right, "xref": "paper", "xanchor": "right", "y": top + 0.005, "yref": "paper"}
    return place | {"text": text, "yanchor": "bottom", "showarrow": False, "font": {"size": 11}}


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


def add_density_axis(made: dict[str, Any]) -> None:
    """Add an axis for densities at the right of a layout, drawn behind the curves."""
    made["yaxis"] |= {"overlaying": "y2", "tickmode": "auto", "nticks": 6}
    made["yaxis2"] = axis("density", side="right", showgrid=False, rangemode="tozero", nticks=4)
    made["margin"] |= {"r": 60}
