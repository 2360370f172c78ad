"""Where the user's own numbers and pictures come in, and where data sets are prepared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from gan_core.data import DATASETS
from gan_core.data.base import Progress
from gan_core.data.csv_column import numeric_columns, read_table, store_column
from gan_core.data.importing.decode import ImportOptions
from gan_core.data.importing.importer import import_pictures, picture_folders
from gan_core.registry import knobs
from ui.background import Background
from ui.run import Run
from ui.session import lab, widget

PICTURE_FILES = ["zip", "png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"]
UPLOADED = "Files or a zip"
POLL_SECONDS = 0.5


def column(run: Run, current: str) -> str:
    """Let a file and one of its columns be chosen; return the id of the stored numbers."""
    key = f"{run.page}.{run.revision}.dataset.file"
    file = st.file_uploader("CSV file", ["csv", "tsv", "txt"], key=key)
    if file is None:
        if not current:
            st.info("Choose a CSV file. Until then the run goes on with its old target.")
        return current
    try:
        table = lab().remember(file.file_id, lambda: read_table(file.getvalue()))
        name = st.selectbox(
            "Column",
            numeric_columns(table),
            key=f"{run.page}.{run.revision}.{file.file_id}.column",
        )
        kept, note = lab().remember((file.file_id, name), lambda: store_column(table, name))
    except ValueError as error:
        st.error(f"{error} The run goes on with its old target.")
        return current
    st.caption(note)
    return kept.upload


def pictures(run: Run, dataset: str, current: str) -> str:
    """Let pictures be chosen and imported; return the id of the pack they are stored in."""
    source, name = _source(run)
    options = _options(run)
    key = f"{run.page}.import.{dataset}"
    if st.button("Import", key=f"{key}.button", disabled=source is None):

        def work(progress: Progress) -> Any:
            return import_pictures(source(), options, progress=progress, dataset=dataset)

        lab().background[key] = Background(work)
    work = _watched(key)
    if work is None or not work.done:
        if not current and work is None:
            st.info(f"Choose {name} and import it. Until then the run goes on as it was.")
        return current
    if work.error:
        st.error(f"{work.error} The run goes on with its old pictures.")
        return current
    imported, note = work.result
    st.caption(note)
    return imported.upload


def _source(run: Run) -> tuple[Callable[[], Any] | None, str]:
    """Return what opens the chosen source, if one is chosen, and what is to be chosen."""
    folders = picture_folders()
    place = UPLOADED
    if folders:
        choices = [UPLOADED, *folders]
        place = st.selectbox("Where they are", choices, key=f"{run.page}.import.place")
    if place != UPLOADED:
        folder = folders[place]
        return (lambda: folder), "a folder"
    files = st.file_uploader(
        "Pictures, or a zip of them",
        PICTURE_FILES,
        accept_multiple_files=True,
        key=f"{run.page}.import.files",
    )
    if len(files) > 1:
        st.caption(f"These {len(files)} files are imported together; × takes one away.")
    return ((lambda: [(f.name, f) for f in files]) if files else None), "pictures or a zip"


def _options(run: Run) -> ImportOptions:
    chosen = {}
    st.caption("Without a GPU 28 or 32 pixels train several times as fast as 64.")
    for name, knob_ in knobs(ImportOptions).items():
        key = widget(f"{run.page}.import.{name}", knob_.default)
        chosen[name] = st.selectbox(knob_.label or name, knob_.choices, key=key, help=knob_.help)
    return ImportOptions(**chosen)


def prepared(chosen: dict[str, Any]) -> bool:
    """Offer what has to be downloaded or composed; say whether the data set can be used now."""
    try:
        preparation = DATASETS.create(chosen).preparation
    except ValueError as error:
        st.error(f"{error} The run goes on with its old set-up.")
        return False
    if preparation is None:
        return True
    key = f"prepare.{preparation.action}"
    st.info(f"{preparation.title} Until they are, the old ones serve on.")
    if st.button(preparation.action, key=key):
        lab().background[key] = Background(preparation.run)
    work = _watched(key)
    if work is not None and work.error and work.done:
        st.error(f"{work.error} The run goes on with its old pictures.")
    return False


def _watched(key: str) -> Background | None:
    """Return the work of that name, if any was begun; show how far it is until it is done."""
    work = lab().background.get(key)
    if work is not None and not work.done:

        @st.fragment(run_every=POLL_SECONDS)
        def progress() -> None:
            st.progress(work.share, work.words or "…")
            if work.done:
                st.rerun()

        progress()
    return work
