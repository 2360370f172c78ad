"""What stands under the live grids: timeline, quality, nearest real pictures, export."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from gan_core.data.image_grid import COLUMNS, grid, png
from gan_core.evaluation import export
from gan_core.evaluation.evaluate import SAMPLES
from gan_core.evaluation.frozen_generator import FrozenGenerator, load_generator
from gan_core.evaluation.report import EvaluationReport
from gan_core.training.monitoring.snapshot_builder import FIXED_PICTURES
from ui import figures, live, session
from ui.components import live_chart, sample_canvas, timeline
from ui.run import Run

EVALUATE = {
    "on the button": None,
    "every 100 steps": 100,
    "every 500 steps": 500,
    "every 2,000 steps": 2_000,
}
REFRESH_SECONDS, TIMELINE_SECONDS = 1.0, 3.0
REFRESHED_BYTES = 8 * 2**20
MOST_CLASS_COLUMNS = 16
NEAREST_SHOWN = 5


def classes(run: Run) -> tuple[str, ...]:
    """Return the classes that the run's networks are told, or ()."""
    config = run.trainer.config
    return config.dataset.classes if config.architecture.conditional else ()


def columns(run: Run) -> int:
    """Return how many pictures stand side by side: a column a class, where there are few."""
    told = len(classes(run))
    return told if 0 < told <= MOST_CLASS_COLUMNS else run.view.side


def timeline_panel(run: Run) -> None:
    """Show every grid that was kept, with a slider, and offer them as files."""

    @st.fragment(run_every=TIMELINE_SECONDS if run.running and not _is_heavy(run) else None)
    def kept() -> None:
        line = run.trainer.timeline
        of_late = f"; of late every {line.stride}th" if line.stride > 1 else ""
        st.caption(
            f"All {FIXED_PICTURES} places at steps 1, 2, 4, 8 … of the first epoch and at the end "
            f"of every epoch{of_late}."
        )
        key, name = live.chart_revision(run), f"{run.page}.timeline"
        timeline(line.frames, name, key, _timeline_columns(run), run.view.size)

    kept()
    with st.container(horizontal=True):
        if run.running and _is_heavy(run):
            st.button("Show the latest", key=f"{run.page}.timeline.refresh")
        st.download_button(
            "All as GIF",
            lambda: run.trainer.timeline.to_gif(_timeline_columns(run)),
            f"timeline-step-{run.trainer.step_count}.gif",
            "image/gif",
            key=f"{run.page}.gif",
            on_click="ignore",
        )


def _timeline_columns(run: Run) -> int:
    return columns(run) if classes(run) else COLUMNS


def _is_heavy(run: Run) -> bool:
    """Say whether the timeline is too large to be sent to the browser again and again."""
    return run.trainer.timeline.nbytes > REFRESHED_BYTES


