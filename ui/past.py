"""The way back into a run's past: a slider over all that is kept, and what can be done there."""

from __future__ import annotations

import streamlit as st

from ui import session
from ui.run import Run

WORDS = (
    "Every state that is kept of this run, in memory or on the disk. Moving the slider pauses "
    "the run and shows it as it was."
)


def timeline(run: Run) -> None:
    """Show the slider; the charts show the moment that is chosen."""
    steps = run.kept.steps()
    if len(steps) < 2:
        return
    viewed = run.kept.viewed
    shown = viewed.step_count if viewed else steps[-1]
    # Its key holds the steps: with other steps it is another slider, which begins where it should.
    key = f"{run.page}.past.{run.id}.{len(steps)}.{steps[-1]}.{run.revision}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.select_slider(
            "Timeline: step",
            steps,
            value=shown if shown in steps else steps[-1],
            key=key,
            help=WORDS,
            format_func=lambda step: f"{step:,}" if step < steps[-1] else f"{step:,} (now)",
            on_change=lambda: run.look_back(session.value(key)),
        )
        looking = viewed is not None
        st.button(
            "Resume from here",
            icon=":material/history:",
            help="Go back to this moment; what came after it is forgotten.",
            on_click=run.go_back,
            disabled=not looking,
            key=f"{run.page}.go_back",
        )
        st.button(
            "Branch from here",
            icon=":material/call_split:",
            help="Begin a new run at this moment; the old one stays on the page Runs. Change its "
            "settings in the sidebar.",
            on_click=run.branch,
            disabled=run.running,
            key=f"{run.page}.branch",
        )
    if looking:
        st.caption(
            f"The charts show the run as it was at step {viewed.step_count:,}; it has gone on to "
            f"step {run.trainer.step_count:,}. **Train** goes on from there, not from here."
        )
