"""A run whose numbers stopped being numbers, and what people call the number that broke."""

from __future__ import annotations

from typing import NamedTuple

WORDS = {
    "loss_d": "D's loss",
    "penalty": "the regularizer's penalty",
    "loss_g": "G's loss",
    "d_real": "D's output on real samples",
    "d_fake_before": "D's output on generated samples",
    "grad_norm_d": "D's gradient",
    "grad_norm_g": "G's gradient",
}
"""What people call a statistic that broke."""


class Breakdown(NamedTuple):
    """A run whose numbers stopped being numbers."""

    step: int
    what: str
    healthy_step: int

    def sentence(self) -> str:
        return (
            f"At step {self.step:,} {self.what} stopped being a finite number: the learning rates "
            "are likely too high. Training is paused, and the weights are those of step "
            f"{self.healthy_step:,}, the last healthy ones kept. Lower the learning rates (under "
            "Optimizers) and train on, or reset."
        )
