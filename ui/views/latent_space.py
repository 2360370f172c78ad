"""The page of the latent space: pictures that G makes of chosen noise."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import streamlit as st

from gan_core.explain.numbered_samples import LatentPoints, NumberedSamples
from gan_core.training.monitoring.snapshot import Snapshot
from ui.components import sample_canvas, tiles
from ui.live.tiles import common_tiles
from ui.run.page_run import PageRun
from ui.session import state
from ui.views.panels.shared import (
    choose_class,
    chosen_class,
    chosen_label,
    class_names,
    column_names,
    numbered_pictures,
    numbered_titles,
)

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
        choose_class(run, "latent.view.label")
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
    pictures = numbered_pictures(run, snapshot)
    samples = NumberedSamples(run.displayed, chosen_label(run))
    left, right = st.columns([2, 3])
    with left:
        heads = column_names(run) if chosen_label(run) is None else ()
        of_class = f", all of class {chosen_class(run)}" if chosen_class(run) else ""
        hint = "; press Train first" if snapshot.step == 0 else ""
        st.markdown(f"**Samples 1 to {run.num_fixed}**, row by row{of_class}{hint}")
        across = len(heads) or 8
        label = "samples to choose from"
        sample_canvas(pictures, "latent.all", label, across, 400, numbered_titles(run), heads)
    with right:
        if chosen.kind == SUM and not all((chosen.plus, chosen.minus, chosen.base)):
            st.info("Choose at least one sample for each of the three terms.")
            return
        points, columns, words = _points(run, samples, chosen)
        st.markdown(words + _off_the_prior(run, samples, points))
        label, width = f"{chosen.kind.lower()} through the latent space", 560
        if chosen.kind == SUM:
            label = "three means and their sum"
        made = samples.draw(points, pictures)
        sample_canvas(made, "latent.way", label, columns, width, _titles(chosen, len(made)))


def _points(
    run: PageRun, samples: NumberedSamples, chosen: LatentChoice
) -> tuple[LatentPoints, int, str]:
    """Return the points of the chosen way, the number of columns, and a description."""
    told = bool(class_names(run)) and chosen_label(run) is None
    between = ""
    if told:
        between = (
            " Its class changes evenly, too: G is told a mix of the classes' learnt vectors, "
            "so the pictures between have no class of their own."
        )
    if chosen.kind == WALK:
        start, end = chosen.ends
        prior = run.displayed.config.prior
        path = "an arc (slerp)" if prior.isotropic else "a straight line (lerp)"
        words = f"**From {start + 1} to {end + 1}** along {path}, in {WALK_STEPS} equal steps, row "
        words += f"by row: what suits a {prior.title} prior.{between}"
        return samples.walk(start, end, WALK_STEPS), 8, words
    if chosen.kind == SHEET:
        words = f"**The sheet through three samples**, which stand in its corners.{between}"
        return samples.sheet(chosen.ends, SHEET_SIDE), SHEET_SIDE, words
    if chosen.kind == SUM:
        words = "**First − second + third = fourth**: each is G at the mean of its noise vectors"
        words += ", told the same sum of its classes' learnt vectors." if told else "."
        return samples.arithmetic(chosen.plus, chosen.minus, chosen.base), 4, words
    prior = run.displayed.config.prior
    middle = "mean" if math.isfinite(prior.marginal(1).mean()) else "median"
    words = (
        f"**The same samples, z drawn to {chosen.psi:.0%} of its distance from the {middle}**: "
        "below 100 % more typical and more alike, above it bolder and more often broken."
    )
    return samples.truncate(chosen.psi), 8, words


def _off_the_prior(run: PageRun, samples: NumberedSamples, points: LatentPoints) -> str:
    """Return how many points would have left the prior, or lie where it draws no z; or nothing."""
    prior, count = run.displayed.config.prior, len(points.z)
    words = ""
    if edge := samples.num_on_edge(points):
        low, high = prior.bounds(run.displayed.config.latent_dim)
        area = f"below {low:g}" if math.isinf(high) else f"beyond {low:g} to {high:g}"
        words += f" {edge} of {count} points would go {area}, where there is no noise: they stay "
        words += "on the edge."
    if outside := samples.num_outside(points):
        words += f" {outside} of {count} points are no z that the {prior.title} prior ever draws: "
        words += "G was not trained on such."
    return words


def _titles(chosen: LatentChoice, count: int) -> list[str]:
    """Return the words beside each picture of the way, once it is enlarged."""
    if chosen.kind == WALK:
        start, end = (number + 1 for number in chosen.ends)
        return [f"{i} of {count - 1} steps from {start} to {end}" for i in range(count)]
    if chosen.kind == SHEET:
        places = [divmod(i, SHEET_SIDE) for i in range(count)]
        return [f"row {row + 1}, column {column + 1} of the sheet" for row, column in places]
    if chosen.kind == SUM:
        return ["first mean", "second mean", "third mean", "first − second + third"]
    return [f"number {i + 1} at ψ = {chosen.psi:g}" for i in range(count)]
