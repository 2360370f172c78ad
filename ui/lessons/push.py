"""Chapter 4: where D pushes every sample of G."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gan_core.explain.narration import latex_number
from gan_core.explain.sample_gradients import SampleGradients, sample_gradients
from gan_core.explain.step_recording import SHOWN
from gan_core.training.monitoring.snapshot import Snapshot
from ui import figures
from ui.components import live_chart, sample_canvas
from ui.run.page_run import PageRun
from ui.session import state


def show_controls(run: PageRun) -> None:
    """Let one of the shown samples be chosen."""
    key = state.init_widget(f"{run.page}.lesson.sample", 1)
    st.slider(f"Sample, of the first {SHOWN} of the batch", 1, SHOWN, key=key, width=360)


def draw(run: PageRun, snapshot: Snapshot) -> None:
    """Draw the push on the samples of the next step's batch."""
    trainer = run.displayed
    found = sample_gradients(trainer, SHOWN)
    chosen = min(state.widget_value(f"{run.page}.lesson.sample"), len(found.dloss_dlogit)) - 1
    st.latex(
        r"-\frac{\partial \ell_G}{\partial x} ="
        r"-\frac{\partial \ell_G}{\partial a}\cdot\frac{\partial a}{\partial x},"
        r"\quad a(x) \text{ is D's logit}"
    )
    st.latex(_numbers(found, chosen))
    if snapshot.density is not None:
        chart = figures.pushes(found, chosen, snapshot.density, trainer.config, run.chart_revision)
        live_chart(chart, f"{run.page}.lesson.pushes")
    else:
        _pictures(run, found, chosen)


def _numbers(found: SampleGradients, chosen: int) -> str:
    """Return the chain rule at the chosen sample, with its numbers, in LaTeX."""
    outer = found.dloss_dlogit[chosen]
    if found.push.ndim == 1 and found.d_is_per_sample:
        inner, push = latex_number(found.dlogit_dx[chosen]), latex_number(found.push[chosen])
        place = rf"x_{{{chosen + 1}}} = {latex_number(found.samples[chosen])}:\quad"
        return rf"{place}-({latex_number(outer)})\cdot({inner}) = {push}"
    slope = rf"\frac{{\partial \ell_G}}{{\partial a}} = {latex_number(outer)}"
    size = latex_number(float(np.linalg.norm(found.push[chosen])))
    return rf"{slope},\quad \lVert\text{{push}}\rVert = {size}"


def _pictures(run: PageRun, found: SampleGradients, chosen: int) -> None:
    """Draw all the samples and their pushes, and the chosen one enlarged."""
    reach = float(found.d_output.min()), float(found.d_output.max())
    low, high = run.displayed.config.loss.score_range or reach
    judged = figures.judged(found.samples, found.d_output, low, high)
    maps = figures.push_map(found.push)
    moved = figures.moved(found.samples, found.push)
    left, middle, right = st.columns(3)
    one = slice(chosen, chosen + 1)
    for column, name, pictures in (
        (left, f"Sample {chosen + 1}", judged),
        (middle, "Yellow: more ink. Purple: less", maps),
        (right, "A long way along the push", moved),
    ):
        with column:
            st.caption(name)
            sample_canvas(pictures[one], f"{run.page}.lesson.{name[:5]}", name, 1, 260)
    st.caption(
        f"**The first {len(maps)} of the batch**, the bar is D's answer; below, their pushes"
    )
    sample_canvas(judged, f"{run.page}.lesson.all", "samples of the batch", SHOWN, 960)
    sample_canvas(maps, f"{run.page}.lesson.maps", "pushes on the batch", SHOWN, 960)
