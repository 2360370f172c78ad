"""The class of presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gan_core.config import ExperimentConfig


@dataclass(frozen=True)
class Preset:
    """An experiment as `ExperimentConfig.from_dict` reads it, and a sentence or two about it.

    `partner` names the preset beside which this one is shown, for comparison.
    """

    name: str
    title: str
    look_for: str
    experiment: dict[str, Any]
    paper: str = ""
    group: str = ""
    partner: str = ""

    @property
    def config(self) -> ExperimentConfig:
        return ExperimentConfig.from_dict(self.experiment)


TEXTBOOK = {"name": "adam", "lr": 2e-4, "beta1": 0.5, "beta2": 0.999}
"""Optimizer of DCGAN, which most GAN code uses (arXiv:1511.06434)."""

PAPER_2014 = "Goodfellow et al. 2014, arXiv:1406.2661"
