"""Pictures of generated numbers, for run folders and tables."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from gan_core.training.monitoring.snapshot import DensityView

WIDTH, HEIGHT = 640, 320
THUMBNAIL = (240, 120)
REAL_COLOR, FAKE_COLOR = (26, 134, 208), (232, 113, 10)


def draw_density(view: DensityView, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    """Return the target's density (blue) and the generated one (orange) over the axis."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    top = 1.1 * max(view.p_real.max(), view.p_fake.max())
    across = np.linspace(0, WIDTH - 1, len(view.x))
    for density, color in ((view.p_real, REAL_COLOR), (view.p_fake, FAKE_COLOR)):
        up = (HEIGHT - 1) * (1 - density / top)
        pen.line(list(zip(across.tolist(), up.tolist(), strict=True)), fill=color, width=3)
    return image if size == (WIDTH, HEIGHT) else image.resize(size, Image.Resampling.LANCZOS)
