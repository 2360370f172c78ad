"""Measures of quality as figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_core.evaluation.report import ClassHistogram, EvaluationReport
from gan_core.training.monitoring.history import StepCurves
from ui.figures.primitives import FAKE, REAL, Figure, Panel, axis, layout, small_multiples

QUALITIES_PER_ROW = 4


def qualities(reports: Sequence[EvaluationReport], revision: str) -> Figure:
    """Return all measures of quality over the steps, with intervals and the score of real ones."""
    steps = np.array([report.step for report in reports])
    panels = []
    for name, last in reports[-1].values.items():
        found = [report.values.get(name) for report in reports]
        rows = [(m.value, *m.interval) if m else (np.nan,) * 3 for m in found]
        values, low, high = np.array(rows).T
        curves = StepCurves(steps, {name: low}, {name: high}, {name: values})
        title = last.title.split(" (")[0] + (" ↑" if last.higher_is_better else " ↓")
        title += "" if last.can_tell else ", cannot tell"
        level_ = last.real_against_real
        words = f"real {level_:.3g}"
        muted = not last.can_tell
        panels.append(Panel(title, last.unit, curves, name, level_, words, muted=muted))
    return small_multiples(panels, QUALITIES_PER_ROW, revision)


def class_histogram(name: str, counted: ClassHistogram, revision: str) -> Figure:
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
        yaxis=axis("pictures", hoverformat=",d"),
        margin={"l": 50, "r": 8, "t": 28, "b": 44},
    )
    return {"data": bars, "layout": made}
