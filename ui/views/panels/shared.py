"""Parts that several panels have in common."""

from __future__ import annotations

import streamlit as st

from ui.run.page_run import PageRun

REFRESH_SECONDS = 1.0
"""Seconds between two looks at a measurement in progress."""

MAX_CLASS_COLUMNS = 16


def class_names(run: PageRun) -> tuple[str, ...]:
    """Return the classes that the run's networks are conditioned on, or ()."""
    config = run.displayed.config
    return config.dataset.classes if config.architecture.conditional else ()


def count_columns(run: PageRun) -> int:
    """Return how many pictures stand side by side: a column per class, where there are few."""
    classes = len(class_names(run))
    return classes if 0 < classes <= MAX_CLASS_COLUMNS else run.view.side


def show_progress(run: PageRun) -> None:
    """Show the measurement in progress, or why the last one failed."""
    progress = run.measurements.progress
    if progress is not None:
        st.progress(*progress)
    elif run.measurements.error:
        st.error(run.measurements.error)
