"""The user's own numbers and pictures, and data sets that have to be prepared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from gan_core.data import DATASETS
from gan_core.data.base import Progress
from gan_core.data.importing.decode import ImportOptions
from gan_core.data.importing.importer import import_pictures, picture_folders
from gan_core.registry import knobs
from ui.markdown import escape_markdown
from ui.run.page_run import PageRun
from ui.session.background_task import BackgroundTask
from ui.session.state import init_widget, visitor

PICTURE_FILES = [
    *("zip", "png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"),
    *("avif", "heic", "heif", "ppm", "pgm"),
]
UPLOADED = "Files or a zip"
POLL_SECONDS = 0.5


def show_present(chosen: dict[str, Any]) -> None:
    """Say which data of the user's own the run learns from."""
    if chosen["upload"]:
        record = DATASETS.create(chosen).record
        noun = "numbers" if record.shape == (1,) else "pictures"
        st.caption(f"{escape_markdown(record.title or 'Your own')}: {record.count:,} {noun}")


def choose_pictures(run: PageRun, dataset: str, current: str) -> str:
    """Let pictures be chosen and imported; return the id of the pack they are stored in."""
    source, name = _choose_source(run)
    options = _choose_options(run)
    key = f"{run.page}.import.{dataset}"
    if st.button("Import", key=f"{key}.button", disabled=source is None):

        def work(progress: Progress) -> Any:
            return import_pictures(source(), options, progress=progress, dataset=dataset)

        visitor().tasks[key] = BackgroundTask(work)
    work = watch_task(key)
    if work is None or not work.done:
        if not current and work is None:
            st.info(f"Choose {name} and import it. Until then the run goes on as it was.")
        return current
    if work.error:
        st.error(f"{escape_markdown(work.error)} The run goes on with its old pictures.")
        return current
    imported, note = work.result
    st.caption(escape_markdown(note))
    return imported.upload


def _choose_source(run: PageRun) -> tuple[Callable[[], Any] | None, str]:
    """Return a function that opens the chosen source, if any, and the words for a source."""
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


def _choose_options(run: PageRun) -> ImportOptions:
    chosen = {}
    st.caption("Without a GPU 28 or 32 pixels train several times as fast as 64.")
    for name, knob_ in knobs(ImportOptions).items():
        key = init_widget(f"{run.page}.import.{name}", knob_.default)
        chosen[name] = st.selectbox(knob_.label or name, knob_.choices, key=key, help=knob_.help)
    return ImportOptions(**chosen)


def offer_preparation(chosen: dict[str, Any]) -> bool:
    """Offer a download or composition if it is needed; return whether the data set is ready."""
    try:
        preparation = DATASETS.create(chosen).preparation
    except ValueError as error:
        st.error(f"{escape_markdown(str(error))} The run goes on with its old set-up.")
        return False
    if preparation is None:
        return True
    key = f"prepare.{preparation.action}"
    st.info(f"{preparation.title} Until they are, the old ones serve on.")
    if st.button(preparation.action, key=key):
        visitor().tasks[key] = BackgroundTask(preparation.run)
    work = watch_task(key)
    if work is not None and work.error and work.done:
        st.error(f"{escape_markdown(work.error)} The run goes on with its old pictures.")
    return False


def watch_task(key: str) -> BackgroundTask | None:
    """Return the task of that key, if any was begun; show its progress until it is done."""
    work = visitor().tasks.get(key)
    if work is not None and not work.done:

        @st.fragment(run_every=POLL_SECONDS)
        def progress() -> None:
            st.progress(work.fraction, work.message or "…")
            if work.done:
                st.rerun()

        progress()
    return work
