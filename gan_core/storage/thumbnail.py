"""What a run generated, as a picture for its folder."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from gan_core.data.image_grid import grid
from gan_core.training.monitoring.snapshot import DensityView, Snapshot

WIDTH, HEIGHT = 640, 320
THUMBNAIL = (240, 120)
THUMBNAIL_SIDE = 4
REAL_COLOR, FAKE_COLOR = (26, 134, 208), (232, 113, 10)


def draw_samples(snapshot: Snapshot) -> Image.Image:
    """Return the samples as a picture: a grid, or both densities on the line."""
    if snapshot.density is not None:
        return draw_line(snapshot.density)
    return grid(snapshot.samples)


def thumbnail(snapshot: Snapshot) -> Image.Image:
    """Return a small picture of the samples."""
    if snapshot.density is not None:
        return draw_line(snapshot.density).resize(THUMBNAIL, Image.Resampling.LANCZOS)
    few = grid(snapshot.samples[: 2 * THUMBNAIL_SIDE**2], 2 * THUMBNAIL_SIDE)
    few.thumbnail((2 * THUMBNAIL[0], 2 * THUMBNAIL[1]))
    return few


def draw_line(view: DensityView) -> Image.Image:
    """Return the target's density (blue) and the generated one (orange) over the axis."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    top = 1.1 * max(view.p_real.max(), view.p_fake.max())
    across = np.linspace(0, WIDTH - 1, len(view.x))
    for density, color in ((view.p_real, REAL_COLOR), (view.p_fake, FAKE_COLOR)):
        up = (HEIGHT - 1) * (1 - density / top)
        pen.line(list(zip(across.tolist(), up.tolist(), strict=True)), fill=color, width=3)
    return image
