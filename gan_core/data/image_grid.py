"""Encodes batches of pictures as one picture (PNG) or as an animation (GIF)."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from gan_core.shapes import PixelArray

COLUMNS = 8
GAP = 2
FORMATS: dict[str, tuple[str, dict[str, int]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
}
"""The formats of pictures by the endings of their files, with Pillow's options for each."""
MAX_JPEG_SIDE = 65_500
"""Pixels; libjpeg writes no more."""
MIN_SIDE = 448
"""Pixels; animations are enlarged by a whole factor to about this size."""
FRAME_MS, LAST_FRAME_MS = 150, 2_000
CAPTION = 20
MAX_NAME = 110
"""Pixels of a column's name; what is longer is cut off."""


def grid(pixels: PixelArray, columns: int = COLUMNS) -> Image.Image:
    """Return pictures of 1 or 3 channels side by side, row by row."""
    # Imported only here: the import takes 1.5 s, which would delay the first page.
    from torchvision.utils import make_grid

    made = make_grid(torch.from_numpy(pixels), nrow=columns, padding=GAP)
    return Image.fromarray(made.permute(1, 2, 0).numpy())


def png(image: Image.Image) -> bytes:
    """Return the picture as a PNG file."""
    return encode(image, ".png")


def encode(image: Image.Image, ending: str) -> bytes:
    """Return the picture as a file of the format that goes by the ending, a key of `FORMATS`.

    Raises:
        ValueError: if it has more pixels a side than the format allows.
    """
    name, options = FORMATS[ending]
    if name == "JPEG" and max(image.size) > MAX_JPEG_SIDE:
        width, height = image.size
        raise ValueError(
            f"The picture has {width:,} × {height:,} pixels; a JPEG has at most {MAX_JPEG_SIDE:,} "
            "a side. Choose fewer pictures, or a PNG."
        )
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def animation(
    frames: Sequence[PixelArray],
    captions: Sequence[str],
    columns: int = COLUMNS,
    names: Sequence[str] = (),
) -> bytes:
    """Return grids with captions as an endless GIF; the last grid is shown longer.

    `names` stand above the columns.

    Raises:
        ValueError: if there is no frame.
    """
    if not frames:
        raise ValueError("There is no grid to animate yet; train first.")
    images = [
        _captioned(grid(frame, columns), words, names)
        for frame, words in zip(frames, captions, strict=True)
    ]
    times = [FRAME_MS] * (len(images) - 1) + [LAST_FRAME_MS]
    file = io.BytesIO()
    first, *rest = images
    first.save(file, "GIF", save_all=True, append_images=rest, duration=times, loop=0)
    return file.getvalue()


def _captioned(image: Image.Image, words: str, names: Sequence[str]) -> Image.Image:
    factor = max(1, round(MIN_SIDE / image.width))
    image = image.resize((factor * image.width, factor * image.height), Image.Resampling.NEAREST)
    heads = _column_names(names, image.width)
    whole = Image.new("RGB", (image.width, heads.height + image.height + CAPTION), "white")
    whole.paste(heads)
    whole.paste(image, (0, heads.height))
    pen = ImageDraw.Draw(whole)
    pen.text((4, heads.height + image.height + 3), words, fill="black", font=_font())
    return whole


def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(13)


def _column_names(names: Sequence[str], width: int) -> Image.Image:
    """Return a strip with a name above each column, all upright where one is too wide."""
    # The font has Latin letters only.
    texts = [n.encode("latin-1", "ignore").decode().strip() or f"{i}" for i, n in enumerate(names)]
    lengths = [min(math.ceil(_font().getlength(text)), MAX_NAME) for text in texts]
    is_upright = max(lengths, default=0) > width // max(1, len(names)) - GAP
    height = 0 if not names else max(lengths) + GAP if is_upright else CAPTION
    strip = Image.new("RGB", (width, height), "white")
    for i, (text, length) in enumerate(zip(texts, lengths, strict=True)):
        label = Image.new("RGB", (length, CAPTION - GAP), "white")
        ImageDraw.Draw(label).text((0, 0), text, fill="black", font=_font())
        label = label.rotate(90, expand=True) if is_upright else label
        middle = (2 * i + 1) * width // (2 * len(names))
        strip.paste(label, (middle - label.width // 2, height - label.height))
    return strip


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
