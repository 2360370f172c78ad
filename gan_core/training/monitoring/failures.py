"""A run whose numbers stopped being numbers, or ran away, and what people call them."""

from __future__ import annotations

import warnings
from typing import NamedTuple

MAX_ABS_VALUE = 1e8
"""A loss, score, gradient or weight beyond this is no longer part of any game worth playing."""

STATISTIC_LABELS = {
    "loss_d": "D's loss",
    "penalty": "the regularizer's penalty",
    "loss_g": "G's loss",
    "d_real": "D's output on real samples",
    "d_fake_before": "D's output on generated samples",
    "grad_norm_d": "D's gradient",
    "grad_norm_g": "G's gradient",
}
"""Names of the statistics in a sentence."""


class BreakdownWarning(UserWarning):
    """A run stopped by itself. The message is `Failure.sentence()`."""


warnings.simplefilter("always", BreakdownWarning, append=True)  # not once only, as is usual


class NumericalFailure(NamedTuple):
    """A run whose numbers stopped being numbers, or ran away."""

    step: int
    what: str
    healthy_step: int

    def sentence(self) -> str:
        return (
            f"At step {self.step:,} {self.what} stopped being a finite number, or ran beyond "
            f"{MAX_ABS_VALUE:,.0f}: the learning rates are likely too high. The weights are those "
            f"of step {self.healthy_step:,} again, the last healthy ones kept."
        )


class OutOfMemory(NamedTuple):
    """A step for which there was no memory; stands where a `NumericalFailure` does."""

    step: int
    batch_size: int
    fits: int
    healthy_step: int
    what: str = "the memory"

    def sentence(self) -> str:
        return (
            f"Step {self.step:,} needed more memory than this machine has free. The weights are "
            f"those of step {self.healthy_step:,}. {advice(self.batch_size, self.fits)}"
        )


def advice(batch_size: int, fits: int) -> str:
    """Return a sentence that names a batch that fits; `fits` is 0 if none does."""
    if not fits:
        return "No batch fits: choose smaller networks, or end other runs."
    return f"A batch of {fits:,} instead of {batch_size:,} would fit."


Failure = NumericalFailure | OutOfMemory
"""Why a run stopped by itself."""


def announce(failure: Failure) -> Failure:
    """Warn of a failure, and return it: in Python a run stops without another sign."""
    warnings.warn(failure.sentence(), BreakdownWarning, stacklevel=3)
    return failure
