"""The page of another visitor's run: live, read-only, with the ways to a run of one's own."""

from __future__ import annotations

import time
from collections.abc import Callable

import pandas as pd
import streamlit as st

from gan_core.data.own_data import absence
from gan_core.storage import config_diff
from gan_core.training.monitoring.snapshot import Snapshot
from ui.live import introduction
from ui.markdown import escape_markdown
from ui.run.watched_run import WatchedRun
from ui.session import state, watching


def show(
    run: WatchedRun,
    draw: Callable[[WatchedRun, Snapshot], None],
    choose_data: Callable[[WatchedRun], None],
) -> None:
    """Show a watched run with `draw`, and its settings in the sidebar.

    `choose_data` lets the data of a run be brought back that are not on this machine.
    """
    doing = "" if run.how == "without_data" else "Watching "
    st.markdown(f"### {doing}“{escape_markdown(run.name)}”")
    for message in state.visitor().messages:
        st.warning(escape_markdown(message))
    state.visitor().messages.clear()
    if run.how == "without_data":
        st.info(_sentence(run), icon=":material/visibility:")
        choose_data(run)
    else:
        _show_buttons(run)
    preset = introduction.preset_of_run(run)
    if preset is not None:
        st.markdown(introduction.card_words(preset))
    _show_settings(run)
    seconds = run.seconds_between_frames

    @st.fragment(run_every=seconds)
    def frame() -> None:
        began = time.thread_time()
        if not watching.refresh(run) or run.seconds_between_frames != seconds:
            st.rerun()
        if run.snapshot is None:
            st.caption("Its owner has not drawn it yet.")
            return
        draw(run, run.snapshot)
        run.add_frame(time.thread_time() - began)

    frame()


def _show_buttons(run: WatchedRun) -> None:
    st.info(_sentence(run), icon=":material/visibility:")
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.button(
            "Make it mine from here",
            icon=":material/call_split:",
            type="primary",
            help=f"Begin a run of your own at the step that is shown. “{run.name}” stays as it is.",
            on_click=watching.make_mine,
            args=(run,),
            key=f"{run.page}.make_mine",
        )
        st.button(
            "Begin the same set-up",
            icon=":material/restart_alt:",
            help="Begin a run of your own with the same settings, from step 0.",
            on_click=watching.begin_same,
            args=(run,),
            key=f"{run.page}.begin_same",
        )
        st.button(
            "Stop watching",
            on_click=watching.leave,
            args=(run.page,),
            key=f"{run.page}.stop_watching",
        )


def _sentence(run: WatchedRun) -> str:
    saved = f"as it was saved at step {run.step:,}"
    if run.how == "elsewhere":
        return (
            f"You see this run {saved}: it is open in another process, on a page of another server "
            "or in a training from the command line."
        )
    if run.how == "without_data":
        absent = escape_markdown(str(absence(run.config.dataset.record)))
        return f"{absent} You see it {saved}; it trains again once the same data are chosen here."
    how = "live" if run.how == "live" else saved
    return f"You watch another visitor's run, {how}. Its owner alone trains and changes it."


def _show_settings(run: WatchedRun) -> None:
    """Show the settings that differ from the defaults in the sidebar."""
    config = run.displayed.config
    changed = config_diff.from_defaults(config)
    with st.sidebar:
        st.markdown("**Settings of the run**")
        data = escape_markdown(config.dataset.label)
        st.caption(f"{data}, {config.loss.title}, seed {config.seed}")
        if not changed:
            st.caption("All settings are the defaults.")
            return
        st.caption("Differs from the defaults in")
        table = pd.DataFrame({"setting": list(changed), "value": list(changed.values())})
        st.dataframe(table, hide_index=True)
