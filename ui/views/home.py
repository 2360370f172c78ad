"""The home page's parts: the device, the links to the pages, and one-click experiments."""

from __future__ import annotations

import streamlit as st

from gan_core.data.base import is_ready, prepare
from gan_core.presets import Preset, groups
from gan_core.runtime.device import describe_device, resolve_device
from gan_core.words import setting_text
from ui.markdown import escape_markdown
from ui.pages_table import PAGES
from ui.session import open_runs

COLUMNS = 3


def show_device() -> None:
    """Show the machine that trains."""
    st.caption(f"Trains on: {describe_device(resolve_device('auto'))}")


def show_page_links() -> None:
    """Show a link to every other page."""
    open_runs.save_hidden_runs()
    with st.container(horizontal=True):
        for key, page in PAGES.items():
            if key != "home":
                st.page_link(page.file, label=page.title, icon=page.icon)


def show_presets() -> None:
    """Show every preset as a card with a button that opens and trains it, group by group."""
    for group, rows in groups().items():
        st.subheader(group)
        paired = any(len(row) > 1 for row in rows)
        for row in rows if paired else _rewrap(rows):
            columns = st.columns(max(2, len(row)) if paired else COLUMNS)
            for column, preset in zip(columns, row, strict=False):
                with column.container(border=True, height="stretch"):
                    _show_card(preset, row[0])


def _rewrap(rows: list[list[Preset]]) -> list[list[Preset]]:
    """Return the same presets in rows of `COLUMNS`."""
    presets = [preset for row in rows for preset in row]
    return [presets[first : first + COLUMNS] for first in range(0, len(presets), COLUMNS)]


def _show_card(preset: Preset, beside: Preset) -> None:
    st.markdown(f"**{preset.title}**")
    st.caption(preset.look_for)
    if preset.partner:
        changes = ", ".join(map(setting_text, preset.config.differences(beside.config)))
        st.caption(f"Differs from “{beside.title}” in {changes} alone.")
    if preset.paper:
        st.caption(f"*{preset.paper}*")
    if st.button("Open and train", key=f"preset.{preset.name}"):
        page = preset.config.dataset.kind.page
        try:
            if not is_ready(preset.config.dataset):
                bar = st.progress(0.0)
                prepare(preset.config.dataset, lambda share, words: bar.progress(share, words))
            open_runs.start_experiment(page, preset.experiment, preset.title)
        except ValueError as error:
            st.error(escape_markdown(str(error)))
            return
        st.switch_page(PAGES[page].file)
