"""Conditions of the course of a run on numbers: where the samples have come to, and with what D."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.diagnosis import remedies as prescribe
from gan_core.diagnosis.evidence import Evidence
from gan_core.diagnosis.rule import CONDITIONS, Condition, d_outputs_text, patience_row, steps_text
from gan_core.registry import knob

PATIENCE = 250
YOUNG = "Steps in which a healthy run may look like this, too."


@CONDITIONS.register(
    "d_fooled",
    title="D is fooled",
    paper="Arjovsky et al. 2017, arXiv:1701.07875, section 3",
    equation=r"L_D>E,\quad E=L_D\ \text{of a guess}",
)
@dataclass(frozen=True)
class DFooled(Condition):
    """D does worse than a guess: G is ahead of it, and its slope is out of date."""

    candidates = (
        prescribe.more_updates_of_d,
        prescribe.stabilize,
        prescribe.quarter_rate_of_g,
    )
    lost: float = knob(0.05, low=0.0, high=10.0, help="How far D has lost: 0 is a guess.")
    gap: float = knob(0.12, low=0.0, high=1.0, help="Kolmogorov–Smirnov of samples that are off.")
    patience: int = knob(PATIENCE, low=0, high=100_000, help=YOUNG)

    def evidence(self, indicators):
        if indicators.d_advantage is None:
            return ()
        words, lost = "how far D has lost", -indicators.d_advantage
        return (
            Evidence(words, lost, self.lost, True, steps_text(indicators)),
            *indicators.samples.is_off(self),
            patience_row(indicators, self.patience),
        )

    def sentence(self, indicators):
        return (
            f"D does worse than a guess would: {d_outputs_text(indicators)}. What it "
            "says lags behind G, and leads it astray."
        )


@CONDITIONS.register(
    "standing_still",
    title="Standing still, off the target",
    paper="Arjovsky & Bottou 2017, arXiv:1701.04862, section 2",
    equation=r"e_t=\tfrac{|m_t-\mu|+|s_t-\sigma|}{\sigma}>\texttt{far} \\ "
    r"1-\tfrac{e_{\mathrm{end}}}{e_{\mathrm{start}}}<\texttt{progress}",
)
@dataclass(frozen=True)
class StandingStill(Condition):
    """The samples' mean or spread is wrong, and they come no nearer; on the line only."""

    candidates = (
        prescribe.stabilize,
        prescribe.more_updates_of_d,
        prescribe.larger_networks,
    )
    far: float = knob(0.4, low=0.0, high=100.0, help="Off by more, in std of the target.")
    progress: float = knob(0.15, low=0.0, high=1.0, help="Share of the way that counts as moving.")
    patience: int = knob(PATIENCE, low=0, high=100_000, help=YOUNG)

    def evidence(self, indicators):
        rows = indicators.samples.stands_still(self)
        return (*rows, patience_row(indicators, self.patience)) if rows else ()

    def sentence(self, indicators):
        return indicators.samples.stands_still_sentence()


@CONDITIONS.register(
    "wrong_shape",
    title="Wrong shape",
    paper="Kolmogorov 1933; Srivastava et al. 2017 (VEEGAN), arXiv:1705.07761",
    equation=r"\sup_x|F_g(x)-F_r(x)|>\texttt{gap}",
)
@dataclass(frozen=True)
class WrongShape(Condition):
    """Mean and spread fit, and yet the samples are distributed otherwise; on the line only.

    They may be heaped where the target is flat, or lie between two of its bells.
    """

    candidates = (
        prescribe.deeper_generator,
        prescribe.more_updates_of_d,
        prescribe.stabilize,
        prescribe.pairing_loss,
        prescribe.larger_networks,
    )
    gap: float = knob(0.12, low=0.0, high=1.0, help="Largest gap of the distribution functions.")
    peak: float = knob(3.0, low=1.0, high=100.0, help="A peak so many times too high.")
    between: float = knob(0.1, low=0.0, high=1.0, help="Share of samples between the bells.")
    fits: float = knob(0.5, low=0.0, high=100.0, help="Off by less, in std, mean and spread fit.")
    progress: float = knob(0.15, low=0.0, high=1.0, help="Share of the gap that counts as closing.")
    patience: int = knob(PATIENCE, low=0, high=100_000, help=YOUNG)

    def evidence(self, indicators):
        rows = indicators.samples.misshapes(self)
        return (*rows, patience_row(indicators, self.patience)) if rows else ()

    def holds(self, rows):
        faults, others = rows[:-3], rows[-3:]
        return any(row.tripped for row in faults) and all(row.tripped for row in others)

    def sentence(self, indicators):
        return indicators.samples.misshapes_sentence(self)
