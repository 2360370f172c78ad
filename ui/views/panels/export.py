"""Files of a run: its samples, its generator, its numbers; and exported generators read again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from gan_core.data.image_grid import grid, png
from gan_core.evaluation import export, generator_file
from gan_core.evaluation.frozen_generator import FrozenGenerator, load_generator
from ui.components import sample_canvas
from ui.run.page_run import PageRun
from ui.views.panels.shared import count_columns


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
    step = trainer.step_count

    def offer(label: str, make: Callable[[], bytes | str], name: str, kind: str) -> None:
        key = f"{run.page}.export.{name}"
        st.download_button(label, make, name.format(step), kind, key=key, on_click="ignore")

    def samples_grid() -> bytes:
        pixels = export.sample_pixels(trainer.frozen_generator(), count, seed)
        return png(grid(pixels, count_columns(run)))

    offer("Samples as one PNG", samples_grid, "samples-step-{}.png", "image/png")
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
        lambda: export.history_csv(trainer.history.series(), run.reports),
        "numbers-step-{}.csv",
        "text/csv",
    )


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
        st.error(str(error))
        return
    shown = min(count, run.num_fixed)
    st.caption(f"Trained on {generator.trained_on} for {generator.step:,} steps; seed {seed}.")
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
