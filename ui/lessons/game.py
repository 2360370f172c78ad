"""Chapter 1: Algorithm 1 as a box whose lines light up while one real step is walked through."""

from __future__ import annotations

import time
from html import escape

import numpy as np
import streamlit as st

from gan_core.explain.narration import (
    LineExplanation,
    explain,
    minimizes_value,
    value_of_game,
)
from gan_core.explain.step_recording import LINES, SHOWN, LineRecord, StepView
from gan_core.training.monitoring.snapshot import Snapshot
from ui import figures
from ui.components import live_chart, sample_canvas
from ui.lessons.recording import move_line, record_if_due
from ui.run.page_run import PageRun

LINE_SECONDS = 2.0
"""How long a line stays in slow motion."""

WAITING = LineExplanation(
    "", "", "Press **Line ▶**: one training step is taken, and you walk through it."
)


def show_controls(run: PageRun) -> None:
    """Show the buttons that walk through a step."""
    tutorial = run.tutorial
    if run.playback.running:
        tutorial.slow = False
    back, on = "Back by a line, within the step.", "On by a line; behind the last, a new step."
    slow = f"A line every {LINE_SECONDS:g} seconds."
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.button("◀ Line", on_click=move_line, args=(run, -1), help=back)
        st.button("Line ▶", on_click=move_line, args=(run, 1), help=on)
        words = "Stop slow motion" if tutorial.slow else "Slow motion"
        st.button(words, on_click=_toggle_slow, args=(run,), help=slow)


def _toggle_slow(run: PageRun) -> None:
    run.playback.pause()
    run.tutorial.slow = not run.tutorial.slow


def draw(run: PageRun, snapshot: Snapshot) -> None:
    """Draw the algorithm, the line's formula and sentence, and the samples at this line."""
    tutorial = run.tutorial
    tutorial.x = None if snapshot.density is None else snapshot.density.x
    if run.playback.running:
        record_if_due(run)
    elif tutorial.slow and time.monotonic() - tutorial.line_began >= LINE_SECONDS:
        move_line(run, 1)
    record = tutorial.record
    story = WAITING if record is None else explain(tutorial.recording.config, record)
    left, right = st.columns([2, 3])
    with left:
        st.html(algorithm_html(run, record))
        _show_value(run, record)
    with right:
        _show_scene(run, snapshot, record)  # first, so that it stands still while the words change
        st.markdown(story.sentence)
        st.latex(story.formula or r"\,")
        st.latex(story.numbers or r"\,")


def _show_value(run: PageRun, record: LineRecord | None) -> None:
    """Show the game's value as a formula and, once D has judged a batch, in numbers."""
    if record is None:
        formula, numbers = r"V(D,G)", r"\,"
    elif record.discriminator_loss is None:
        formula, _ = value_of_game(run.displayed.config, record.update.loss_terms)
        numbers = r"\,"
    else:
        formula, numbers = value_of_game(run.displayed.config, record.discriminator_loss)
        who = {"update_d": "D", "update_g": "G"}.get(record.line.key)
        numbers += rf"\quad\text{{({who} is updated)}}" if who else ""
    config = run.displayed.config
    same = minimizes_value(config.loss)
    of_g = config.loss.equation.split("L_G=")[1].split(r" \\")[0]
    other = "its part of V" if same else "another loss"
    aim = rf"\text{{G minimises {other}: }} L_G={of_g}"
    players = r"\min_G\ \max_D" if same else r"\max_D"
    formula = rf"{players}\ {formula}".replace(" + ", r" \\ {} + ")
    st.latex(rf"\begin{{gathered}}{formula}\end{{gathered}}")
    st.latex(rf"\small {aim}")
    st.latex(numbers)


def algorithm_html(run: PageRun, record: LineRecord | None) -> str:
    """Return Algorithm 1 as HTML, with the present line lit."""
    updates = run.displayed.config.n_critic
    now = "" if record is None else f", now number {record.repetition}"
    rows = [f"<i>D's turn{f', {updates} times{now}' if updates > 1 else ''}</i>"]
    for number, line in enumerate(LINES, 1):
        if not line.of_d and LINES[number - 2].of_d:
            rows.append("<i>G's turn</i>")
        lit = " class='lit'" if record is not None and record.line == line else ""
        rows.append(f"<div{lit}><b>{number}</b> {escape(line.words)}</div>")
    watched = run.tutorial.recording
    step = "" if watched is None else f", step {watched.step:,}"
    if watched is not None and watched.step != run.displayed.step_count:
        step += ", the one that came next" if run.looks_back else ", the last one watched"
    return f"<div class='algorithm'><b>Algorithm 1{step}</b>{''.join(rows)}</div>"


def _show_scene(run: PageRun, snapshot: Snapshot, record: LineRecord | None) -> None:
    if snapshot.density is not None:
        view = snapshot.density
        untouched = StepView(view.lines_x, curve=view.d)
        seen, x = untouched, view.x
        if record is not None:
            seen, x = record.view, run.tutorial.recording.x
        figure = figures.scene(seen, x, run.displayed.config, run.chart_revision)
        live_chart(figure, f"{run.page}.lesson.scene")
        return
    if record is None:
        scene = StepView(snapshot.samples[:SHOWN], run.real_samples(run.num_fixed)[:SHOWN])
    else:
        scene = record.view
    low, high = run.displayed.config.loss.score_range or _reach(scene)
    below, name = scene.real, "Real"
    if scene.push is not None:
        below, name = figures.push_map(scene.push), "Push: yellow more ink, purple less"
    elif below is None:
        below, name = np.zeros_like(scene.fake), "Real: none at this line"
    for place, words, pictures, answers in (
        ("fake", "Generated", scene.fake, scene.d_output_fake),
        ("below", name, below, scene.d_output_real),
    ):
        st.caption(f"**{words}**; the bar under a picture is D's answer")
        shown = figures.judged(pictures, answers, low, high)
        sample_canvas(shown, f"{run.page}.lesson.{place}", words, 8, 560)


def _reach(scene: StepView) -> tuple[float, float]:
    """Return the interval of D's raw scores at this line."""
    answers = [a for a in (scene.d_output_fake, scene.d_output_real) if a is not None]
    if not answers:
        return 0.0, 1.0
    return float(min(a.min() for a in answers)), float(max(a.max() for a in answers))
