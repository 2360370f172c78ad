"""Chapter 5: D beside the best D, the game's value beside its end, the implied distance."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gan_core.explain.equilibrium import Equilibrium, d_input_scale, measure
from gan_core.explain.narration import latex_number
from gan_core.training.monitoring.snapshot import Snapshot
from ui import figures
from ui.components import live_chart
from ui.run.page_run import PageRun


def show_controls(run: PageRun) -> None:
    """Nothing can be chosen here."""


def draw(run: PageRun, snapshot: Snapshot) -> None:
    """Measure how far the run is from its equilibrium, and draw it over the steps."""
    tutorial, config = run.tutorial, run.displayed.config
    if tutorial.axis is None:
        tutorial.axis = config.dataset.kind.density_axis(config.dataset)
    found = measure(run.displayed, axis=tutorial.axis)
    tutorial.equilibria.add(found.step, found.row())
    key = run.chart_revision
    measured = config.loss.divergence
    left, right = st.columns([3, 2], vertical_alignment="center")
    with left:
        if found.curves is None:
            st.markdown(
                "The density of pictures is unknown, so nobody can draw D* or the true distance. "
                "What D's loss says of them is below."
            )
        else:
            chart = figures.against_the_best(found.curves, config, key)
            live_chart(chart, f"{run.page}.lesson.best")
    with right:
        for formulas in (_value(found), _distance(run, found), _at_the_mean(run, found)):
            st.latex(rf"\small\begin{{gathered}}{formulas}\end{{gathered}}")
    since = snapshot.quantities.loss
    tracked = tutorial.equilibria.series(500)
    shown = (tracked["step"] > since) & (tracked["step"] <= found.step)
    tracked = {name: row[shown] for name, row in tracked.items()}
    title = (
        "Distance" if measured is None else ", ".join(filter(None, (measured.title, measured.unit)))
    )
    images = {"value": np.negative}
    if measured is not None:
        unit = d_input_scale(run.displayed.gan)
        images["implied"] = lambda loss_d: measured.distance_from_loss(loss_d, unit)
    batches = snapshot.curves.after(since).map("loss_d", images)
    at_rest = config.architecture.discriminator.differs_at_rest and found.curves is not None
    chart = figures.towards_equilibrium(
        tracked, batches, found.equilibrium, title, figures.d_symbol(config), key
    )
    live_chart(chart, f"{run.page}.lesson.towards")
    rest = "; D is at rest there, and in training for the batches" if at_rest else ""
    st.caption(
        f"From {found.samples:,} real and as many generated samples of G itself, not of its "
        f"average, whenever this chapter is drawn (± its standard error); grey from batches of "
        f"{config.batch_size}{rest}."
    )


def _value(found: Equilibrium) -> str:
    """Return V beside its value at the equilibrium, and that of the best D, in LaTeX."""
    best = "" if found.best_value is None else rf" \\ V(D^*,G) = {latex_number(found.best_value)}"
    return (
        rf"V(D,G) = {latex_number(found.value)} \pm {latex_number(found.value_error, 2)}{best} \\"
        rf"\text{{at the equilibrium: }} {{{latex_number(found.equilibrium)}}}"
    )


def _distance(run: PageRun, found: Equilibrium) -> str:
    """Return the distance that D's loss implies beside the true one, in LaTeX."""
    measured = run.displayed.config.loss.divergence
    if measured is None:
        return r"\,"
    rows = [measured.identity, measured.derivation(-found.value, d_input_scale(run.displayed.gan))]
    if found.true is not None:
        rows.append(rf"\text{{true }} {measured.symbol} = {found.true:.3f}")
    if measured.condition and found.max_slope is not None:
        rows.append(rf"\text{{steepest slope of D: }} {latex_number(found.max_slope)}")
    return r" \\[3pt] ".join(rows)


def _at_the_mean(run: PageRun, found: Equilibrium) -> str:
    """Return D* with its numbers at the target's mean, where it is the odds of two densities."""
    seen, loss = found.curves, run.displayed.config.loss
    if seen is None or not loss.is_probabilistic or loss.equilibrium_logit:
        return r"\,"
    at = int(np.argmin(np.abs(seen.x - run.displayed.gan.mean)))
    x, real, fake = seen.x[at], seen.p_real[at], seen.p_fake[at]
    return (
        r"D^*(x) = \frac{p_r(x)}{p_r(x)+p_g(x)} \\[4pt]"
        rf"D^*({x:.2f}) = "
        rf"\frac{{{latex_number(real)}}}{{{latex_number(real)}+{latex_number(fake)}}}"
        rf" = {seen.d_optimal[at]:.3f} \\ \text{{this run: }} D({x:.2f}) = {seen.d[at]:.3f}"
    )
