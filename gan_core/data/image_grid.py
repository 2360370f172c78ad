"""Encodes batches of pictures as one picture (PNG) or as an animation (GIF)."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from gan_core.shapes import PixelArray

COLUMNS = 8
GAP = 2
MIN_SIDE = 448
"""Pixels; animations are enlarged by a whole factor to about this size."""
FRAME_MS, LAST_FRAME_MS = 150, 2_000
CAPTION = 20


def grid(pixels: PixelArray, columns: int = COLUMNS) -> Image.Image:
    """Return pictures of 1 or 3 channels side by side, row by row."""
    # Imported only here: the import takes 1.5 s, which would delay the first page.
    from torchvision.utils import make_grid

    made = make_grid(torch.from_numpy(pixels), nrow=columns, padding=GAP)
    return Image.fromarray(made.permute(1, 2, 0).numpy())


def png(image: Image.Image) -> bytes:
    """Return the picture as a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def animation(
    frames: Sequence[PixelArray], captions: Sequence[str], columns: int = COLUMNS
) -> bytes:
    """Return grids with captions as an endless GIF; the last grid is shown longer.

    Raises:
        ValueError: if there is no frame.
    """
    if not frames:
        raise ValueError("There is no grid to animate yet; train first.")
    images = [
        _captioned(grid(frame, columns), words)
        for frame, words in zip(frames, captions, strict=True)
    ]
    times = [FRAME_MS] * (len(images) - 1) + [LAST_FRAME_MS]
    file = io.BytesIO()
    first, *rest = images
    first.save(file, "GIF", save_all=True, append_images=rest, duration=times, loop=0)
    return file.getvalue()


def _captioned(image: Image.Image, words: str) -> Image.Image:
    factor = max(1, round(MIN_SIDE / image.width))
    image = image.resize((factor * image.width, factor * image.height), Image.Resampling.NEAREST)
    whole = Image.new("RGB", (image.width, image.height + CAPTION), "white")
    whole.paste(image)
    pen = ImageDraw.Draw(whole)
    pen.text((4, image.height + 3), words, fill="black", font=ImageFont.load_default(13))
    return whole


def packed(pixels: PixelArray) -> bytes:
    """Return a batch as one lossless PNG; `unpacked` undoes it."""
    n, channels, height, width = pixels.shape
    stacked = pixels.transpose(0, 2, 3, 1).reshape(n * height, width, channels)
    return png(Image.fromarray(stacked.squeeze(2) if channels == 1 else stacked))


def unpacked(content: bytes, n: int) -> PixelArray:
    """Return the batch of `n` pictures that `packed` made."""
    stacked = np.array(Image.open(io.BytesIO(content)))
    height, width = stacked.shape[0] // n, stacked.shape[1]
    return np.ascontiguousarray(stacked.reshape(n, height, width, -1).transpose(0, 3, 1, 2))
