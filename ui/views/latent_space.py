"""The page of the latent space: pictures that G makes of chosen noise."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st
import torch

from gan_core.data.pixels import to_uint8
from gan_core.explain import latent_space
from gan_core.shapes import Latents, PixelArray
from gan_core.training.monitoring.snapshot import Snapshot
from ui.components import sample_canvas, tiles
from ui.live.tiles import common_tiles
from ui.run.page_run import PageRun
from ui.session import state

WALK, SHEET, SUM, TRUNCATION = "Walk", "Sheet", "Arithmetic", "Truncation"
WALK_STEPS = 16
SHEET_SIDE = 8


@dataclass
class LatentChoice:
    """A way through the latent space; samples are named by their places in the grid, from 0."""

    kind: str = WALK
    ends: list[int] = field(default_factory=list)
    plus: list[int] = field(default_factory=list)
    minus: list[int] = field(default_factory=list)
    base: list[int] = field(default_factory=list)
    psi: float = 1.0
    label: int = 0


def choose_way(run: PageRun) -> LatentChoice:
    """Let a way through the latent space be chosen."""
    kinds = [WALK, SHEET, SUM, TRUNCATION]
    key = state.init_widget("latent.kind", WALK)
    chosen = LatentChoice(st.segmented_control("What to do", kinds, key=key, required=True))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if chosen.kind == WALK:
            chosen.ends = [_choose_place(run, "From number", 1), _choose_place(run, "To number", 2)]
        elif chosen.kind == SHEET:
            corners = (("Upper left", 1), ("Upper right", 2), ("Lower left", 3))
            chosen.ends = [_choose_place(run, words, number) for words, number in corners]
        elif chosen.kind == SUM:
            chosen.plus = _choose_places(run, "Mean of", [1, 2, 3])
            chosen.minus = _choose_places(run, "minus mean of", [4, 5, 6])
            chosen.base = _choose_places(run, "plus mean of", [7, 8, 9])
        else:
            key = state.init_widget("latent.psi", 0.7)
            chosen.psi = st.slider("ψ", 0.0, 1.5, key=key, step=0.05, width=320)
        config = run.displayed.config
        if config.architecture.conditional:
            classes = config.dataset.classes
            key = state.init_widget("latent.label", classes[0])
            chosen.label = classes.index(st.selectbox("Class", classes, key=key, width=140))
    return chosen


def _choose_place(run: PageRun, words: str, first: int) -> int:
    key = state.init_widget(f"latent.{words}", first)
    return st.selectbox(words, _places(run), key=key, width=140) - 1


def _choose_places(run: PageRun, words: str, first: list[int]) -> list[int]:
    key = state.init_widget(f"latent.{words}", first)
    return [number - 1 for number in st.multiselect(words, _places(run), key=key, width=240)]


def _places(run: PageRun) -> list[int]:
    """Return the numbers of the samples, from 1."""
    return list(range(1, run.num_fixed + 1))


def draw(run: PageRun, snapshot: Snapshot, chosen: LatentChoice) -> None:
    """Draw one frame: the samples to choose from, and the way that was chosen."""
    tiles(common_tiles(run, snapshot), key="latent.tiles")
    left, right = st.columns([2, 3])
    with left:
        hint = "press Train first" if snapshot.step == 0 else "click on one to see its number"
        st.markdown(f"**Samples 1 to {run.num_fixed}**, row by row; {hint}")
        sample_canvas(snapshot.samples, "latent.all", "samples to choose from", 8, 400)
    with right:
        if chosen.kind == SUM:
            _draw_sum(run, chosen)
            return
        z, columns, words = _points(run, chosen)
        st.markdown(words)
        label = f"{chosen.kind.lower()} through the latent space"
        sample_canvas(_generate(run, z, chosen.label), "latent.way", label, columns, 560)


def _points(run: PageRun, chosen: LatentChoice) -> tuple[Latents, int, str]:
    """Return the noise along the chosen way, the number of columns, and a description."""
    trainer, prior = run.displayed, run.displayed.config.prior
    ends = trainer.fixed_z[chosen.ends]
    if chosen.kind == WALK:
        path = "an arc (slerp)" if prior.isotropic else "a straight line (lerp)"
        words = f"**From {chosen.ends[0] + 1} to {chosen.ends[1] + 1}** along {path}"
        words += f", in {WALK_STEPS} equal steps, row by row: what suits a {prior.title} prior."
        return latent_space.walk(prior, ends[:1], ends[1:], WALK_STEPS), 8, words
    if chosen.kind == SHEET:
        words = "**The sheet through three samples**, which stand in its corners."
        return latent_space.sheet(prior, ends, SHEET_SIDE), SHEET_SIDE, words
    words = (
        f"**The same samples, z drawn to {chosen.psi:.0%} of its distance from the mean**: below "
        "100 % more typical and more alike, above it bolder and more often broken."
    )
    return latent_space.truncate(prior, trainer.fixed_z, chosen.psi), 8, words


def _draw_sum(run: PageRun, chosen: LatentChoice) -> None:
    """Draw mean(plus) − mean(minus) + mean(base), each of them and the result."""
    terms = (chosen.plus, chosen.minus, chosen.base)
    if not all(terms):
        st.info("Choose at least one sample for each of the three terms.")
        return
    z = run.displayed.fixed_z
    plus, minus, base = (z[term] for term in terms)
    result = latent_space.arithmetic(run.displayed.config.prior, plus, minus, base)
    means = [term.mean(0, keepdim=True) for term in (plus, minus, base)]
    st.markdown("**First − second + third = fourth**: each is G at the mean of its noise vectors.")
    made = _generate(run, torch.cat([*means, result]), chosen.label)
    sample_canvas(made, "latent.sum", "three means and their sum", 4, 560)


def _generate(run: PageRun, z: Latents, label: int) -> PixelArray:
    conditional = run.displayed.config.architecture.conditional
    labels = torch.full((len(z),), label, device=z.device) if conditional else None
    return to_uint8(run.displayed.generate(z, labels))
