"""When no condition holds and the run cannot be called healthy either: the doctor cannot say."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.diagnosis.evidence import Evidence
from gan_core.diagnosis.indicators import Indicators

TITLE = "Cannot say"


@dataclass(frozen=True)
class Doubt:
    """What a run may not have if it is to be called healthy.

    The distances are those that the page shows: a verdict must not contradict them.
    """

    transport: float = 0.2
    """Wasserstein-1, in standard deviations of the target."""
    gap: float = 0.12
    """Kolmogorov–Smirnov."""
    divergence: float = 0.2
    """Jensen–Shannon, in nats."""
    likeness: float = 2.5
    """Distance of a picture to the nearest real one, over that of real ones to each other."""
    looks: int = 4
    """With fewer looks at the samples nothing is known of their course."""

    def evidence(self, indicators: Indicators) -> tuple[Evidence, ...]:
        """Return every comparison; one that trips is enough."""
        return indicators.samples.doubts(self)

    def sentence(self, indicators: Indicators) -> str | None:
        """Return why the doctor cannot say how the run is; None if it can."""
        if not any(row.tripped for row in self.evidence(indicators)):
            return None
        return indicators.samples.doubts_sentence(self)
