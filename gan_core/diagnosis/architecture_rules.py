"""Conditions that follow from the networks alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gan_core.diagnosis import remedies as prescribe
from gan_core.diagnosis.rule import CONDITIONS, Condition, Evidence, d_outputs_text
from gan_core.registry import knob


@CONDITIONS.register(
    "blind_d",
    title="D cannot see where the samples lie",
    paper="Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1; "
    "Salimans et al. 2016, arXiv:1606.03498, section 3.4",
    equation=r"\mathrm{BN}(a\,x+b)=\mathrm{BN}(x),\quad a>0",
)
@dataclass(frozen=True)
class BlindD(Condition):
    """Batch norm in D takes the mean and the spread out of each batch, real and generated apart."""

    at_once = True
    candidates = (prescribe.without_batch_norm,)
    numbers: int = knob(1, low=1, high=100, help="Samples of so few numbers have nothing else.")

    def evidence(self, indicators):
        if indicators.failure is not None:
            return ()
        parts = indicators.config
        has_norm = float(parts.architecture.discriminator.has_batch_norm)
        size = float(math.prod(parts.dataset.sample_shape))
        return (
            Evidence("batch norm in D", has_norm, 0.5, True, "D's layers"),
            Evidence("numbers in a sample", size, self.numbers + 0.5, False, "the data set"),
        )

    def sentence(self, indicators):
        return (
            "D has batch norm, which takes the mean and the spread out of real and of generated "
            f"numbers, each batch by itself: {d_outputs_text(indicators)}. G never learns where "
            "the data lie."
        )
