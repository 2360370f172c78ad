"""The quality of the samples: evaluations at a button or every so many steps."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from gan_core.evaluation.evaluate import SAMPLES
from gan_core.evaluation.report import EvaluationReport
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
    with right:
        for name, histogram in report.census.items():
            figure = figures.class_histogram(name, histogram, run.chart_revision)
            live_chart(figure, f"{run.page}.census.{name}")
    if len(run.reports) > 1:
        figure = figures.qualities(run.reports, run.chart_revision)
        live_chart(figure, f"{run.page}.qualities")


def _show_table(report: EvaluationReport) -> None:
    rows = [
        {
            "measure": metric.title,
            "better": "↑" if metric.higher_is_better else "↓",
            "generated": _format_number(metric.value),
            "real–real": _format_number(metric.real_against_real),
            "samples": f"{metric.samples:,}",
        }
        for metric in report.values.values()
    ]
    widths = {"measure": st.column_config.TextColumn(width="medium")}
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=widths)
    st.caption(
        "real–real: what as many other real pictures score in the place of the samples, the best "
        "that can be hoped for. ↓ lower is better, ↑ higher."
    )


def _format_number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:z.3f}"
