"""The home page's parts: the device, the ways to the pages, and one-click experiments."""

from __future__ import annotations

import streamlit as st

from gan_core.data.base import is_ready, prepare
from gan_core.presets import Preset, groups
from gan_core.runtime.device import describe_device, resolve_device
from ui import session

PAGES = {
    "distributions": ("pages/1_Distributions.py", "Distributions", ":material/show_chart:"),
    "pictures": ("pages/2_Pictures.py", "Pictures", ":material/grid_view:"),
    "latent": ("pages/3_Latent_space.py", "Latent space", ":material/route:"),
    "lessons": ("pages/4_How_it_works.py", "How it works", ":material/school:"),
    "reference": ("pages/5_Reference.py", "Reference", ":material/menu_book:"),
    "runs": ("pages/6_Runs.py", "Runs", ":material/folder_open:"),
}
COLUMNS = 3


def device_line() -> None:
    st.caption(f"Trains on: {describe_device(resolve_device('auto'))}")


def ways() -> None:
    """Show a link to every page."""
    session.put_by()
    with st.container(horizontal=True):
        for path, title, icon in PAGES.values():
            st.page_link(path, label=title, icon=icon)


def presets() -> None:
    """Show every preset as a card with a button that opens and trains it, group by group."""
    for group, rows in groups().items():
        st.subheader(group)
        paired = any(len(row) > 1 for row in rows)
        for row in rows if paired else _lines(rows):
            columns = st.columns(max(2, len(row)) if paired else COLUMNS)
            for column, preset in zip(columns, row, strict=False):
                with column.container(border=True, height="stretch"):
                    _card(preset, row[0])


def _lines(rows: list[list[Preset]]) -> list[list[Preset]]:
    presets = [preset for row in rows for preset in row]
    return [presets[first : first + COLUMNS] for first in range(0, len(presets), COLUMNS)]


def _card(preset: Preset, beside: Preset) -> None:
    st.markdown(f"**{preset.title}**")
    st.caption(preset.look_for)
    if preset.partner:
        changes = ", ".join(f"`{name}`" for name in preset.config.differences(beside.config))
        st.caption(f"Differs from “{beside.title}” in {changes} alone.")
    if preset.paper:
        st.caption(f"*{preset.paper}*")
    if st.button("Open and train", key=f"preset.{preset.name}"):
        page = "pictures" if preset.config.dataset.pictures else "distributions"
        try:
            if not is_ready(preset.config.dataset):
                bar = st.progress(0.0)
                prepare(preset.config.dataset, lambda share, words: bar.progress(share, words))
            session.start(page, preset.experiment)
        except ValueError as error:
            st.error(str(error))
            return
        st.switch_page(PAGES[page][0])
