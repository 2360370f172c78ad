"""Files of a run: its samples, its generator, its numbers; and exported generators read again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from gan_core.data.image_grid import grid, png
from gan_core.evaluation import export, generator_file
from gan_core.evaluation.frozen_generator import FrozenGenerator, load_generator
from gan_core.storage import metrics_table
from gan_core.storage.metrics_table import csv_of
from ui.components import sample_canvas
from ui.markdown import escape_markdown
from ui.run.page_run import PageRun
from ui.views.panels.shared import count_columns, offer_file


def show(run: PageRun) -> None:
    """Offer the generator, samples and numbers as files, and open an exported generator."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        count = int(st.number_input("Samples", 1, 10_000, 64, key=f"{run.page}.export.n"))
        seed = int(st.number_input("Seed of the noise", 0, 2**31, 0, key=f"{run.page}.export.seed"))
    with st.container(horizontal=True):
        _show_downloads(run, count, seed)
    _show_generator_file(run)
    file = st.file_uploader(
        "Open an exported generator: the same noise gives the same samples",
        ["safetensors"],
        key=f"{run.page}.generator",
    )
    if file is not None:
        _show_opened(file.getvalue(), run, count, seed)


def _show_downloads(run: PageRun, count: int, seed: int) -> None:
    trainer = run.displayed

    def offer(label: str, name: str, mime: str, content: Callable[[FrozenGenerator], Any]) -> None:
        def make() -> tuple[str, bytes]:
            generator = trainer.frozen_generator()
            return name.format(generator.step), content(generator)

        offer_file(label, mime, make, f"{run.page}.export.{name}")

    def samples_grid(generator: FrozenGenerator) -> bytes:
        return png(grid(export.sample_pixels(generator, count, seed), count_columns(run)))

    offer("Samples as one PNG", "samples-step-{}.png", "image/png", samples_grid)
    offer(
        "Samples as a zip of PNGs",
        "samples-step-{}.zip",
        "application/zip",
        lambda generator: export.samples_zip(generator, count, seed),
    )
    offer(
        "Generator (safetensors)",
        "generator-step-{}.safetensors",
        "application/octet-stream",
        lambda generator: generator.to_bytes(),
    )

    def numbers() -> tuple[str, str]:
        with trainer.lock:
            step, series = trainer.step_count, metrics_table.table_of(trainer)
        return f"numbers-step-{step}.csv", export.history_csv(series, run.reports)

    def single_steps() -> tuple[str, bytes]:
        steps = run.single_steps(1, trainer.step_count)
        return f"steps-to-{trainer.step_count}.csv", csv_of(metrics_table.single_steps(steps))

    stride = trainer.history.stride
    label = "Numbers as CSV" if stride == 1 else f"Numbers as CSV, every {stride}th step"
    offer_file(label, "text/csv", numbers, f"{run.page}.export.numbers")
    if stride > 1:
        key = f"{run.page}.export.steps"
        offer_file("Every step as CSV", "text/csv", single_steps, key)


def _show_generator_file(run: PageRun) -> None:
    """Show what the file of the generator holds, and how it is called."""
    generator = run.displayed.frozen_generator()
    name = f"generator-step-{generator.step}.safetensors"
    with st.expander("The generator's file: what it holds, and how to call it in Python"):
        st.markdown("Where `gan_core` can be imported, such as in this project's folder:")
        st.code(generator_file.example(generator, name), language="python")
        st.markdown("Anywhere else, with the packages safetensors and torch:")
        st.code(generator_file.bare_example(name), language="python")
        rows = "\n".join(f"- `{key}`: {words}" for key, words in generator_file.KEYS.items())
        st.markdown(f"`about` holds\n{rows}\n\n`weights` holds the tensors of the network:")
        tensors = generator.network.state_dict().items()
        shapes = [{"key": key, "shape": str(tuple(tensor.shape))} for key, tensor in tensors]
        st.dataframe(shapes, hide_index=True)


def _show_opened(content: bytes, run: PageRun, count: int, seed: int) -> None:
    try:
        generator = _read_generator(content, run)
        if len(generator.sample_shape) != 3:
            raise ValueError("This generator makes numbers, not pictures.")
    except ValueError as error:
        st.error(escape_markdown(str(error)))
        return
    shown = min(count, run.num_fixed)
    data = escape_markdown(generator.trained_on)
    st.caption(f"Trained on {data} for {generator.step:,} steps; seed {seed}.")
    pixels = export.sample_pixels(generator, shown, seed)
    label = f"{shown} samples of the opened generator"
    sample_canvas(pixels, f"{run.page}.opened", label, count_columns(run), run.view.size)


def _read_generator(content: bytes, run: PageRun) -> FrozenGenerator:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "generator.safetensors"
        path.write_bytes(content)
        try:
            return load_generator(path, run.displayed.device)
        except ValueError as error:
            raise ValueError(str(error).replace(str(path), "This file")) from None
