"""The page of pictures: the live grids, and the panels under them."""

from __future__ import annotations

import streamlit as st

from gan_core.data.own_data import AbsentSource
from gan_core.data.pixels import to_uint8
from gan_core.shapes import PixelArray
from gan_core.training.monitoring.snapshot import Snapshot
from ui.components import sample_canvas, tiles
from ui.live.tiles import common_tiles
from ui.markdown import escape_markdown
from ui.run.page_run import PageRun
from ui.run.watched_run import WatchedRun
from ui.session import state
from ui.views import run_charts
from ui.views.panels import export, nearest, quality, timeline
from ui.views.panels.shared import (
    MAX_CLASS_COLUMNS,
    class_names,
    count_columns,
    hand_over_file,
)

GRIDS = {"4 × 4": 4, "6 × 6": 6, "8 × 8": 8}
SIZES = {"small": 320, "medium": 560, "large": 960}
PANELS = {
    "Timeline": timeline.show,
    "Quality": quality.show,
    "Memorised?": nearest.show,
    "Export": export.show,
}


def show_view_options(run: PageRun) -> None:
    """Let the grid's size be chosen, and the class that is made where networks are told one."""

    def choose(label: str, options: list[str], name: str, current: str) -> str:
        # A popover that is closed loses a value that is set through the session.
        key = f"{run.page}.view.{name}"
        return st.selectbox(label, options, options.index(current), key=key)

    with st.popover("View", help="Size of the grid and of its pictures."):
        grid, size = _name_of(run.view.side, GRIDS), _name_of(run.view.size, SIZES)
        run.view.side = GRIDS[choose("Pictures", list(GRIDS), "grid", grid)]
        run.view.size = SIZES[choose("Size", list(SIZES), "size", size)]
        classes = class_names(run)
        if classes:
            few = len(classes) <= MAX_CLASS_COLUMNS
            every = "all, a column each" if few else "all in turn"
            label = _chosen_label(run)
            current = every if label is None else classes[label]
            chosen = choose("Class to make", [every, *classes], "label", current)
            run.view.label = None if chosen == every else classes.index(chosen)
        else:
            run.view.label = None


def _name_of(value: int, names: dict[str, int]) -> str:
    return next(name for name, number in names.items() if number == value)


def draw(run: PageRun, snapshot: Snapshot) -> None:
    """Draw one frame of a run on pictures."""
    config = run.config
    epoch = snapshot.epoch or 0.0
    more = [
        {"label": "epoch", "value": f"{epoch:,.2f}", "note": f"{config.dataset.size:,} pictures"},
        {
            "label": "pictures seen",
            "value": f"{snapshot.samples_seen:,}",
            "note": "by D, real ones",
        },
    ]
    tiles(common_tiles(run, snapshot) + more, key=f"{run.page}.tiles")
    shown, columns = _grid(run, snapshot)
    left, right = st.columns(2)
    with left:
        # In the same element: one more would move the others, and they would be made anew.
        untrained = "; G knows nothing yet" if snapshot.step == 0 else ""
        st.markdown(f"**Generated**, from the same {len(shown)} noise vectors all along{untrained}")
        words = f"{len(shown)} generated pictures at step {snapshot.step}"
        sample_canvas(shown, f"{run.page}.fake", words, columns, run.view.size)
    if not isinstance(run.displayed.source, AbsentSource):
        with right:
            _draw_real(run, len(shown), columns)
    left, right = st.columns(2)
    with left:
        run_charts.losses(run, snapshot)
    with right:
        run_charts.d_outputs(run, snapshot)


def _draw_real(run: PageRun, count: int, columns: int) -> None:
    dataset = run.config.dataset
    source = escape_markdown(dataset.label) if dataset.record else "the data"
    st.markdown(f"**Real**, drawn at random from {source}")
    real = run.real_samples(run.num_fixed)[:count]
    label = f"{len(real)} real pictures"
    sample_canvas(real, f"{run.page}.real", label, columns, run.view.size)


def show_panels(run: PageRun) -> None:
    """Let one of the panels be chosen, and show it."""
    key = state.init_widget(f"{run.page}.panel", run.view.panel or next(iter(PANELS)))
    run.view.panel = st.segmented_control(
        "More about this run", list(PANELS), key=key, required=True, label_visibility="collapsed"
    )
    PANELS[run.view.panel](run)
    hand_over_file()


def show_watched_panels(run: WatchedRun) -> None:
    """Show the grids that were kept of a watched run, when they are asked for.

    A run without its data is saved and rests: its samples and its generator are offered, too.
    """
    if st.toggle("Show the timeline", key=f"{run.page}.watched_timeline"):
        timeline.show(run, refreshes=False)
    if run.how == "without_data":
        export.show(run.source)
    hand_over_file()


def _chosen_label(run: PageRun) -> int | None:
    """Return the class to make; None if the run does not have the class chosen before."""
    label = run.view.label
    return label if label is not None and label < len(class_names(run)) else None


def _grid(run: PageRun, snapshot: Snapshot) -> tuple[PixelArray, int]:
    """Return the pictures of the grid and the number of its columns."""
    label = _chosen_label(run)
    across = count_columns(run) if label is None else run.view.side
    count = min(across * run.view.side, run.num_fixed // across * across)
    if label is None:
        return snapshot.samples[:count], across
    trainer = run.displayed
    labels = trainer.fixed_labels[:count].new_full((count,), label)
    return to_uint8(trainer.generate(trainer.fixed_z[:count], labels)), across
