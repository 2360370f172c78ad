"""The way back into a run's past: a slider over all that is kept, and what can be done there."""

from __future__ import annotations

import streamlit as st

from ui.run import Run

WORDS = (
    "Every state that is kept of this run, in memory or on the disk. Pause the run, and move the "
    "slider to see it as it was."
)


def timeline(run: Run) -> None:
    """Show the slider, and look at the moment that is chosen.

    It stands under the charts, but has to be called before they are drawn.
    """
    steps = run.kept.steps()
    if len(steps) < 2:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.select_slider(
            "Timeline: pause to go back" if run.running else "Timeline: step",
            steps,
            value=steps[-1],
            # The key holds the steps: with other steps it is another slider, which begins at now.
            key=f"{run.page}.past.{run.id}.{len(steps)}.{steps[-1]}.{run.revision}",
            help=WORDS,
            format_func=lambda step: f"{step:,}" if step < steps[-1] else f"{step:,} (now)",
            disabled=run.running,
        )
        if not run.running:
            _look_back(run, chosen)
        viewed = run.kept.viewed
        st.button(
            "Resume from here",
            icon=":material/history:",
            help="Go back to this moment; what came after it is forgotten.",
            on_click=run.restore_to,
            disabled=viewed is None,
            key=f"{run.page}.restore_to",
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
    if viewed is not None:
        st.caption(
            f"The charts show the run as it was at step {viewed.step_count:,}; it has gone on to "
            f"step {run.trainer.step_count:,}. **Train** goes on from there, not from here; "
            "**Resume from here** forgets the steps in between, **Branch from here** keeps them."
        )


def _look_back(run: Run, step: int) -> None:
    """Look at a step, unless it is looked at already."""
    if step == run.looked_at:
        return
    try:
        run.look_back(step)
    except ValueError as error:
        st.warning(str(error))