def quality_panel(run: Run) -> None:
    """Offer to measure how good the samples are, and show what was measured."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Evaluate now",
            on_click=lambda: run.measuring.evaluate(),
            key=f"{run.page}.evaluate",
            help=f"Compares {SAMPLES:,} samples with as many real pictures; training goes on.",
        )
        current = next(words for words, n in EVALUATE.items() if n == run.measuring.every)
        key = session.widget(f"{run.page}.evaluate_every", current)
        chosen = st.selectbox("Evaluate", list(EVALUATE), key=key, width=180)
        run.measuring.every = EVALUATE[chosen]

    @st.fragment(run_every=REFRESH_SECONDS if run.measuring.busy or run.running else None)
    def measured() -> None:
        _job_line(run)
        if run.measuring.qualities:
            _quality(run, run.measuring.qualities[-1])
        elif not run.measuring.busy:
            st.caption(
                "Nothing measured yet. The first time, a small classifier is trained on the data "
                "for a minute or so; its features are what samples and data are compared in."
            )

    measured()


def _job_line(run: Run) -> None:
    if run.measuring.busy:
        st.progress(min(run.measuring.job.fraction, 1.0), run.measuring.job.message or "beginning")
    elif run.measuring.job is not None and run.measuring.job.error:
        st.error(run.measuring.job.error)


def _quality(run: Run, quality: EvaluationReport) -> None:
    size = f"{quality.samples:,} samples against {quality.samples:,} real pictures"
    older = run.trainer.step_count - quality.step
    when = f"**At step {quality.step:,}**" + (f", {older:,} steps ago" if older else "")
    st.markdown(f"{when}: {size}. {quality.probe}")
    for note in quality.notes:
        st.caption(note)
    rows = [
        {
            "measure": m.title,
            "better": "↑" if m.higher_is_better else "↓",
            "generated": _number(m.value),
            "real–real": _number(m.real_against_real),
            "samples": f"{m.samples:,}",
        }
        for m in quality.values.values()
    ]
    left, right = st.columns([3, 2])
    widths = {"measure": st.column_config.TextColumn(width="medium")}
    left.dataframe(pd.DataFrame(rows), hide_index=True, column_config=widths)
    left.caption(
        "real–real: what as many other real pictures score in the place of the samples, the best "
        "that can be hoped for. ↓ lower is better, ↑ higher."
    )
    with right:
        for name, census in quality.census.items():
            figure = figures.census(name, census, live.chart_revision(run))
            live_chart(figure, f"{run.page}.census.{name}")
    if len(run.measuring.qualities) > 1:
        figure = figures.qualities(run.measuring.qualities, live.chart_revision(run))
        live_chart(figure, f"{run.page}.qualities")


def _number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:z.3f}"


def memorised_panel(run: Run) -> None:
    """Show the real pictures that are nearest to some samples."""
    st.caption(
        "If a sample had been copied from the data, its nearest real picture would be that very "
        "one. Numbers count the places of the generated grid, row by row."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = session.widget(f"{run.page}.compared", [1, 2, 3, 4])
        numbers = st.multiselect("Samples", list(range(1, FIXED_PICTURES + 1)), key=key)
        st.button(
            "Find the nearest",
            on_click=lambda: run.measuring.compare([number - 1 for number in numbers]),
            disabled=not numbers,
            key=f"{run.page}.compare",
        )

    @st.fragment(run_every=REFRESH_SECONDS if run.measuring.busy else None)
    def found() -> None:
        _job_line(run)
        if run.measuring.resemblance is not None:
            _resemblance(run)

    found()


def _resemblance(run: Run) -> None:
    pixels, found = run.measuring.resemblance
    st.caption(found.probe)
    kinds = (("pixels", found.in_pixels), ("features", found.in_features))
    for place, (kind, nearest) in zip(st.columns(2), kinds, strict=True):
        with place:
            st.markdown(f"**Nearest in {kind}**, of {nearest.searched:,} real pictures")
            shown = min(NEAREST_SHOWN, nearest.index.shape[1])
            rows = []
            for i, sample in enumerate(pixels):
                real = run.trainer.source.pixels(nearest.index[i, :shown]).cpu()
                rows.append(np.concatenate([sample[None].cpu().numpy(), real.numpy()]))
            label = f"samples and their nearest real pictures in {kind}"
            key = f"{run.page}.nearest.{kind}"
            sample_canvas(np.concatenate(rows), key, label, shown + 1, run.view.size)
            st.caption(
                f"First column: generated. Nearest distances {_list(nearest.distances[:, 0])}; "
                f"a real picture's nearest other one is typically {nearest.median_distance:.3g} "
                f"away, "
                f"and in 99 of 100 cases further than {nearest.close_threshold:.3g}. "
                f"Suspiciously close: {int(nearest.is_close.sum())} of {len(pixels)}."
            )


def _list(distances: np.ndarray) -> str:
    return ", ".join(f"{float(d):.3g}" for d in distances)


def export_panel(run: Run) -> None:
    """Offer the generator, samples and numbers as files, and open an exported generator."""
    trainer, step = run.trainer, run.trainer.step_count
    with st.container(horizontal=True, vertical_alignment="bottom"):
        count = int(st.number_input("Samples", 1, 10_000, 64, key=f"{run.page}.export.n"))
        seed = int(st.number_input("Seed of the noise", 0, 2**31, 0, key=f"{run.page}.export.seed"))
    with st.container(horizontal=True):

        def offer(label: str, make: object, name: str, kind: str) -> None:
            key = f"{run.page}.export.{name}"
            st.download_button(
                label, make, f"{name.format(step)}", kind, key=key, on_click="ignore"
            )

        offer(
            "Samples as one PNG",
            lambda: png(
                grid(export.sample_pixels(trainer.frozen_generator(), count, seed), columns(run))
            ),
            "samples-step-{}.png",
            "image/png",
        )
        offer(
            "Samples as a zip of PNGs",
            lambda: export.samples_zip(trainer.frozen_generator(), count, seed),
            "samples-step-{}.zip",
            "application/zip",
        )
        offer(
            "Generator (safetensors)",
            lambda: trainer.frozen_generator().to_bytes(),
            "generator-step-{}.safetensors",
            "application/octet-stream",
        )
        offer(
            "Numbers as CSV",
            lambda: export.history_csv(trainer.history.series(), run.measuring.qualities),
            "numbers-step-{}.csv",
            "text/csv",
        )
    file = st.file_uploader(
        "Open an exported generator: the same noise gives the same samples",
        ["safetensors"],
        key=f"{run.page}.generator",
    )
    if file is not None:
        _opened(file.getvalue(), run, count, seed)


def _opened(content: bytes, run: Run, count: int, seed: int) -> None:
    try:
        generator = _read(content, run)
        if len(generator.sample_shape) != 3:
            raise ValueError("This generator makes numbers, not pictures.")
    except ValueError as error:
        st.error(str(error))
        return
    shown = min(count, FIXED_PICTURES)
    st.caption(f"Trained on {generator.trained_on} for {generator.step:,} steps; seed {seed}.")
    pixels = export.sample_pixels(generator, shown, seed)
    label = f"{shown} samples of the opened generator"
    sample_canvas(pixels, f"{run.page}.opened", label, columns(run), run.view.size)


def _read(content: bytes, run: Run) -> FrozenGenerator:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "generator.safetensors"
        path.write_bytes(content)
        try:
            return load_generator(path, run.trainer.device)
        except ValueError as error:
            raise ValueError(str(error).replace(str(path), "This file")) from None
