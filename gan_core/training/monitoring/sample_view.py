"""The part of a snapshot that depends on the kind of data: its metrics and its curves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from gan_core.evaluation.metrics import NoiseFloor
from gan_core.training.monitoring.snapshot import DensityView

if TYPE_CHECKING:
    from gan_core.training.state import TrainState


@dataclass(frozen=True, eq=False)
class SampleObservation:
    """Measurements of the samples of a snapshot."""

    metrics: dict[str, float] = field(default_factory=dict)
    noise_floors: dict[str, NoiseFloor] = field(default_factory=dict)
    moments: dict[str, float] = field(default_factory=dict)
    density: DensityView | None = None


class SampleView:
    """Looks at the samples of one run, snapshot after snapshot. This one measures nothing."""

    def observe(self, state: TrainState, samples: np.ndarray) -> SampleObservation:
        """Measure the samples that the fixed noise gives now, as a snapshot holds them."""
        return SampleObservation()
