"""Parts that several panels have in common."""

from __future__ import annotations

import streamlit as st

from ui.components import save_file
from ui.run.page_run import PageRun
from ui.session import state
from ui.session.made_file import MadeFile, Maker

REFRESH_SECONDS = 1.0
"""Seconds between two looks at a measurement in progress."""

MAX_CLASS_COLUMNS = 16


def class_names(run: PageRun) -> tuple[str, ...]:
    """Return the classes that the run's networks are conditioned on, or ()."""
    return run.config.dataset.classes if run.config.architecture.conditional else ()


def count_columns(run: PageRun) -> int:
    """Return how many pictures stand side by side: a column per class, where there are few."""
    classes = len(class_names(run))
    return classes if 0 < classes <= MAX_CLASS_COLUMNS else run.view.side


def offer_file(label: str, mime: str, make: Maker, key: str) -> None:
    """Offer a file that is made at the click, under a name that tells the step of its content."""
    visitor = state.visitor()

    def make_now() -> None:
        name, content = make()
        content = content.encode() if isinstance(content, str) else content
        visitor.file = MadeFile(name, mime, content)

    st.button(label, icon=":material/download:", on_click=make_now, key=key)


def hand_over_file() -> None:
    """Let the browser save the file that the latest click made."""
    file = state.visitor().file
    if file is not None and file.is_fresh:
        save_file(file.id, file.name, file.mime, file.content)
    else:
        state.visitor().file = None


def show_progress(run: PageRun) -> None:
    """Show the measurement in progress, or why the last one failed."""
    progress = run.measurements.progress
    if progress is not None:
        st.progress(*progress)
    elif run.measurements.error:
        st.error(run.measurements.error)
