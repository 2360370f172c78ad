"""The grids of samples that are kept of a run: dense at first, then ever sparser."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from gan_core.data.image_grid import COLUMNS, animation, packed, unpacked
from gan_core.shapes import PixelArray

MAX_BYTES = 48 * 2**20
"""Of compressed grids: some 2,000 of 64 digits, some 120 of 64 colour pictures of 64 × 64."""

MAX_FRAMES = 400

MAX_STRIDE = 2**16
DOUBLING_UNTIL = 32
GROWTH = 0.06
"""Each grid comes at a step that is later by this share than that of the grid before: 74 grids in
2,000 steps, 141 in 100,000, 180 in a million."""


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
    """Keeps the grids at steps 0, 1, 2, 4 … 32, then each `GROWTH` later than the one before.

    When the grids weigh more than `max_bytes`, the distances double, and those in between go.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self.stride = 1
        """The factor by which the distances have grown, a power of two."""
        self.frames: list[TimelineFrame] = []

    def should_record(self, step: int) -> bool:
        """Return whether to keep the grid after `step`."""
        return not self.frames or step >= self._next_step(self.frames[-1].step)

    def _next_step(self, step: int) -> int:
        """Return the step of the grid that comes after one of `step`."""
        if step < DOUBLING_UNTIL:
            return max(1, 2 * step)
        return math.ceil(step * (1 + GROWTH * self.stride))

    def keep(self, step: int, epoch: int, pixels: PixelArray) -> None:
        """Keep the grid after `step`, which lies in `epoch`, counted from 0."""
        self.frames.append(TimelineFrame(step, epoch, len(pixels), packed(pixels)))
        while self._is_full() and self.stride < MAX_STRIDE:
            self.stride *= 2
            self._thin()

    def _is_full(self) -> bool:
        return len(self.frames) > MAX_FRAMES or self.nbytes > self.max_bytes

    def _thin(self) -> None:
        """Drop the grids that come too early after the one before; the newest stays."""
        first, *others = self.frames
        kept = [first]
        for frame in others:
            if frame is others[-1] or frame.step >= self._next_step(kept[-1].step):
                kept.append(frame)
        self.frames = kept

    @property
    def nbytes(self) -> int:
        """The bytes of all grids that are kept."""
        return sum(len(moment.content) for moment in self.frames)

    def to_gif(self, columns: int = COLUMNS, names: Sequence[str] = ()) -> bytes:
        """Return all grids as a GIF, with the columns' names if there are any.

        Raises:
            ValueError: if none is kept.
        """
        frames = [moment.pixels() for moment in self.frames]
        return animation(frames, [moment.caption() for moment in self.frames], columns, names)

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
