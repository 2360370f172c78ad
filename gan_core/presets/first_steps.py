"""Presets for a first look."""

from __future__ import annotations

from gan_core.presets.base import PAPER_2014, Preset

GROUP = "First steps"

FIRST_STEPS = (
    Preset(
        "first_normal",
        "A bell curve from flat noise",
        "The orange hill starts at 0, travels to 4 and settles on the target within about "
        "five hundred steps. D's green curve flattens to ½ where the hills meet. Its "
        "shoulders are the bends of a small G; a wider or deeper one smooths them.",
        {"dataset": {"name": "normal", "mean": 4.0, "std": 1.25}},
        PAPER_2014,
        group=GROUP,
    ),
    Preset(
        "introduction",
        "The training algorithm, one half at a time",
        "Pause it and press D step a few times: the green curve rises where samples are real and "
        "sinks where they are generated. Then press G step: the orange hill climbs the green "
        "curve. Training is these two, in turns.",
        {
            "dataset": {"name": "normal", "mean": 2.0, "std": 1.0},
            "n_critic": 3,
            "ema_decay": 0.0,
        },
        "Goodfellow 2016, tutorial, arXiv:1701.00160",
        group=GROUP,
    ),
    Preset(
        "three_bells",
        "Three bells: are all of them found?",
        "One hill has to split in three. Watch the lines from z: G tears the noise apart, and the "
        "few samples in between are its seams.",
        {
            "dataset": {"name": "normal_mixture", "modes": 3, "spacing": 4.0, "std": 0.6},
            "architecture": {
                "generator": {"name": "mlp", "depth": 2, "width": 64},
                "discriminator": {"name": "mlp", "depth": 2, "width": 64},
            },
        },
        group=GROUP,
    ),
)
