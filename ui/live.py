"""The controls of a run and the fragment that draws it, then trains it, many times a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from gan_core.training.monitoring.snapshot import Snapshot
from ui import figures, session
from ui.background import await_first_step, import_the_rest
from ui.components import live_chart, tiles
from ui.plain import escaped
from ui.run import Run, halve

TICK = 0.05
"""Seconds after which the browser asks for the next frame; requests that come early wait."""

JOB_SECONDS, PAUSED_JOB_SECONDS = 0.05, 0.3
"""Seconds of a frame that go into measuring, while it trains and while it rests."""

SLOW_STEP = 0.3
SLOW_WORDS = "This step: first D is updated, then G"

FEW_VALUES = 64

FULL_SPEED = "Full speed"
SPEEDS: dict[str, float | None] = {
    FULL_SPEED: None,
    "100 steps/s": 100.0,
    "10 steps/s": 10.0,
    "1 step/s": 1.0,
}


def messages(run: Run) -> None:
    """Show what has to be said about the run, and ask before one is dropped."""
    here = session.lab()
    for message in here.messages:
        st.warning(escaped(message))  # it may quote what stands in a link
    if here.messages:
        st.button("Dismiss", on_click=here.messages.clear, key=f"{run.page}.dismiss")
    if run.notice:
        st.warning(run.notice)
    if run.stopped:
        step = run.trainer.step_count
        st.button(
            f"Go on from step {step:,} with half the learning rates{_rates(run)}",
            icon=":material/healing:",
            on_click=run.go_on_slower,
            key=f"{run.page}.slower.{step}",
        )
    if run.kept.problem:
        st.warning(run.kept.problem)
    if run.remark is not None and not run.running:
        st.caption(run.remark)
    if run.proposed is not None:
        changed = ", ".join(run.trainer.config.differences(run.proposed)).replace("_", " ")
        st.warning(
            f"A different {changed} needs a new run. The present one has more than "
            f"{session.ASK_BEYOND:,} steps; it would stay on the page Runs. Until you "
            "answer, it goes on as it was."
        )
        yes, no, _ = st.columns([2, 2, 5])
        proposed = run.proposed
        yes.button("Start the new run", on_click=lambda: session.begin(run, proposed))
        no.button("Keep this run", on_click=run.show_config)


def _rates(run: Run) -> str:
    """Return the rates that the offer would bring, in words."""
    config = run.trainer.config
    g, d = halve(config.optimizer_g).lr, halve(config.optimizer_d).lr
    return f": {g:g}" if g == d else f": {g:g} for G, {d:g} for D"


def toolbar(run: Run, more: Callable[[Run], None] = lambda run: None) -> None:
    """Show the controls, and `more` at their end.

    They stand outside the fragment, so a click is served at once. Call it before the sidebar: the
    answer to a click then reaches the browser first.
    """

    def button(label: str, name: str, help_: str, action: Callable[..., None], *args: Any) -> None:
        st.button(
            label,
            key=f"{run.page}.{name}",
            help=help_,
            on_click=session.if_owned,
            args=(run, action, *args),
        )

    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.button(
            "Pause" if run.running else "Train",
            icon=":material/pause:" if run.running else ":material/play_arrow:",
            type="primary",
            shortcut="Space",
            on_click=session.if_owned,
            args=(run, run.pause if run.running else run.go),
            key=f"{run.page}.train",
        )
        button("+1", "step1", "Take one step, then pause.", run.advance, 1)
        button("+10", "step10", "Take ten steps, then pause.", run.advance, 10)
        button("+100", "step100", "Take a hundred steps, then pause.", run.advance, 100)
        button("D step", "d_step", "One update of D alone.", run.step_discriminator)
        button("G step", "g_step", "One update of G; it ends a step.", run.step_generator)
        button("Reset", "reset", "Begin again: the same curve, bit for bit.", run.reset)
        button("New seed", "new_seed", "Begin again with other random numbers.", run.new_seed)
        with st.popover("Until …", help="Train until a certain step."):
            key = f"{run.page}.goal"
            goal = (run.trainer.step_count // 1_000 + 1) * 1_000
            with st.form(f"{run.page}.until", border=False):  # else a click on Go beats the number
                st.number_input("Run until step", 1, 10**9, goal, key=key)
                until = lambda: run.go(int(session.value(key)))  # noqa: E731
                st.form_submit_button("Go", on_click=until, key=f"{run.page}.go")
        speed = st.selectbox(
            "Speed",
            list(SPEEDS),
            key=session.widget(f"{run.page}.speed", FULL_SPEED),
            label_visibility="collapsed",
            width=140,
        )
        run.speed = SPEEDS[speed]
        more(run)


def live(
    run: Run,
    draw: Callable[[Run, Snapshot], None],
    frame_seconds: float | None = None,
    tick_at_rest: float | None = None,
) -> None:
    """Draw the run with `draw` and train it, again and again while it is running.

    `frame_seconds` is how long a frame may take, if the figures should keep pace with the run;
    `tick_at_rest` is how often it is drawn while it rests, if at all.
    """

    @st.fragment(run_every=TICK if run.running or run.measuring.busy else tick_at_rest)
    def frame() -> None:
        if not session.owns(run):
            st.rerun()
        began = time.perf_counter()
        words = run.queue_words()
        st.caption(words) if words else st.empty()  # one element, whichever
        draw(run, run.shown())
        ended = False
        if run.running:
            run.meter.note_frame(began, time.perf_counter() - began)
            await_first_step()
            ended = run.train(session.steps_per_frame(), _step_bar(run), frame_seconds)
        else:
            run.rest()
        measured = run.measuring.work(JOB_SECONDS if run.running else PAUSED_JOB_SECONDS)
        if ended or (measured and not run.running):
            st.rerun()  # only now: a rerun from here while a click is served would repeat it

    frame()
    import_the_rest()


def _step_bar(run: Run) -> Callable[[float], None]:
    """Return what shows how far a step is: a bar where steps are slow, else nothing."""
    if run.meter.step_seconds < SLOW_STEP:
        return lambda share: None
    bar = st.progress(0.0, SLOW_WORDS)
    return lambda share: bar.progress(share, SLOW_WORDS)


def distribution_page(run: Run, snapshot: Snapshot) -> None:
    """Draw one frame of a run on the line."""
    config, key = run.trainer.config, chart_revision(run)
    tiles(common_tiles(run, snapshot) + _moment_tiles(run, snapshot), key=f"{run.page}.tiles")
    left, right = st.columns([3, 2])
    with left:
        live_chart(figures.distributions(snapshot, config, key), f"{run.page}.distributions")
        live_chart(figures.noise_map(snapshot, config, key), f"{run.page}.noise")
    with right:
        live_chart(figures.losses(snapshot, config, key), f"{run.page}.losses")
        live_chart(figures.judgements(snapshot, config, key), f"{run.page}.judgements")
    for remark in _remarks(snapshot):
        st.caption(remark)
    live_chart(figures.distances(snapshot, key), f"{run.page}.distances")


def network_tables(run: Run) -> None:
    """Show both networks, layer by layer."""
    with st.expander("The two networks, layer by layer"):
        for column, (name, rows) in zip(st.columns(2), run.layers.items(), strict=True):
            total = sum(row.parameters for row in rows)
            column.markdown(f"**{name.capitalize()}**, {total:,} parameters")
            table = pd.DataFrame(rows).rename(columns=str.capitalize)
            column.dataframe(table, hide_index=True, width="stretch")


def _remarks(snapshot: Snapshot) -> list[str]:
    """Return what has to be known to read the first chart rightly."""
    remarks = []
    if snapshot.density.outside > 0.01:
        remarks.append(
            f"{snapshot.density.outside:.0%} of the generated samples lie beyond the axis. If they "
            "do not come back, the learning rates are too high."
        )
    if snapshot.density.distinct <= FEW_VALUES:
        remarks.append(
            f"The {len(snapshot.samples):,} samples take only {snapshot.density.distinct} "
            f"different "
            "values: the orange curve shows each as a narrow smoothed peak."
        )
    return remarks


def chart_revision(run: Run) -> str:
    """Return what changes when zoom and legend should start afresh."""
    return f"{run.page}.{id(run.trainer)}"


def common_tiles(run: Run, snapshot: Snapshot) -> list[dict[str, object]]:
    per_second = 1 / run.meter.step_seconds if run.meter.step_seconds else None
    share = run.meter.share()
    timed = "; not timed yet" if per_second is None else ""
    if share is not None:
        timed = f"; {share:.0%} training"
    pauses = "training" if run.running else "as it was" if run.kept.viewed else "paused"
    halves = f"{snapshot.updates_d:,} D updates"
    return [
        {
            "label": "step",
            "value": f"{snapshot.step:,}",
            "note": f"{pauses}; {halves}",
            "stamp": run.last_step_at,
        },
        {
            "label": "steps a second",
            "value": "–"
            if per_second is None
            else f"{per_second:,.0f}"
            if per_second >= 10
            else f"{per_second:.1f}",
            "note": run.trainer.engine + timed,
        },
    ]


def _moment_tiles(run: Run, snapshot: Snapshot) -> list[dict[str, object]]:
    target = run.trainer.config.dataset.moments()
    history = snapshot.metric_history
    return [
        {
            "label": f"{name} of {len(snapshot.samples):,} samples",
            "value": f"{value:.4g}" if abs(value) >= 1000 else f"{value:z.3f}",
            "note": f"target {target[name]:z.3f}",
            "spark": [float(f"{v:.4g}") for v in history[name][-200:][::-2][::-1] if v == v],
        }
        for name, value in snapshot.moments.items()
    ]
