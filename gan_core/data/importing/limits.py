"""Limits of an import: bytes unpacked, number of files, pixels of one picture."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.registry import Number
from gan_core.runtime import settings


@dataclass(frozen=True)
class Limits:
    """The most that one import of pictures may unpack, list and decode.

    The environment sets them: `GAN_MAX_UNPACKED_GB`, `GAN_MAX_FILES` and `GAN_MAX_MEGAPIXELS`.
    Pillow refuses more than 178 megapixels in any case.
    """

    unpacked_gb: Number = settings.DEFAULT_UNPACKED_GB
    files: int = settings.DEFAULT_FILES
    megapixels: Number = settings.DEFAULT_MEGAPIXELS

    @property
    def unpacked_bytes(self) -> Number:
        return self.unpacked_gb * 1e9

    @property
    def picture_pixels(self) -> Number:
        return self.megapixels * 1e6

    @property
    def file_bytes(self) -> int:
        """Bytes of the largest file of a picture: four per pixel, and 1 MB of metadata."""
        return int(4 * self.picture_pixels) + 1_000_000

    @classmethod
    def from_environment(cls) -> Limits:
        """Return the limits that the environment sets.

        Raises:
            ValueError: if one of them is not a positive number.
        """
        return cls(
            unpacked_gb=settings.max_unpacked_gb(),
            files=settings.max_files(),
            megapixels=settings.max_megapixels(),
        )
