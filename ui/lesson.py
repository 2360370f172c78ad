"""What the reader of "How it works" has before him: the recorded step, the chosen weight."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from gan_core.explain.derivative import Derivative
from gan_core.explain.equilibrium import SERIES
from gan_core.explain.step_recording import LineRecord, StepRecording
from gan_core.shapes import Grid
from gan_core.training.monitoring.density_view import PlotAxis
from gan_core.training.monitoring.history import History


class Computed(NamedTuple):
    """A derivative, of which weight (network, layer, index) it is, and after which step."""

    of: tuple[str, int, int]
    step: int
    found: Derivative


@dataclass
class Lesson:
    """Where the reader of "How it works" is, in a run."""

    recording: StepRecording | None = None
    place: int = 0
    """Which moment of the close-up is shown, from 0."""
    watches: bool = False
    """Whether the chapter that is shown records steps."""
    slow: bool = False
    """Whether the lines follow one another by themselves."""
    turned: float = 0.0
    """When the last line began, on `time.monotonic`'s clock."""
    x: Grid | None = None
    """The axis over which D is drawn; None for pictures."""
    axis: PlotAxis | None = None
    """The axis of the last chapter, which grows with what G makes."""
    equilibria: History = field(default_factory=lambda: History(list(SERIES)))
    """How far the run was from its equilibrium, while somebody looked."""

    weight: tuple[str, int, int] = ("generator", 0, 0)
    """The weight whose derivative is asked for: network, layer, index."""
    derivative: Computed | None = None

    @property
    def moment(self) -> LineRecord | None:
        """The line of the recorded step that is shown; None if no step was recorded yet."""
        if self.recording is None:
            return None
        return self.recording.records[min(self.place, len(self.recording.records) - 1)]
