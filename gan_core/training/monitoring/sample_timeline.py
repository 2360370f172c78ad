"""The grids of a run on pictures, epoch by epoch, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from gan_core.data.image_grid import COLUMNS, animation, packed, unpacked
from gan_core.shapes import PixelArray

MAX_BYTES = 48 * 2**20
"""Of compressed grids: some 2,000 of 64 digits, some 120 of 64 colour pictures of 64 × 64."""


@dataclass(frozen=True)
class TimelineFrame:
    """One grid as it was kept."""

    step: int
    epoch: int
    size: int
    content: bytes

    def pixels(self) -> PixelArray:
        """Return the pictures."""
        return unpacked(self.content, self.size)

    def caption(self) -> str:
        return f"step {self.step:,} · epoch {self.epoch}"


class Timeline:
    """Keeps the grid at step 0, at powers of two of the steps in the first epoch, and at the
    end of every epoch.

    When the grids weigh more than `max_bytes` only every second epoch is kept, then every
    fourth, and so on; those of the first epoch stay.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self.stride = 1
        self.frames: list[TimelineFrame] = []

    def should_record(self, step: int, epoch: int) -> bool:
        """Return whether to keep the grid after `step`, which lies in `epoch`, counted from 0."""
        if epoch == 0:
            return step & (step - 1) == 0
        return epoch > self.frames[-1].epoch and epoch % self.stride == 0

    def keep(self, step: int, epoch: int, pixels: PixelArray) -> None:
        self.frames.append(TimelineFrame(step, epoch, len(pixels), packed(pixels)))
        while self.nbytes > self.max_bytes and self.frames[-1].epoch > self.stride:
            self.stride *= 2
            self.frames = [m for m in self.frames if m.epoch % self.stride == 0]

    @property
    def nbytes(self) -> int:
        """The bytes of all grids that are kept."""
        return sum(len(moment.content) for moment in self.frames)

    def to_gif(self, columns: int = COLUMNS) -> bytes:
        """Return all grids as a GIF.

        Raises:
            ValueError: if none is kept.
        """
        frames = [moment.pixels() for moment in self.frames]
        return animation(frames, [moment.caption() for moment in self.frames], columns)

    def truncate_after(self, step: int) -> None:
        """Drop every grid of a later step."""
        self.frames = [m for m in self.frames if m.step <= step]

    def state_dict(self) -> dict[str, Any]:
        """Return everything, the grids as tensors of bytes."""
        rows = [
            [m.step, m.epoch, m.size, torch.frombuffer(bytearray(m.content), dtype=torch.uint8)]
            for m in self.frames
        ]
        return {"stride": self.stride, "moments": rows}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.stride = state["stride"]
        self.frames = [
            TimelineFrame(step, epoch, size, content.cpu().numpy().tobytes())
            for step, epoch, size, content in state["moments"]
        ]
