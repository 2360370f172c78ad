"""The data of a run that are not on this machine: chosen again, and known by their hash."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import streamlit as st

from gan_core.data.base import Progress
from gan_core.data.csv_column import numeric_columns, store_column
from gan_core.data.importing.decode import ImportOptions
from gan_core.data.importing.importer import import_pictures
from gan_core.data.own_data import DataRecord
from gan_core.data.tables.table import read_table
from gan_core.registry import knobs
from ui.markdown import escape_markdown
from ui.run.watched_run import WatchedRun
from ui.session import watching
from ui.session.background_task import BackgroundTask
from ui.session.state import visitor
from ui.sidebar.table_upload import TABLE_FILES, all_options
from ui.sidebar.uploads import PICTURE_FILES, watch_task


def choose(run: WatchedRun) -> None:
    """Let the data of a run be chosen again; the run is opened when their hash is the right one."""
    record = run.config.dataset.record
    key = f"{run.page}.missing.{run.run_id}"
    if run.config.dataset.upload_format == "images":
        files = st.file_uploader(
            "The same pictures, or the same zip", PICTURE_FILES, True, key=f"{key}.files"
        )
        work = _pictures_work(record, files)
    else:
        files = st.file_uploader("The same CSV file", TABLE_FILES, key=f"{key}.files")
        work = _column_work(record, files)
    with st.container(horizontal=True):
        if st.button("Bring the data back", type="primary", disabled=not files, key=key):
            visitor().tasks[key] = BackgroundTask(work)
        st.button(
            "Close", on_click=watching.leave, args=(run.page,), key=f"{run.page}.stop_watching"
        )
    task = watch_task(key)
    if task is None or not task.done:
        return
    if task.error:
        st.error(escape_markdown(task.error))
        return
    del visitor().tasks[key]
    watching.reopen(run)
    st.rerun()


def _pictures_work(record: DataRecord, files: list[Any]) -> Callable[[Progress], None]:
    """Return work that stores the pictures if they are the same."""
    source = [(file.name, file) for file in files]
    known = {name: value for name, value in record.options.items() if name in knobs(ImportOptions)}
    choices = [known] if known else _possible_options(record)
    if "classes" not in known:  # imported when folders gave classes only if all pictures had one
        choices += [choice | {"classes": "none"} for choice in choices]

    def work(progress: Progress) -> None:
        for last, options in enumerate(choices, 1 - len(choices)):
            try:
                made = ImportOptions(**options)
                import_pictures(source, made, progress=progress, expected=record.upload)
                return
            except ValueError:
                if last == 0:
                    raise

    return work


def _possible_options(record: DataRecord) -> list[dict[str, Any]]:
    """Return the options with which pictures may have been imported that do not tell theirs."""
    colours = ("auto", "grey") if record.shape[0] == 1 else ("auto", "rgb")
    return [
        {"size": record.shape[1], "fit": fit, "colour": colour}
        for fit, colour in product(("crop", "squash"), colours)
    ]


def _column_work(record: DataRecord, file: Any) -> Callable[[Progress], None]:
    """Return work that stores the column of the table that is the same, if one is."""

    def work(progress: Progress) -> None:
        refusal: ValueError | None = None
        for options in all_options():
            try:
                table = read_table(file.getvalue(), options)
                for column in numeric_columns(table):
                    try:
                        store_column(table, column, file.name, record.upload)
                        return
                    except ValueError as error:
                        refusal = refusal or error
            except ValueError as error:
                refusal = refusal or error
        raise refusal

    return work
