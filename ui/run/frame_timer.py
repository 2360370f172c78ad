"""The time that a live page spends on drawing and on training."""

from __future__ import annotations

from dataclasses import dataclass

MIN_SECONDS, MAX_SECONDS = 0.1, 0.4
"""Seconds of training between two frames."""

FIRST_SECONDS = 0.03
"""Seconds of training before the first frame: the visitor who pressed Train waits for it."""

TRAINING_PER_OVERHEAD = 9.0


@dataclass
class FrameTimer:
    """Seconds of drawing and of training, smoothed over a few frames."""

    overhead: float = 0.02
    step_seconds: float = 0.0
    training: float = 0.0
    elapsed: float = 0.0
    last_frame: float | None = None

    def add_frame(self, now: float, drawing: float) -> None:
        """Count a frame that began at `now` and took `drawing` seconds to draw."""
        self.overhead += 0.2 * (drawing - self.overhead)
        if self.last_frame is not None:
            self.elapsed += now - self.last_frame
        self.last_frame = now

    def add_training(self, seconds: float, steps: int) -> None:
        """Count steps that took so many seconds together."""
        self.training += seconds
        per_step = seconds / steps
        self.step_seconds += (0.2 if self.step_seconds else 1.0) * (per_step - self.step_seconds)

    def training_share(self) -> float | None:
        """Return the share of the time since Train that went into steps; None in the first second.

        The step time of the frame in progress is counted before its end, so it may pass 1.
        """
        return min(self.training / self.elapsed, 1.0) if self.elapsed > 1 else None

    def restart(self) -> None:
        """Count from 0 again; the smoothed times stay."""
        self.training = self.elapsed = 0.0
        self.last_frame = None

    def budget(self, frame: float | None = None) -> float:
        """Return how many seconds to train between two frames.

        `frame` is how long a frame may take, if its figures should keep pace.
        """
        longest = MAX_SECONDS if frame is None else max(frame - self.overhead, 0.0)
        if not self.elapsed:
            return min(FIRST_SECONDS, longest)
        return min(max(TRAINING_PER_OVERHEAD * self.overhead, MIN_SECONDS), longest)
