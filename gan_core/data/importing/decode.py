"""Decodes one picture file to bytes of a given size."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from gan_core.data.importing.class_folders import CHOICES
from gan_core.data.importing.formats import name_kind, readable_formats
from gan_core.data.importing.sources import UnusableFileError
from gan_core.registry import Number, check_knobs, knob

DEPTHS = (8, 10, 12, 14, 16)
"""Bits of a pixel that a file of 16 bits may hold, by its greatest value."""


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

    classes: str = knob(
        "auto",
        choices=CHOICES,
        help="auto: the top folders that differ, but not train and test; a class has two pictures "
        "or more.",
    )

    def __post_init__(self) -> None:
        check_knobs(self, "import")


@dataclass(frozen=True)
class Decoded:
    """A picture as bytes of shape (channels, size, size): 1 channel for gray, else 3.

    `remark` says what was done with it that its owner may not expect; "" if nothing.
    """

    pixels: np.ndarray
    remark: str = ""


def decode(content: bytes, options: ImportOptions, most_pixels: Number) -> Decoded:
    """Return a picture, resized.

    It is rotated by its EXIF data; only the first frame is used; transparent parts become white.
    What has 16 bits and uses 12 of them is stretched to its range.

    Raises:
        UnusableFileError: if it is not a picture, is damaged, or has more than `most_pixels`.
    """
    image = _opened(content)
    if image.width * image.height > most_pixels:
        raise UnusableFileError("too many pixels")
    try:
        frames = _frames(image)
        pixels, depth = _pixels(image, options)
        return Decoded(pixels, ", ".join(filter(None, (frames, depth))))
    except UnusableFileError:
        raise
    except Exception as error:  # damaged files make Pillow raise errors of any kind
        truncated = "truncated" in str(error)
        raise UnusableFileError("truncated" if truncated else "damaged") from None


def _opened(content: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content), formats=readable_formats())
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnusableFileError("too many pixels") from None
    except Exception:  # strange files make Pillow raise errors of any kind
        raise UnusableFileError(name_kind(content)) from None


def _frames(image: Image.Image) -> str:
    """Return in words that a file has several pictures, of which the first is used; else ""."""
    if getattr(image, "n_frames", 1) < 2:
        return ""
    kind = "TIFF stack" if image.format == "TIFF" else "animation"
    return f"first frame only of {kind}"


def _pixels(image: Image.Image, options: ImportOptions) -> tuple[np.ndarray, str]:
    """Return the bytes of a picture, and in words that its 16 bits hold fewer; else ""."""
    # A large JPEG is decoded at 1/2, 1/4 or 1/8 of its size, at least twice the needed one.
    image.draft(None, (2 * options.size,) * 2)
    ImageOps.exif_transpose(image, in_place=True)
    image, depth = in_bytes(image)
    image = resized(image, options)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("L" if options.colour == "grey" else "RGB")
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1), depth


def in_bytes(image: Image.Image) -> tuple[Image.Image, str]:
    """Return the picture as gray, RGB or RGBA of 8 bits; 16 bits are scaled, not clipped.

    The second value says that they hold fewer bits; "" if they do not.
    """
    if image.mode.startswith("I"):
        return _from_16_bits(image)
    if image.mode == "F":
        raise UnusableFileError("floating-point pixels")
    if image.has_transparency_data:
        return image.convert("RGBA"), ""
    return image.convert("L" if image.mode in ("1", "L") else "RGB"), ""


def _from_16_bits(image: Image.Image) -> tuple[Image.Image, str]:
    levels = np.asarray(image).astype(np.int64)
    if levels.min() < 0 or levels.max() > 65_535:
        raise UnusableFileError("more than 16 bits a pixel")
    bits = next(bits for bits in DEPTHS if levels.max() < 2**bits)
    full = 2**bits - 1
    stretched = ((levels * 255 + full // 2) // full).astype(np.uint8)
    remark = "" if bits == 16 else f"{bits} of 16 bits stretched to the whole range"
    return Image.fromarray(stretched), remark


def resized(image: Image.Image, options: ImportOptions) -> Image.Image:
    """Resize the picture: antialiased bicubic, as arXiv:2104.11222 recommends."""
    width, height = image.size
    box = (0, 0, width, height)
    if options.fit == "crop":
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        box = (left, top, left + side, top + side)
    return image.resize((options.size,) * 2, Image.Resampling.BICUBIC, box)
