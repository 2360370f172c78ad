"""The messages about a run, and the question before one is dropped."""

from __future__ import annotations

import streamlit as st

from gan_core.words import setting_text
from ui.live import history_slider
from ui.markdown import escape_markdown
from ui.run.page_run import PageRun
from ui.session import open_runs, state


def show(run: PageRun) -> None:
    """Show all messages about the run, and ask before it is dropped."""
    history_slider.show_moment(run)
    messages = state.visitor().messages
    for message in messages:
        st.warning(escape_markdown(message))  # it may quote the text of a link
    if messages:
        st.button("Dismiss", on_click=messages.clear, key=f"{run.page}.dismiss")
    if run.notice and not run.playback.stopped_by_numbers:  # that the doctor's line tells
        st.warning(escape_markdown(run.notice))
    if run.storage.problem:
        st.warning(escape_markdown(run.storage.problem))
    if run.info is not None and not run.playback.running:
        st.caption(run.info)
    if run.proposed is not None:
        _ask_for_new_run(run)


def _ask_for_new_run(run: PageRun) -> None:
    changed = " and ".join(map(setting_text, run.config.differences(run.proposed)))
    st.warning(
        f"A different {changed} needs a new run. The present one has more than "
        f"{open_runs.ASK_BEYOND_STEPS:,} steps; it would stay on the page Runs. Until you "
        "answer, it goes on as it was."
    )
    yes, no, _ = st.columns([2, 2, 5])
    start = open_runs.start_new_run
    yes.button("Start the new run", on_click=start, args=(run, run.proposed))
    no.button("Keep this run", on_click=run.show_config)
