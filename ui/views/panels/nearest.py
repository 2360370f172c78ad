"""The real pictures that are nearest to some samples: was anything memorised?"""

from __future__ import annotations

import numpy as np
import streamlit as st

from gan_core.evaluation.nearest_neighbors import Neighbors
from gan_core.shapes import Samples
from ui.components import sample_canvas
from ui.markdown import escape_markdown
from ui.run.page_run import PageRun
from ui.session import state
from ui.views.panels.shared import REFRESH_SECONDS, chosen_label, show_progress

MAX_SHOWN = 5


def show(run: PageRun) -> None:
    """Let samples be chosen, and show the real pictures nearest to them."""
    st.caption(
        "If a sample had been copied from the data, its nearest real picture would be that very "
        "one. Numbers count the places of the generated grid, row by row."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = state.init_widget(f"{run.page}.compared", [1, 2, 3, 4])
        numbers = st.multiselect("Samples", list(range(1, run.num_fixed + 1)), key=key)
        st.button(
            "Find the nearest",
            on_click=lambda: _compare(run, numbers),
            disabled=not numbers,
            key=f"{run.page}.compare",
        )

    @st.fragment(run_every=REFRESH_SECONDS if run.measurements.busy else None)
    def latest() -> None:
        show_progress(run)
        found, step = run.measurements.nearest, run.measurements.nearest_step
        if found is not None and step <= run.displayed.step_count:
            _show_neighbors(run)

    latest()


def _compare(run: PageRun, numbers: list[int]) -> None:
    places = [number - 1 for number in numbers]
    run.measurements.compare(places, chosen_label(run), run.displayed)


def _show_neighbors(run: PageRun) -> None:
    samples, report = run.measurements.nearest
    probe = escape_markdown(report.probe)
    st.caption(f"Samples of step {run.measurements.nearest_step:,}. {probe}")
    kinds = (("pixels", report.in_pixels), ("features", report.in_features))
    for column, (kind, neighbors) in zip(st.columns(2), kinds, strict=True):
        with column:
            _show_kind(run, samples, kind, neighbors)


def _show_kind(run: PageRun, samples: Samples, kind: str, neighbors: Neighbors) -> None:
    st.markdown(f"**Nearest in {kind}**, of {neighbors.searched:,} real pictures")
    shown = min(MAX_SHOWN, neighbors.index.shape[1])
    rows = []
    for i, sample in enumerate(samples):
        real = run.displayed.source.pixels(neighbors.index[i, :shown]).cpu()
        rows.append(np.concatenate([sample[None].cpu().numpy(), real.numpy()]))
    label = f"samples and their nearest real pictures in {kind}"
    key = f"{run.page}.nearest.{kind}"
    sample_canvas(np.concatenate(rows), key, label, shown + 1, run.view.size)
    distances = ", ".join(f"{float(d):.3g}" for d in neighbors.distances[:, 0])
    low, high = neighbors.close_interval
    expected = neighbors.expected_close
    close = int(neighbors.is_close.sum())
    st.caption(
        f"First column: generated. Nearest distances {distances}; of {neighbors.compared:,} real "
        f"pictures the nearest other one is typically {neighbors.median_distance:.3g} "
        f"away, and in {1 - expected:.0%} of cases further than {neighbors.close_threshold:.3g}. "
        f"Suspiciously close: {close} of {len(samples)} samples (95 % interval {low:.0%} to "
        f"{high:.0%}); by chance {expected:.1%} would be."
    )
    if not neighbors.can_tell:
        st.caption(
            "So few samples cannot tell copies from chance, unless a picture is the very same: "
            "choose more."
        )
