"""The slider over all stored states of a run, and the buttons that go back to one."""

from __future__ import annotations

import streamlit as st

from ui.run.page_run import PageRun

HELP = (
    "Every state that is kept of this run, in memory or on the disk. Pause the run, and move the "
    "slider to see it as it was."
)


def show(run: PageRun) -> None:
    """Show the slider, and display the step that is chosen.

    It stands under the charts, but has to be called before they are drawn.
    """
    steps, running = run.history.steps(), run.playback.running
    if len(steps) < 2:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.select_slider(
            "History: pause to go back" if running else "History: step",
            steps,
            value=steps[-1],
            # The key holds the steps: with other steps it is another slider, which begins at now.
            key=f"{run.page}.past.{run.id}.{len(steps)}.{steps[-1]}.{run.revision}",
            help=HELP,
            format_func=lambda step: f"{step:,}" if step < steps[-1] else f"{step:,} (now)",
            disabled=running,
        )
        if not running:
            _view_step(run, chosen)
        _show_buttons(run)
    if run.past_trainer is not None:
        st.caption(
            f"The charts show the run as it was at step {run.displayed.step_count:,}; it has gone "
            f"on to step {run.step:,}. **Train** goes on from there, not from here; "
            "**Resume from here** forgets the steps in between, **Branch from here** keeps them."
        )


def _show_buttons(run: PageRun) -> None:
    st.button(
        "Resume from here",
        icon=":material/history:",
        help="Go back to this moment; what came after it is forgotten.",
        on_click=run.history.restore,
        disabled=run.past_trainer is None,
        key=f"{run.page}.restore_to",
    )
    st.button(
        "Branch from here",
        icon=":material/call_split:",
        help="Begin a new run at this moment; the old one stays on the page Runs. Change its "
        "settings in the sidebar.",
        on_click=run.history.fork,
        disabled=run.playback.running,
        key=f"{run.page}.branch",
    )


def _view_step(run: PageRun, step: int) -> None:
    """Display a step, unless it is displayed already."""
    if step == run.displayed.step_count:
        return
    try:
        run.history.view_step(step)
    except ValueError as error:
        st.warning(str(error))
