"""The page of pictures: the live grids, and the panels under them."""

from __future__ import annotations

import streamlit as st

from gan_core.data.own_data import AbsentSource
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
    choose_class,
    chosen_class,
    chosen_label,
    column_names,
    count_columns,
    hand_over_file,
    numbered_pictures,
    numbered_titles,
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
        choose_class(run, f"{run.page}.view.label")


def _name_of(value: int, names: dict[str, int]) -> str:
    return next(name for name, number in names.items() if number == value)


def draw(run: PageRun | WatchedRun, snapshot: Snapshot) -> None:
    """Draw one frame of a run on pictures."""
    config = run.displayed.config
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
    _draw_grids(run, snapshot)
    left, right = st.columns(2)
    with left:
        run_charts.losses(run, snapshot)
    with right:
        run_charts.d_outputs(run, snapshot)


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


def _draw_grids(run: PageRun | WatchedRun, snapshot: Snapshot) -> None:
    """Draw generated pictures beside real ones of the same classes."""
    label, name = chosen_label(run), chosen_class(run)
    fake, columns = _grid(run, snapshot)
    heads = column_names(run) if label is None else ()
    of_class = f" of class {name}" if name else ""
    kept = "untrained" if snapshot.step == 0 else "each place keeps its noise"
    grids = [("fake", fake, "number", f"generated pictures at step {snapshot.step}")]
    titles = [f"**Generated**{of_class}; {kept}"]
    if not isinstance(run.displayed.source, AbsentSource):
        real = run.real_samples(run.num_fixed, label)[: len(fake)]
        grids.append(("real", real, "real picture", "real pictures"))
        titles.append(f"**Real**{of_class}; drawn at random{_source(run)}")
    # A title takes one line at any width, so that both grids stand at the same height.
    with st.container(key=f"{run.page}_grids", gap=None):
        for column, grid, title in zip(st.columns(2), grids, titles, strict=False):
            with column:
                place, pictures, noun, words = grid
                st.markdown(title)
                label = f"{len(pictures)} {words}"
                numbers = numbered_titles(run, noun)[: len(pictures)]
                key = f"{run.page}.{place}"
                sample_canvas(pictures, key, label, columns, run.view.size, numbers, heads)


def _source(run: PageRun | WatchedRun) -> str:
    """Return where the real pictures come from, if they are the user's own."""
    dataset = run.displayed.config.dataset
    return f" from {escape_markdown(dataset.label)}" if dataset.record else ""


def _grid(run: PageRun | WatchedRun, snapshot: Snapshot) -> tuple[PixelArray, int]:
    """Return the pictures of the grid and the number of its columns."""
    across = count_columns(run) if chosen_label(run) is None else run.view.side
    count = min(across * run.view.side, run.num_fixed // across * across)
    return numbered_pictures(run, snapshot)[:count], across
