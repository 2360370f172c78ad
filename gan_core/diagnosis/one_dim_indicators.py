"""Indicators of generated numbers: where they lie, how they spread and how they have moved."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from gan_core.config import ExperimentConfig
from gan_core.diagnosis.bells import Mode, modes_of, share_between
from gan_core.diagnosis.evidence import Evidence
from gan_core.diagnosis.page_distances import PageDistances, page_distances
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
    off: float = 0.0
    """The error over the last third of the snapshots, the median."""
    farthest: float = math.inf
    """The largest error in the last third of the long snapshots: small once a sway has ended."""
    between: float = 0.0
    """Share of the samples that lie on no bell, beyond what the target has there."""
    peak: float = math.nan
    """The highest peak of the samples' density over that of the target's."""
    page: PageDistances = field(default_factory=PageDistances)

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
        still = min(self.oscillation, self.farthest)
        return (Evidence("to and fro, and still off, in std", still, rule.sway, True, over),)

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

    def runs_away(self, rule):
        before = self.off + self.error_decrease
        grown = -self.error_decrease / max(before, 1.0)
        over = self._snapshots_text()
        return (
            Evidence("off, in std", self.off, rule.far, True, over),
            Evidence("share of that gone away", grown, rule.grown, True, over),
        )

    def runs_away_sentence(self):
        before = self.off + self.error_decrease
        return (
            f"The samples go away from the target: {before:,.1f} of its standard deviations off "
            f"at first, and {self.off:,.1f} at last, over {self._snapshots_text()}."
        )

    def stands_still(self, rule):
        over = self._snapshots_text()
        return (
            Evidence("off, in std", self.off, rule.far, True, over),
            Evidence("share of the way done", self.progress, rule.progress, False, over),
        )

    def stands_still_sentence(self):
        return (
            f"The samples' mean is {abs(self.mean):,.2f} std off and their spread {self.std:,.2f} "
            f"of the target's. {_capitalize(self.distance_words())}, over {self._snapshots_text()}."
        )

    def is_off(self, rule):
        over = self._snapshots_text()
        return (Evidence("Kolmogorov–Smirnov", self.page.usual_gap, rule.gap, True, over),)

    def misshapes(self, rule):
        looks, over = self._snapshots_text(), "10,000 samples"
        return (
            Evidence("Kolmogorov–Smirnov", self.page.usual_gap, rule.gap, True, looks),
            Evidence("highest peak / the target's", self.peak, rule.peak, True, over),
            Evidence("share between the bells, too many", self.between, rule.between, True, over),
            Evidence("off, in std", self.off, rule.fits, False, looks),
            Evidence("share of the gap closed", self.page.closed, rule.progress, False, looks),
        )

    def misshapes_sentence(self, rule):
        faults = []
        if self.between > rule.between:
            faults.append(f"{self.between:.0%} of them lie between the bells")
        if self.peak > rule.peak:
            faults.append(f"their highest peak is {self.peak:.1f} times the target's")
        if self.page.usual_gap > rule.gap:
            words = f"up to {self.page.usual_gap:.0%} too many of them lie to one side of a point"
            faults.append(words)
        return f"The samples have another shape than the target: {'; '.join(faults)}."

    def doubts(self, rule):
        over = self._snapshots_text()
        return (
            Evidence("Wasserstein-1, in std", self.page.transport, rule.transport, True, over),
            Evidence("Kolmogorov–Smirnov", self.page.gap, rule.gap, True, over),
            Evidence("Jensen–Shannon", self.page.divergence, rule.divergence, True, over),
            Evidence(
                "looks at the samples", float(self.num_snapshots), rule.looks - 0.5, False, over
            ),
        )

    def doubts_sentence(self, rule):
        if self.num_snapshots < rule.looks:
            return f"I have only had {self._snapshots_text()} yet: too few to tell their course."
        words = (
            f"Wasserstein-1 is {self.page.transport:.2f} std, {self.page.floors:,.0f} times that "
            f"of samples of the target, Jensen–Shannon {self.page.divergence:.2f}"
        )
        if self.progress > 0:
            return f"Not there yet: {words}. {_capitalize(self.distance_words())}."
        return f"I know no name for it, but the samples are not the target's: {words}."

    def oscillates(self, rule):
        over = self._snapshots_text(long=True)
        return (
            Evidence("to and fro, in std", self.oscillation, rule.sway, True, over),
            Evidence("to and fro / off at first", self.oscillation_share, rule.share, True, over),
            Evidence("farthest off of late, in std", self.farthest, rule.sway, True, over),
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
    recent = recent_rows(snapshot.metric_history, snapshot.step, since - 1)
    mean, std = _in_std(recent, reference)
    error = np.abs(mean) + np.abs(std - 1)
    before, after = _first_and_last_third(error)
    long = recent_rows(snapshot.metric_history, snapshot.step, since - 1, HALF)
    long_mean, long_std = _in_std(long, reference)
    oscillation = max(oscillation_amplitude(long_mean), oscillation_amplitude(long_std))
    long_error = np.abs(long_mean) + np.abs(long_std - 1)
    at_first, _ = _first_and_last_third(long_error)
    modes = modes_of(config, snapshot.samples)
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
        modes=modes,
        off=after,
        farthest=float(long_error[-max(len(long_error) // 3, 1) :].max()),
        between=share_between(config, modes),
        peak=float(snapshot.density.p_fake.max() / snapshot.density.p_real.max()),
        page=page_distances(snapshot, recent, reference.std),
    )


def _capitalize(words: str) -> str:
    return words[:1].upper() + words[1:]


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
