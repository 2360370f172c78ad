"""Experiments worth beginning with, each with what to look for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gan_core.config import ExperimentConfig


@dataclass(frozen=True)
class Preset:
    """An experiment as `ExperimentConfig.from_dict` reads it, and a sentence or two about it."""

    name: str
    title: str
    look_for: str
    experiment: dict[str, Any]

    @property
    def config(self) -> ExperimentConfig:
        return ExperimentConfig.from_dict(self.experiment)


TEXTBOOK = {"name": "adam", "lr": 2e-4, "beta1": 0.5, "beta2": 0.999}
MIXTURE = {"name": "normal_mixture", "modes": 3, "spacing": 4.0, "std": 0.6}

PRESETS = (
    Preset(
        "first_normal",
        "A bell curve from flat noise",
        "The orange hill starts at 0, travels to 4 and settles on the target within about "
        "five hundred steps. D's green curve flattens to ½ where the hills meet. Its "
        "shoulders are the bends of a small G; a wider or deeper one smooths them.",
        {"dataset": {"name": "normal", "mean": 4.0, "std": 1.25}},
    ),
    Preset(
        "digits_dcgan",
        "Handwritten digits (DCGAN)",
        "Grey noise for the first seconds, strokes within half a minute, digits within two. "
        "Follow one place of the grid.",
        {"dataset": {"name": "mnist"}},
    ),
    Preset(
        "three_bells",
        "Three bells: are all of them found?",
        "One hill has to split in three. Watch the lines from z: G tears the noise apart, and the "
        "few samples in between are its seams.",
        {
            "dataset": MIXTURE,
            "architecture": {
                "generator": {"name": "mlp", "depth": 2, "width": 64},
                "discriminator": {"name": "mlp", "depth": 2, "width": 64},
            },
        },
    ),
    Preset(
        "wobble",
        "The wobble of the textbook settings",
        "No penalty, no average, a small learning rate: the hill sways around the target and the "
        "distances stop falling long before the dotted line.",
        {
            "dataset": {"name": "normal"},
            "architecture": {"standardise": "none"},
            "regularizer": {"name": "none"},
            "optimizer_g": TEXTBOOK,
            "optimizer_d": TEXTBOOK,
            "ema_decay": 0.0,
        },
    ),
    Preset(
        "wasserstein",
        "Wasserstein: a score instead of a verdict",
        "D gives a raw score with a bounded slope, and minus its loss estimates the distance "
        "between the hills: the loss climbs to 0 as they close up.",
        {
            "dataset": {"name": "normal"},
            "loss": {"name": "wasserstein"},
            "regularizer": {"name": "gradient_penalty", "strength": 10.0, "one_sided": True},
            "n_critic": 3,
        },
    ),
    Preset(
        "coin",
        "A coin cannot make a bell",
        "The noise is ±1, so G can make two numbers and no more, however long it trains. "
        "Raise the latent dimension and watch more peaks appear.",
        {"dataset": {"name": "normal"}, "prior": {"name": "bernoulli"}},
    ),
    Preset(
        "digits_mlp",
        "Digits without convolutions",
        "The vanilla GAN: fully connected layers with batch norm. It learns faster at first and "
        "stays speckled, because it does not know that neighbouring pixels belong together.",
        {
            "dataset": {"name": "mnist"},
            "architecture": {
                "generator": {"name": "mlp", "depth": 2, "width": 256, "normalisation": "batch"},
                "discriminator": {"name": "mlp", "depth": 2, "width": 256, "dropout": 0.3},
            },
        },
    ),
)
