"""Conversion of images between bytes and the numbers in [-1, 1] of the networks."""

from __future__ import annotations

import torch

from gan_core.shapes import PixelArray, Pixels, Samples


def to_samples(pixels: Pixels) -> Samples:
    """Convert bytes 0 to 255 to pictures in [-1, 1]."""
    return pixels.float().div_(127.5).sub_(1)


def to_uint8(samples: Samples) -> PixelArray:
    """Convert pictures in [-1, 1] to bytes; other values are clipped, NaN becomes black."""
    scaled = samples.float().nan_to_num(-1.0).add(1).mul(127.5).round().clamp(0, 255)
    return scaled.to(torch.uint8).cpu().numpy()
