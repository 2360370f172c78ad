"""Parts that several panels have in common."""

from __future__ import annotations

import streamlit as st

from gan_core.data.pixels import to_uint8
from gan_core.shapes import PixelArray
from gan_core.training.monitoring.snapshot import Snapshot
from ui.components import save_file
from ui.markdown import escape_markdown
from ui.run.page_run import PageRun
from ui.run.watched_run import WatchedRun
from ui.session import state
from ui.session.made_file import MadeFile, Maker

REFRESH_SECONDS = 1.0
"""Seconds between two looks at a measurement in progress."""

MAX_CLASS_COLUMNS, FEW_COLUMNS = 16, 8
MAX_NAME = 24
"""Characters of a class's name in a sentence."""


def class_names(run: PageRun | WatchedRun) -> tuple[str, ...]:
    """Return the classes that the run's networks are conditioned on, or ()."""
    config = run.displayed.config
    return config.dataset.classes if config.architecture.conditional else ()


def count_columns(run: PageRun | WatchedRun) -> int:
    """Return how many pictures stand side by side: a column per class, where there are few."""
    return len(column_names(run)) or run.view.side


def column_names(run: PageRun | WatchedRun) -> tuple[str, ...]:
    """Return the names of the columns if each holds a class, else (); few classes come again."""
    names = class_names(run)
    repeats = max(1, FEW_COLUMNS // max(1, len(names)))
    return names * repeats if len(names) <= MAX_CLASS_COLUMNS else ()


def choose_class(run: PageRun, key: str) -> None:
    """Let the class of the numbered samples be chosen, where networks are told one."""
    names = class_names(run)
    if not names:
        run.view.label = None
        return
    own = "all, a column each" if column_names(run) else "all in turn"
    label = chosen_label(run)
    current = 0 if label is None else label + 1
    # A popover that is closed loses a value that is set through the session.
    chosen = st.selectbox("Class to make", [own, *names], current, key=key, width=220)
    run.view.label = None if chosen == own else names.index(chosen)


def chosen_label(run: PageRun | WatchedRun) -> int | None:
    """Return the class to make; None for all, or if the run does not have the chosen one."""
    label = run.view.label
    return label if label is not None and label < len(class_names(run)) else None


def chosen_class(run: PageRun | WatchedRun) -> str:
    """Return the name of the class to make, for a sentence in Markdown; "" for all."""
    label = chosen_label(run)
    if label is None:
        return ""
    name = class_names(run)[label]
    return escape_markdown(name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…")


def numbered_pictures(run: PageRun | WatchedRun, snapshot: Snapshot) -> PixelArray:
    """Return the generated pictures by their numbers, each of its own class or all of one."""
    label = chosen_label(run)
    return snapshot.samples if label is None else to_uint8(run.displayed.generate_fixed(label))


def numbered_titles(run: PageRun | WatchedRun, words: str = "number") -> list[str]:
    """Return the number of each picture of the grid, and its class where networks are told one."""
    names, count = class_names(run), run.num_fixed
    labels = run.displayed.numbered_labels(chosen_label(run))
    classes = [""] * count if labels is None else [f" · class {names[i]}" for i in labels.tolist()]
    return [f"{words} {i}{of}" for i, of in enumerate(classes, start=1)]


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
        st.error(escape_markdown(run.measurements.error))
