"""Search in the table of all runs: by words, by tags, and favourites alone."""

from __future__ import annotations

import streamlit as st

from gan_core.storage import config_diff
from gan_core.storage.run_index import RunRow


def choose(rows: list[RunRow]) -> list[RunRow]:
    """Let runs be searched for; return those that are found, in the same order."""
    tags = sorted({tag for row in rows for tag in row.about.tags})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(
            "Search",
            key="runs.search",
            placeholder="name, data, setting, tag or note",
            width=300,
        )
        wanted = st.multiselect("Tags", tags, key="runs.tags", width=300) if tags else []
        favourites = st.toggle("Favourites only", key="runs.favourites")
    return [
        row
        for row in rows
        if all(word in text_of(row) for word in words.casefold().split())
        and set(wanted) <= set(row.about.tags)
        and (row.about.favourite or not favourites)
    ]


def text_of(row: RunRow) -> str:
    """Return all words by which a run can be found."""
    about, settings = row.about, config_diff.settings(row.config)
    words = [about.name, about.note, row.id, row.config.dataset.label]
    words += [f"#{tag}" for tag in about.tags]
    words += [f"{name} {value}" for name, value in settings.items()]
    return " ".join(words).casefold()
