"""Exports of a run: samples as pictures, and its numbers as a table."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch
from PIL import Image

from gan_core.data.image_grid import png
from gan_core.data.pixels import to_uint8
from gan_core.evaluation.frozen_generator import FrozenGenerator
from gan_core.evaluation.report import EvaluationReport
from gan_core.shapes import PixelArray

CHUNK = 100
"""Samples that are made at once."""


def sample_pixels(generator: FrozenGenerator, n: int, seed: int) -> PixelArray:
    """Return `n` samples drawn with `seed`, as bytes."""
    rng = torch.Generator(generator.device).manual_seed(seed)
    z, labels = generator.sample_inputs(n, rng)
    parts = []
    for start in range(0, n, CHUNK):
        place = slice(start, start + CHUNK)
        parts.append(generator.generate(z[place], None if labels is None else labels[place]))
    return to_uint8(torch.cat(parts))


def samples_zip(generator: FrozenGenerator, n: int, seed: int) -> bytes:
    """Return `n` samples as PNG files in a zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
        for number, pixels in enumerate(sample_pixels(generator, n, seed), start=1):
            picture = pixels.transpose(1, 2, 0)
            image = Image.fromarray(picture.squeeze(2) if picture.shape[2] == 1 else picture)
            packed.writestr(f"sample-{number:05d}.png", png(image))
    return file.getvalue()


def history_csv(history: dict[str, Any], qualities: Sequence[EvaluationReport]) -> str:
    """Return a run's table over its steps, and the measurements of its samples beside it."""
    statistics = pd.DataFrame(history).set_index("step")
    rows = [_numbers(quality) for quality in qualities]
    measured = pd.DataFrame(rows, index=pd.Index([q.step for q in qualities], name="step"))
    measured = measured[~measured.index.duplicated(keep="last")]
    return statistics.join(measured, how="outer").to_csv()


def _numbers(quality: EvaluationReport) -> dict[str, float]:
    """Return every number with the ends of its interval."""
    row = {}
    for name, measured in quality.values.items():
        low, high = measured.interval
        row |= {name: measured.value, f"{name}_low": low, f"{name}_high": high}
    return row
