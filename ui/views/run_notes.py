"""What the user says of a run: its name, tags, a note, and whether it is a favourite."""

from __future__ import annotations

import streamlit as st

from gan_core.storage.run_index import RunRow
from gan_core.storage.run_metadata import (
    MAX_NAME_LENGTH,
    MAX_NOTE_LENGTH,
    MAX_TAGS,
    sanitize_name,
)
from ui.session import open_runs, state

NOTE_HEIGHT = 80
"""Pixels: two lines."""

OPEN_BY_ANOTHER = "Another browser has this run open; only its owner changes it meanwhile."


def show(row: RunRow, known_tags: list[str]) -> None:
    """Let name, tags and note of a run be changed."""
    key, about = f"runs.{row.id}", row.about
    is_anothers = open_runs.is_open_by_another(row.id)
    with st.form(f"{key}.rename", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name", about.name, MAX_NAME_LENGTH, key=f"{key}.name")
            tags = st.multiselect(
                "Tags",
                sorted({*known_tags, *about.tags}),
                list(about.tags),
                key=f"{key}.tags",
                accept_new_options=True,
                max_selections=MAX_TAGS,
                placeholder="Choose or type",
            )
        note = st.text_area(
            "Note", about.note, NOTE_HEIGHT, MAX_NOTE_LENGTH, key=f"{key}.note", placeholder="None"
        )
        saves = st.form_submit_button(
            "Save name, tags and note",
            help=OPEN_BY_ANOTHER if is_anothers else None,
            disabled=is_anothers,
            key=f"{key}.rename.button",
        )
        if saves and not is_anothers:  # it may have been opened since the click
            row.folder.rename(name)
            row.folder.annotate(note, tags)
            page = state.visitor().runs_page
            page.report_success(f"The run is called “{sanitize_name(name)}” now.")
            st.rerun()


def show_favourite_button(row: RunRow) -> None:
    """Offer to make the run a favourite, or not to be one any more."""
    favourite, is_anothers = row.about.favourite, open_runs.is_open_by_another(row.id)
    words = "No favourite any more." if favourite else "Make it a favourite."
    st.button(
        "★ Favourite" if favourite else "☆ Favourite",
        help=OPEN_BY_ANOTHER if is_anothers else words,
        disabled=is_anothers,
        on_click=_mark,
        args=(row, not favourite),
        key=f"runs.{row.id}.favourite",
    )


def _mark(row: RunRow, favourite: bool) -> None:
    if not open_runs.is_open_by_another(row.id):  # it may have been opened since the click
        row.folder.mark_favourite(favourite)
