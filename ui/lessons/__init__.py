"""The chapters of "How it works": for each, its controls and one frame of it.

May import `ui.live`, `ui.session`, `ui.run`, `ui.figures` and `ui.components`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from gan_core.data.kind import all_kinds
from gan_core.training.monitoring.snapshot import Snapshot
from ui.components import tiles
from ui.lessons import backprop, equilibrium, game, loss, push
from ui.live import fragment
from ui.live.tiles import common_tiles
from ui.run.page_run import PageRun
from ui.session import open_runs, state, url

FRAME_SECONDS = 0.2
"""How long a frame may take: figures keep pace with the run, five a second."""

SLOW_TICK_SECONDS = 0.25

RUNS = {
    kind.noun.capitalize(): (kind.page, {"dataset": dict(kind.default_dataset)})
    for kind in all_kinds()
}
"""The pages whose runs can be explained, and the set-ups that they begin with."""


SYMBOLS = r"""
| symbol | meaning |
| --- | --- |
| $x$, $z$, $G(z)$ | a real sample, noise, a generated sample |
| $p_z$ | the prior: the distribution of the noise |
| $a(x)$ | D's output before any sigmoid: a logit, or a score where the loss has no probability |
| $D(x)$ | $\sigma(a(x)) = 1/(1+e^{-a(x)})$, the probability that $x$ is real |
| $D^*$, $a^*$ | the best D against this G |
| $V(D,G)$ | the value of the game, which D makes large: minus D's loss |
| $m$ | how many samples there are in a batch |
| $\ell$, $L$, $R$ | the price of one sample, its mean over the batch, the regularizer's penalty |
| $\theta$, $w$ | all weights of a network, one of them |
| $\nabla$, $\lVert\cdot\rVert$ | a slope for each weight; the length of a list of numbers |
| $p_r$, $p_g$, $F_r$, $F_g$ | densities of real and generated samples; distribution functions |
| $\mathbb{E}$ | the mean over all samples |
| $\mathrm{JS}$ | the Jensen–Shannon divergence: how far apart two densities are, 0 to log 2 |
| $\mathrm{KL}(p\Vert q)$ | $\int p \log(p/q)$, the Kullback–Leibler divergence |
| $p \otimes q$ | the density of a pair of samples, one from each |
| $\gtrsim$ | at least, up to the noise of the batch |
"""


class Chapter(NamedTuple):
    """The functions that show a chapter's controls, and draw one frame of it."""

    show_controls: Callable[[PageRun], None]
    draw: Callable[[PageRun, Snapshot], None]


CHAPTERS = {
    "1 · The game": Chapter(game.show_controls, game.draw),
    "2 · The loss": Chapter(loss.show_controls, loss.draw),
    "3 · Backprop": Chapter(backprop.show_controls, backprop.draw),
    "4 · The push": Chapter(push.show_controls, push.draw),
    "5 · Equilibrium": Chapter(equilibrium.show_controls, equilibrium.draw),
}


def open_run() -> PageRun:
    """Let the run that is explained be chosen, and return it."""
    linked = url.linked_kind()
    first = open_runs.busiest_page() if linked is None else linked.page
    names = {page: name for name, (page, _) in RUNS.items()}
    key = state.init_widget("lessons.run", names.get(first, next(iter(RUNS))))
    chosen = st.segmented_control("The run of the page with", list(RUNS), key=key, required=True)
    page, default = RUNS[chosen]
    return open_runs.open_run(page, default, use_link=linked is None or linked.page == page)


def choose_chapter() -> str:
    """Let a chapter be chosen, and the symbols be looked up."""
    key = state.init_widget("lessons.chapter", next(iter(CHAPTERS)))
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = st.segmented_control(
            "Chapter", list(CHAPTERS), key=key, required=True, label_visibility="collapsed"
        )
        with st.popover("Symbols"):
            st.markdown(SYMBOLS)
    return chosen


def show_chapter(run: PageRun, chapter: str) -> None:
    """Show a chapter and train the run."""
    CHAPTERS[chapter].show_controls(run)

    def draw(run: PageRun, snapshot: Snapshot) -> None:
        CHAPTERS[chapter].draw(run, snapshot)
        tiles(common_tiles(run, snapshot), key=f"{run.page}.lesson.tiles")

    tick_at_rest = SLOW_TICK_SECONDS if run.tutorial.slow else None
    fragment.draw_and_train(run, draw, FRAME_SECONDS, tick_at_rest)
