"""Decodes one picture file to bytes of a given size."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from gan_core.data.importing.sources import UnusableFileError
from gan_core.registry import Number, check_knobs, knob

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Formats that are accepted; some other formats of Pillow start external programs."""


@dataclass(frozen=True)
class ImportOptions:
    """How each picture of an import is resized and stored.

    Raises:
        ValueError: for a value that is not among the choices.
    """

    size: int = knob(64, choices=(16, 28, 32, 64, 128), help="Pixels a side.")
    fit: str = knob(
        "crop",
        choices=("crop", "squash"),
        help="crop: the largest square in the middle. squash: all of it, out of proportion.",
    )
    colour: str = knob(
        "auto",
        choices=("auto", "grey", "rgb"),
        help="auto: grey if every picture is grey, else colour.",
    )

    def __post_init__(self) -> None:
        check_knobs(self, "import")


def decode(content: bytes, options: ImportOptions, most_pixels: Number) -> np.ndarray:
    """Return a picture as bytes of shape (channels, size, size): 1 channel for gray, else 3.

    It is rotated by its EXIF data; only the first frame is used; transparent parts become white.

    Raises:
        UnusableFileError: if it is not a picture, is damaged, or has more than `most_pixels`.
    """
    image = _opened(content)
    if image.width * image.height > most_pixels:
        raise UnusableFileError("too many pixels")
    try:
        return _pixels(image, options)
    except UnusableFileError:
        raise
    except Exception as error:  # damaged files make Pillow raise errors of any kind
        truncated = "truncated" in str(error)
        raise UnusableFileError("truncated" if truncated else "damaged") from None


def _opened(content: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnusableFileError("too many pixels") from None
    except Exception:  # strange files make Pillow raise errors of any kind
        raise UnusableFileError("not a picture") from None


def _pixels(image: Image.Image, options: ImportOptions) -> np.ndarray:
    # A large JPEG is decoded at 1/2, 1/4 or 1/8 of its size, at least twice the needed one.
    image.draft(None, (2 * options.size,) * 2)
    ImageOps.exif_transpose(image, in_place=True)
    image = resized(in_bytes(image), options)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("L" if options.colour == "grey" else "RGB")
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def in_bytes(image: Image.Image) -> Image.Image:
    """Return the picture as gray, RGB or RGBA of 8 bits; 16 bits are scaled, not clipped."""
    if image.mode.startswith("I"):
        return _from_16_bits(image)
    if image.mode == "F":
        raise UnusableFileError("floating-point pixels")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _from_16_bits(image: Image.Image) -> Image.Image:
    levels = np.asarray(image).astype(np.int64)
    if levels.min() < 0 or levels.max() > 65_535:
        raise UnusableFileError("more than 16 bits a pixel")
    return Image.fromarray(((levels + 128) // 257).astype(np.uint8))


def resized(image: Image.Image, options: ImportOptions) -> Image.Image:
    """Resize the picture: antialiased bicubic, as arXiv:2104.11222 recommends."""
    width, height = image.size
    box = (0, 0, width, height)
    if options.fit == "crop":
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        box = (left, top, left + side, top + side)
    return image.resize((options.size,) * 2, Image.Resampling.BICUBIC, box)
