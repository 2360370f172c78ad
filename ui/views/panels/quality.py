"""The quality of the samples: evaluations at a button or every so many steps."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from gan_core.evaluation.evaluate import SAMPLES
from gan_core.evaluation.metrics.resampling import HALVES
from gan_core.evaluation.report import EvaluationReport, MetricResult
from ui import figures
from ui.components import live_chart
from ui.markdown import escape_markdown
from ui.run.page_run import PageRun
from ui.session import state
from ui.views.panels.shared import REFRESH_SECONDS, show_progress

EVALUATE_EVERY = {
    "on the button": None,
    "every 100 steps": 100,
    "every 500 steps": 500,
    "every 2,000 steps": 2_000,
}

GREY = "color: #8a8a8a"

CLASS_TITLES = {
    "coverage": "**Coverage**: the share of a class's real pictures that have a sample of it near "
    "them.",
    "diversity": "**Diversity**: how much two samples of a class differ, over the same of two of "
    "its real pictures. Near 0 they are all one picture.",
}


def show(run: PageRun) -> None:
    """Offer to evaluate the samples, and show the latest evaluation."""
    _show_controls(run)
    is_refreshed = run.measurements.busy or run.playback.running

    @st.fragment(run_every=REFRESH_SECONDS if is_refreshed else None)
    def latest() -> None:
        show_progress(run)
        if run.reports:
            _show_report(run, run.reports[-1])
        elif not run.measurements.busy:
            st.caption(
                "Nothing measured yet. The first time, a small classifier is trained on the data "
                "for a minute or so; its features are what samples and data are compared in."
            )

    latest()


def _show_controls(run: PageRun) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Evaluate now",
            on_click=lambda: run.evaluate(),
            key=f"{run.page}.evaluate",
            help=f"Compares {SAMPLES:,} samples with as many real pictures; training goes on.",
        )
        every = run.measurements.every
        current = next(label for label, steps in EVALUATE_EVERY.items() if steps == every)
        key = state.init_widget(f"{run.page}.evaluate_every", current)
        chosen = st.selectbox("Evaluate", list(EVALUATE_EVERY), key=key, width=180)
        run.measurements.every = EVALUATE_EVERY[chosen]


def _show_report(run: PageRun, report: EvaluationReport) -> None:
    size = f"{report.samples:,} samples against {report.samples:,} real pictures"
    older = run.displayed.step_count - report.step
    when = f"**At step {report.step:,}**" + (f", {older:,} steps ago" if older else "")
    st.markdown(f"{when}: {size}. {escape_markdown(report.probe)}")
    for note in report.notes:
        st.caption(escape_markdown(note))
    left, right = st.columns([3, 2])
    with left:
        _show_table(report)
        _show_classes(report)
    with right:
        for name, histogram in report.census.items():
            figure = figures.class_histogram(name, histogram, run.chart_revision)
            live_chart(figure, f"{run.page}.census.{name}")
    if len(run.reports) > 1:
        figure = figures.qualities(run.reports, run.chart_revision)
        live_chart(figure, f"{run.page}.qualities")


def _show_table(report: EvaluationReport) -> None:
    metrics = list(report.values.values())
    rows = [{"measure": m.title, "better": _arrow(m), **_cells(m)} for m in metrics]
    widths = {"measure": st.column_config.TextColumn(width="medium")}
    st.dataframe(_greyed(rows, metrics), hide_index=True, column_config=widths)
    st.caption(
        "95 %: the interval that holds the average of many such measurements 95 times of 100, from "
        f"{HALVES} random halves of the {report.samples:,} samples. real–real: what as many other "
        "real pictures score in the place of the samples, the best that can be hoped for. ↓ lower "
        "is better, ↑ higher. Grey: cannot tell."
    )


def _show_classes(report: EvaluationReport) -> None:
    """Show coverage and diversity inside each class, if they were measured."""
    if not report.classes:
        return
    with st.expander(f"By class: coverage and diversity inside {len(report.classes)} classes"):
        for name in ("coverage", "diversity"):
            found = {key: row for key, row in report.classes.items() if name in row.values}
            metrics = [row.values[name] for row in found.values()]
            rows = [
                {"class": key, **_cells(row.values[name]), "samples": row.samples, "real": row.real}
                for key, row in found.items()
            ]
            st.markdown(CLASS_TITLES[name])
            st.dataframe(_greyed(rows, metrics), hide_index=True)


def _cells(metric: MetricResult) -> dict[str, str]:
    low, high = (_format_number(end) for end in metric.interval)
    return {
        "generated": _format_number(metric.value),
        "95 %": "–" if low == "–" else f"{low} … {high}",
        "real–real": _format_number(metric.real_against_real),
    }


def _arrow(metric: MetricResult) -> str:
    return "↑" if metric.higher_is_better else "↓"


def _greyed(rows: list[dict[str, Any]], metrics: list[MetricResult]) -> Styler:
    """Return a table in which the numbers that cannot tell are grey."""
    table = pd.DataFrame(rows)

    def color(row: pd.Series) -> list[str]:
        return [GREY if not metrics[row.name].can_tell else ""] * len(row)

    return table.style.apply(color, axis=1)


def _format_number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:z.3f}"
