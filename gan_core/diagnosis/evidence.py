"""Evidence: one comparison of a measured value with its threshold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Evidence:
    """One comparison: what was measured, its threshold, and over how many samples or steps."""

    measured: str
    value: float
    threshold: float
    above: bool
    over: str

    @property
    def tripped(self) -> bool:
        """Whether the value lies beyond the threshold; NaN does not."""
        return self.value > self.threshold if self.above else self.value < self.threshold
