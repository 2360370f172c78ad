"""The state of the page "How it works": the recorded step, the chosen weight."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from gan_core.explain.derivative import Derivative
from gan_core.explain.equilibrium import SERIES
from gan_core.explain.step_recording import LineRecord, StepRecording
from gan_core.shapes import Grid
from gan_core.training.monitoring.density_view import PlotAxis
from gan_core.training.monitoring.history import History


class ComputedDerivative(NamedTuple):
    """A derivative, its weight (network, layer, index), and the step after which it holds."""

    weight: tuple[str, int, int]
    step: int
    result: Derivative


@dataclass
class TutorialState:
    """The place of the reader of "How it works" in a run."""

    recording: StepRecording | None = None
    place: int = 0
    """Index of the displayed line of the recording."""
    watches: bool = False
    """Whether the chapter that is shown records steps."""
    slow: bool = False
    """Whether the lines follow one another by themselves."""
    line_began: float = 0.0
    """When the displayed line came up, on `time.monotonic`'s clock."""
    x: Grid | None = None
    """The axis over which D is drawn; None for pictures."""
    axis: PlotAxis | None = None
    """The axis of the last chapter, which grows with what G makes."""
    equilibria: History = field(default_factory=lambda: History(list(SERIES)))
    """The run's distance from its equilibrium, at the steps at which the chapter was drawn."""

    weight: tuple[str, int, int] = ("generator", 0, 0)
    """The weight whose derivative is asked for: network, layer, index."""
    derivative: ComputedDerivative | None = None

    def forget_moment(self) -> None:
        """Drop what was computed at one step of the run: another one is displayed."""
        self.recording = self.derivative = None
        self.place = 0

    @property
    def record(self) -> LineRecord | None:
        """The record of the displayed line of the step; None if no step was recorded yet."""
        if self.recording is None:
            return None
        return self.recording.records[min(self.place, len(self.recording.records) - 1)]
