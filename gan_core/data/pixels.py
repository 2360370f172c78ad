"""Images as bytes, and as the numbers in [-1, 1] that networks see."""

from __future__ import annotations

import torch

from gan_core.shapes import PixelArray, Pixels, Samples


def to_samples(pixels: Pixels) -> Samples:
    """Turn bytes into pictures in [-1, 1]."""
    return pixels.float().div_(127.5).sub_(1)


def to_uint8(samples: Samples) -> PixelArray:
    """Turn pictures in [-1, 1] into bytes; what lies outside is cut off, NaN becomes black."""
    scaled = samples.float().nan_to_num(-1.0).add(1).mul(127.5).round().clamp(0, 255)
    return scaled.to(torch.uint8).cpu().numpy()
