"""A column of the user's own numbers: shown as it was understood before it becomes the target."""

from __future__ import annotations

import streamlit as st

from gan_core.data.csv_column import column_target, numeric_columns, store_column
from gan_core.data.tables.column import (
    AmbiguousNumberError,
    ColumnNumbers,
    column_numbers,
    preview,
)
from gan_core.data.tables.table import Table, TableOptions, read_table
from gan_core.registry import knobs
from gan_core.runtime.files import hash_of
from ui.markdown import escape_markdown
from ui.run.page_run import PageRun
from ui.session.state import init_widget, set_widget, visitor, widget_value

TABLE_FILES = ["csv", "tsv", "txt", "dat"]
GOES_ON = "The run goes on with its old target."


def choose_column(run: PageRun, current: str) -> str:
    """Let a file and one of its columns be chosen; return the id of the stored numbers.

    What was understood is shown first; the numbers count when they are taken.
    """
    key = f"{run.page}.{run.revision}"
    file = st.file_uploader("CSV file", TABLE_FILES, key=f"{key}.dataset.file")
    if file is None:
        if not current:
            st.info("Choose a CSV file. Until then the run goes on with its old target.")
        return current
    taken = init_widget(f"{key}.taken", "")  # it stays while the run asks whether to begin anew
    key = f"{key}.{file.file_id}"
    options = _choose_options(key)
    cached = visitor().cached
    try:
        table = cached((file.file_id, options), lambda: read_table(file.getvalue(), options))
        st.caption(escape_markdown(table.understanding()))
        names = cached((file.file_id, options, "names"), lambda: numeric_columns(table))
        name = st.selectbox("Column", names, key=f"{key}.column")
        numbers = cached(
            (file.file_id, options, name, "numbers"), lambda: column_numbers(table, name)
        )
        if _offer(run, table, name, numbers, widget_value(taken) or current):
            set_widget(taken, store_column(table, name, file.name)[0].upload)
    except AmbiguousNumberError as question:
        st.warning(f"{escape_markdown(str(question))} {GOES_ON}")
    except ValueError as error:
        st.error(f"{escape_markdown(str(error))} {GOES_ON}")
    return widget_value(taken) or current


def _choose_options(key: str) -> TableOptions:
    """Let it be chosen how a file is read; a new file begins with what is found out."""
    chosen = {}
    with st.expander("How the file is read"):
        for name, knob_ in knobs(TableOptions).items():
            widget = init_widget(f"{key}.{name}", knob_.default)
            label = knob_.label or name
            chosen[name] = st.selectbox(label, knob_.choices, key=widget, help=knob_.help)
    return TableOptions(**chosen)


def _offer(run: PageRun, table: Table, name: str, numbers: ColumnNumbers, current: str) -> bool:
    """Show the first rows as they were understood; return whether the numbers are taken now."""
    values, note = column_target(numbers, name)
    st.dataframe(preview(table, name, numbers), hide_index=True, height="content")
    st.caption(escape_markdown(note))
    place, key = st.empty(), f"{run.page}.use_column"
    is_target = hash_of(values) == current
    # What a click means is kept until it is done: another rerun of the page may come between.
    pressed = init_widget(f"{key}.pressed", False)
    is_taken = widget_value(pressed) and not is_target
    set_widget(pressed, False)
    if not is_target and not is_taken:
        click = {"on_click": set_widget, "args": (pressed, True)}
        place.button("Use these numbers", type="primary", key=key, **click)
    else:
        is_used = getattr(run.config.dataset, "upload", "") == hash_of(values)
        place.caption("These numbers are the target." if is_used else "These numbers are taken.")
    return is_taken


def all_options() -> list[TableOptions]:
    """Return the ways in which a column may have been read, the usual one first."""
    return [
        TableOptions(decimal=decimal, limits=limits, header=header)
        for header in ("auto", "yes", "no")
        for limits in ("leave out", "take")
        for decimal in ("auto", "point", "comma")
    ]
