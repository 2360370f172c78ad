"""The slider over all stored states of a run, and the buttons that go back to one."""

from __future__ import annotations

import streamlit as st

from ui.run.page_run import PageRun
from ui.session import state

HELP = (
    "Every state that is kept of this run, in memory or on the disk. Pause the run, and move the "
    "slider to see it as it was."
)


def follow(run: PageRun) -> None:
    """Display the step that is chosen on the slider.

    It stands under the charts, but all that a page shows is of this step: call it first.
    """
    step = None if run.playback.running else state.peek_widget(_key(run, run.history.steps()))
    if step is None or step == run.displayed.step_count:
        return
    try:
        run.history.view_step(step)
    except ValueError as error:  # its checkpoint is damaged: the slider goes back
        state.visitor().messages.append(str(error))
        run.past_visits += 1


def show(run: PageRun) -> None:
    """Show the slider, and the buttons that act on the step that is displayed.

    It has its place from the start, when there is nothing to go back to.
    """
    steps, running = run.history.steps(), run.playback.running
    displayed = run.displayed.step_count
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.select_slider(
            "History: pause to go back" if running else "History: step",
            steps,
            key=state.set_widget(_key(run, steps), displayed if displayed in steps else steps[-1]),
            help=HELP,
            format_func=lambda step: f"{step:,}" if step < steps[-1] else f"{step:,} (now)",
            disabled=running or len(steps) < 2,
        )
        _show_buttons(run)
    if run.looks_back:
        st.caption(
            f"The page shows the run as it was at step {displayed:,}; it has gone "
            f"on to step {run.step:,}. **Train** goes on from there, not from here; "
            "**Resume from here** forgets the steps in between, **Branch from here** keeps them."
        )


def _key(run: PageRun, steps: list[int]) -> str:
    """Return the slider's key: with other steps it is another slider, which begins at now."""
    return f"{run.page}.past.{run.id}.{len(steps)}.{steps[-1]}.{run.past_visits}"


def show_moment(run: PageRun) -> None:
    """Say that the page displays an earlier step, and offer the way to the newest one."""
    if not run.looks_back:
        return
    words, button = st.columns([4, 1], vertical_alignment="center")
    words.info(
        f"You look at step {run.displayed.step_count:,} of {run.step:,}, and so does all on this "
        "page. **Train** goes on from the newest step.",
        icon=":material/history:",
    )
    button.button(
        "To the newest step",
        icon=":material/last_page:",
        on_click=run.leave_past,
        key=f"{run.page}.newest",
    )


def _show_buttons(run: PageRun) -> None:
    st.button(
        "Resume from here",
        icon=":material/history:",
        help="Go back to this moment; what came after it is forgotten.",
        on_click=run.history.restore,
        disabled=not run.looks_back,
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
