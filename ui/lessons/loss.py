"""Chapter 2: the losses as functions of D's logit, with this run's batch on them."""

from __future__ import annotations

import streamlit as st

from gan_core.loss_view import gradient_of_g, loss_view
from gan_core.losses import LOSSES
from gan_core.snapshot import Snapshot
from ui import session
from ui.run import Run

COMPARED = ("minimax", "non_saturating")


def controls(run: Run) -> None:
    """Let a loss be looked at; the run keeps its own."""
    own = run.trainer.config.loss.name
    st.selectbox(
        "Loss to look at",
        LOSSES.names(),
        format_func=lambda name: LOSSES[name].title + (" (this run's)" if name == own else ""),
        key=session.widget(f"{run.page}.lesson.loss", own),
        width=300,
    )


def draw(run: Run, snapshot: Snapshot) -> None:
    """Draw the loss with the next step's batch on it, and what G gets from each loss."""
    trainer = run.trainer
    own = trainer.config.loss
    chosen = session.value(f"{run.page}.lesson.loss")
    loss = own if chosen == own.name else LOSSES.create(chosen)
    others = [own if name == own.name else LOSSES.create(name) for name in COMPARED]
    if loss.name not in COMPARED:
        others.append(loss)
    with trainer.lock, trainer.game.unseen():
        batch = trainer.game.draw()
        bill = trainer.game.bill_of_d(batch)
        norms = gradient_of_g(trainer.game, batch, others)
    seen = loss_view(loss, bill.logits_real, bill.logits_fake)
    views = {other.title: loss_view(other, seen_real, seen_fake) for other in others}
    left, right = st.columns(2)
    with left:
        st.latex(rf"\begin{{gathered}}{loss.equation}\end{{gathered}}")
    with right:
        st.latex(_numbers(loss, bill))
