"""How much of what a user gives is read at all."""

from __future__ import annotations

import os
from dataclasses import dataclass

from gan_core.registry import Number


@dataclass(frozen=True)
class Limits:
    """The most that one import of pictures may unpack, list and decode.

    Whoever runs the laboratory sets them with `GAN_MAX_UNPACKED_GB`, `GAN_MAX_FILES` and
    `GAN_MAX_MEGAPIXELS` in the environment. Pillow refuses more than 178 megapixels anyway.
    """

    unpacked_gb: Number = 2.0
    files: int = 250_000
    megapixels: Number = 64.0

    @property
    def unpacked_bytes(self) -> Number:
        return self.unpacked_gb * 1e9

    @property
    def picture_pixels(self) -> Number:
        return self.megapixels * 1e6

    @property
    def file_bytes(self) -> int:
        """No picture within the limits needs more: four bytes a pixel, and 1 MB of other things."""
        return int(4 * self.picture_pixels) + 1_000_000

    @classmethod
    def from_environment(cls) -> Limits:
        """Return the limits that the environment sets.

        Raises:
            ValueError: if one of them is not a positive number.
        """
        return cls(
            unpacked_gb=_positive("GAN_MAX_UNPACKED_GB", cls.unpacked_gb),
            files=int(_positive("GAN_MAX_FILES", cls.files)),
            megapixels=_positive("GAN_MAX_MEGAPIXELS", cls.megapixels),
        )


def _positive(name: str, default: Number) -> float:
    text = os.environ.get(name, str(default))
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e15:
        raise ValueError(f"{name} = {text!r} is not a positive number.")
    return number
