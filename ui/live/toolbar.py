"""The controls of a run: train, pause, step, reset, speed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.components import copy_links
from ui.run.page_run import PageRun
from ui.session import open_runs, state, url

FULL_SPEED = "Full speed"
TRAIN_WIDTH = 132
"""Pixels: with either word on it the buttons beside it stay where they are."""

SPEEDS: dict[str, float | None] = {
    FULL_SPEED: None,
    "100 steps/s": 100.0,
    "10 steps/s": 10.0,
    "1 step/s": 1.0,
}


def show(run: PageRun) -> DeltaGenerator:
    """Show the controls, and links to share in the sidebar; return the row of the controls.

    They stand outside the fragment, so a click is served at once. Call it before the sidebar: the
    answer to a click then reaches the browser first.
    """
    row = st.container(horizontal=True, vertical_alignment="center", gap="xsmall")
    with row:
        _show_train_button(run)
        _show_step_buttons(run)
        _show_goal(run)
        _show_speed(run)
    with st.sidebar:
        _show_links(run)
    return row


def _show_train_button(run: PageRun) -> None:
    playback = run.playback
    st.button(
        "Pause" if playback.running else "Train",
        icon=":material/pause:" if playback.running else ":material/play_arrow:",
        type="primary",
        shortcut="Space",
        on_click=open_runs.if_current,
        args=(run, playback.pause if playback.running else playback.start),
        key=f"{run.page}.train",
        width=TRAIN_WIDTH,
    )


def _show_step_buttons(run: PageRun) -> None:
    playback = run.playback

    def button(label: str, name: str, help_: str, action: Callable[..., None], *args: Any) -> None:
        st.button(
            label,
            key=f"{run.page}.{name}",
            help=help_,
            on_click=open_runs.if_current,
            args=(run, action, *args),
        )

    button("+1", "step1", "Take one step, then pause.", playback.run_steps, 1)
    button("+10", "step10", "Take ten steps, then pause.", playback.run_steps, 10)
    button("+100", "step100", "Take a hundred steps, then pause.", playback.run_steps, 100)
    button("D step", "d_step", "One update of D alone.", playback.step_discriminator)
    button("G step", "g_step", "One update of G; it ends a step.", playback.step_generator)
    button("Reset", "reset", "Begin again: the same curve, bit for bit.", run.reset)
    button("New seed", "new_seed", "Begin again with other random numbers.", run.new_seed)


def _show_goal(run: PageRun) -> None:
    with st.popover("Until …", help="Train until a certain step."):
        key = f"{run.page}.goal"
        goal = (run.step // 1_000 + 1) * 1_000
        with st.form(f"{run.page}.until", border=False):  # else a click on Go beats the number
            st.number_input("Run until step", 1, 10**9, goal, key=key)
            until = lambda: _run_until(run, int(state.widget_value(key)))  # noqa: E731
            st.form_submit_button("Go", on_click=until, key=f"{run.page}.go")


def _run_until(run: PageRun, step: int) -> None:
    """Train to a step, unless the run was taken by another tab; say so if it has passed."""
    refusal = run.playback.run_until(step) if open_runs.is_current(run) else None
    if refusal is not None:
        state.visitor().messages.append(refusal)


def _show_links(run: PageRun) -> None:
    with st.popover("Share", icon=":material/share:"):
        st.caption(
            "Others who open the link to this run watch it live; only this browser trains and "
            "changes it. The link to the set-up begins a run of their own."
        )
        setup = {"label": "Copy the link to the set-up", "query": url.setup_query(run)}
        watch = {"label": "Copy the link to this run", "query": url.run_query(run)}
        rows = [
            setup | {"help": "Whoever opens it begins a run with these settings."},
            watch | {"help": "Whoever opens it watches this run."},
        ]
        copy_links(rows, f"{run.page}.links")


def _show_speed(run: PageRun) -> None:
    speed = st.selectbox(
        "Speed",
        list(SPEEDS),
        key=state.init_widget(f"{run.page}.speed", FULL_SPEED),
        label_visibility="collapsed",
        width=140,
    )
    run.playback.speed = SPEEDS[speed]
