"""Chapter 2: the losses as functions of D's logit, with this run's batch on them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gan_core.explain.equilibrium import d_input_scale
from gan_core.explain.loss_curves import gradient_of_g, loss_view
from gan_core.explain.narration import latex_mean
from gan_core.losses import LOSSES, Loss
from gan_core.training.algorithm import discriminator_loss
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.training.trainer import Trainer
from gan_core.words import number_text
from ui import figures
from ui.components import live_chart, tiles
from ui.run.page_run import PageRun
from ui.session import state

COMPARED = ("minimax", "non_saturating")


def show_controls(run: PageRun) -> None:
    """Let a loss be looked at; the run keeps its own."""
    own = run.displayed.config.loss.name
    st.selectbox(
        "Loss to look at",
        LOSSES.names(),
        format_func=lambda name: LOSSES[name].title + (" (this run's)" if name == own else ""),
        key=state.init_widget(f"{run.page}.lesson.loss", own),
        width=300,
    )


def draw(run: PageRun, snapshot: Snapshot) -> None:
    """Draw the loss with the next step's batch on it, and the gradient that G gets from each."""
    trainer = run.displayed
    loss = _find_loss(run, state.widget_value(f"{run.page}.lesson.loss"))
    compared = [loss, *(_find_loss(run, name) for name in COMPARED if name != loss.name)]
    with trainer.lock, trainer.gan.no_side_effects():
        batch = trainer.gan.sample_batch()
        terms = discriminator_loss(trainer.gan, batch)
        norms = gradient_of_g(trainer.gan, batch, compared)
    real, fake = terms.real_logits.detach(), terms.fake_logits.detach()
    left, right = st.columns(2)
    left.latex(rf"\begin{{gathered}}{loss.equation}\end{{gathered}}")
    costs = latex_mean(loss.discriminator(real, fake)), latex_mean(loss.generator(real, fake))
    right.latex(rf"\begin{{gathered}}L_D = {costs[0]} \\[6pt] L_G = {costs[1]}\end{{gathered}}")
    slopes = {other.title: loss_view(other, real, fake) for other in compared}
    key = f"{run.chart_revision}.{loss.name}"
    live_chart(figures.loss_curves(slopes[loss.title], slopes, key), f"{run.page}.lesson.curves")
    rows = [
        {
            "label": f"length of G's gradient: {title}",
            "value": number_text(norm),
            "note": f"mean slope at the logits {number_text(np.abs(view.fake_slopes_g).mean())}",
        }
        for (title, view), norm in zip(slopes.items(), norms, strict=True)
    ]
    tiles(rows, key=f"{run.page}.lesson.norms")
    _show_divergence(trainer, loss, loss.discriminator(real, fake).mean().item())


def _find_loss(run: PageRun, name: str) -> Loss:
    """Return the run's own loss if it has that name, else one with its default knobs."""
    own = run.displayed.config.loss
    return own if name == own.name else LOSSES.create(name)


def _show_divergence(trainer: Trainer, loss: Loss, loss_d: float) -> None:
    """Show the distance that the loss measures, and its value by this batch's loss."""
    measured = loss.divergence
    if measured is None:
        st.markdown("Nobody knows what distance this loss measures.")
        return
    st.markdown(
        f"**D measures a distance: {measured.title}.** {measured.sentence} {measured.condition}"
    )
    left, right = st.columns(2)
    for formula in (measured.definition, measured.identity):
        left.latex(rf"\small\begin{{gathered}}{formula}\end{{gathered}}")
    right.latex(rf"\small {measured.derivation(loss_d, d_input_scale(trainer.gan))}")
    right.latex(rf"\small\text{{with the best D, G descends }} {measured.generator_objective}")
