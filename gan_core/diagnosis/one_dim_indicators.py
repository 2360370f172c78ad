"""Indicators of generated numbers: where they lie, how they spread and how they have moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gan_core.config import ExperimentConfig
from gan_core.data.distributions import NormalMixture
from gan_core.diagnosis.evidence import Evidence
from gan_core.diagnosis.sample_indicators import SampleIndicators
from gan_core.diagnosis.window import HALF, recent_rows
from gan_core.shapes import Values
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.training.state import TrainState

FAR = 0.4
"""So many standard deviations of the target are far, for the mean and for the spread."""


@dataclass(frozen=True)
class Reference1D:
    """Known figures of a target: mean, standard deviation, number of different values."""

    mean: float
    std: float
    distinct: int


@dataclass(frozen=True)
class Mode:
    """One mode of a mixture: its share of the target and of the samples."""

    center: float
    share: float
    found: float


@dataclass(frozen=True)
class Indicators1D(SampleIndicators):
    """A generator of numbers.

    Lengths are in standard deviations of the target. `error` is |mean − μ| + |std − σ| of the
    samples, `error_decrease` how much of it was lost over the snapshots and `progress` the share
    lost. `oscillation` is how far their mean or their spread went to and fro: half the smaller one
    of its largest rise and its largest fall, so 0 for samples that only travel; it is taken over
    `long_snapshots`. `oscillation_share` is that over the error at their beginning.
    """

    mean: float
    std: float
    error: float
    error_decrease: float
    progress: float
    oscillation: float
    oscillation_share: float
    num_snapshots: int
    long_snapshots: int
    outside: float
    distinct: int
    real_distinct: int
    modes: tuple[Mode, ...]

    @property
    def num_real(self):
        return self.real_distinct

    @property
    def is_on_its_way(self):
        return abs(self.mean) > FAR or abs(self.std - 1) > FAR

    def healthy_sentence(self, game):
        return (
            f"The samples' mean is {abs(self.mean):.2f} std off and their spread {self.std:.2f} of "
            f"the target's; they sway by {self.oscillation:.2f} std."
        )

    def jumps(self, rule):
        over = self._snapshots_text(long=True)
        return (Evidence("to and fro, in std", self.oscillation, rule.sway, True, over),)

    def jumps_sentence(self):
        return (
            f"The samples jump to and fro by {self.oscillation:,.0f} times the target's standard "
            "deviation: every step overshoots."
        )

    def distance(self, rule):
        words, over = "share of the way done", self._snapshots_text()
        return (Evidence(words, self.progress, rule.progress, False, over),)

    def distance_words(self):
        return f"the samples got {max(self.progress, 0):.0%} of their way nearer"

    def oscillates(self, rule):
        over = self._snapshots_text(long=True)
        return (
            Evidence("to and fro, in std", self.oscillation, rule.sway, True, over),
            Evidence("to and fro / off at first", self.oscillation_share, rule.share, True, over),
        )

    def oscillates_sentence(self):
        return (
            f"The samples sway to and fro by {self.oscillation:.2f} of the target's standard "
            f"deviation, over {self._snapshots_text(long=True)}."
        )

    def collapses(self, rule):
        over = "10,000 samples"
        words, looks = "came nearer by, in std", self._snapshots_text()
        nearer = Evidence(words, self.error_decrease, rule.nearer, False, looks)
        if self._finds_a_mode(rule.found):
            least = min(mode.found / mode.share for mode in self.modes)
            return Evidence("least share of a bell found", least, rule.found, False, over), nearer
        return Evidence("std / the target's", self.std, rule.spread, False, over), nearer

    def collapses_sentence(self, rule):
        if self._finds_a_mode(rule.found):
            words = ", ".join(
                f"at {mode.center:g} ({mode.found:.0%}, not {mode.share:.0%})"
                for mode in self._missing_modes(rule.found)
            )
            return f"Of {len(self.modes)} bells, too few samples lie on those {words}."
        return f"The samples spread over {self.std:.2f} of the target's standard deviation."

    def _missing_modes(self, least_share: float) -> list[Mode]:
        return [mode for mode in self.modes if mode.found < least_share * mode.share]

    def _finds_a_mode(self, least_share: float) -> bool:
        """Return whether any mode is found; G may also be at another place altogether."""
        return len(self._missing_modes(least_share)) < len(self.modes)

    def _snapshots_text(self, long: bool = False) -> str:
        n = self.long_snapshots if long else self.num_snapshots
        return f"{n:,} looks at 10,000 samples"


def reference_1d(state: TrainState) -> Reference1D:
    """Return what the doctor compares a run's numbers with."""
    mean, std = state.config.dataset.mean_and_std()
    return Reference1D(mean, std, len(np.unique(state.real_samples(1_000))))


def indicators_1d(
    config: ExperimentConfig, snapshot: Snapshot, reference: Reference1D, since: int
) -> Indicators1D:
    """Return the indicators of a snapshot; `since` is the step of the latest change."""
    mean, std = _in_std(recent_rows(snapshot.metric_history, snapshot.step, since - 1), reference)
    error = np.abs(mean) + np.abs(std - 1)
    before, after = _first_and_last_third(error)
    long = recent_rows(snapshot.metric_history, snapshot.step, since - 1, HALF)
    long_mean, long_std = _in_std(long, reference)
    oscillation = max(oscillation_amplitude(long_mean), oscillation_amplitude(long_std))
    at_first, _ = _first_and_last_third(np.abs(long_mean) + np.abs(long_std - 1))
    return Indicators1D(
        mean=float(mean[-1]),
        std=float(std[-1]),
        error=float(error[-1]),
        error_decrease=before - after,
        progress=1 - after / before if before > 0 else 0.0,
        oscillation=oscillation,
        oscillation_share=oscillation / at_first if at_first > 0 else 0.0,
        num_snapshots=len(mean),
        long_snapshots=len(long_mean),
        outside=snapshot.density.outside,
        distinct=snapshot.density.distinct,
        real_distinct=reference.distinct,
        modes=_modes(config, snapshot.samples),
    )


def _in_std(series: dict[str, np.ndarray], target: Reference1D) -> tuple[Values, Values]:
    """Return (mean − μ) / σ and std / σ of the samples at each snapshot."""
    return (series["mean"] - target.mean) / target.std, series["std"] / target.std


def _first_and_last_third(error: Values) -> tuple[float, float]:
    """Return the medians of the first and of the last third of the snapshots."""
    third = max(len(error) // 3, 1)
    return float(np.median(error[:third])), float(np.median(error[-third:]))


def oscillation_amplitude(values: Values) -> float:
    """Return half the smaller one of the largest rise and the largest fall of a curve."""
    rise = np.max(values - np.minimum.accumulate(values))
    fall = np.max(np.maximum.accumulate(values) - values)
    return float(min(rise, fall)) / 2


def _modes(config: ExperimentConfig, samples: Values) -> tuple[Mode, ...]:
    """Return the modes of a mixture, if they lie so far apart that each sample belongs to one."""
    target = config.dataset
    if not isinstance(target, NormalMixture) or target.spacing < 4 * target.std:
        return ()
    reach = min(3 * target.std, target.spacing / 2)
    return tuple(
        Mode(center, share, float((np.abs(samples - center) < reach).mean()))
        for center, share in zip(target.centers(), target.shares(), strict=True)
    )
