"""Typical failures of GANs: each one beside the same experiment without the failure.

`tests/test_presets.py` trains the presets and checks what their texts claim.
"""

from __future__ import annotations

from typing import Any

from gan_core.presets.base import PAPER_2014, TEXTBOOK, Preset

GROUP = "The classics: what goes wrong, and why"
NO_PENALTY = {"name": "none"}
SLOPE_LIMIT = {"name": "gradient_penalty", "strength": 10.0, "one_sided": True}


def adam(lr: float, beta1: float = 0.0, beta2: float = 0.9) -> dict[str, Any]:
    return {"name": "adam", "lr": lr, "beta1": beta1, "beta2": beta2}


FAR: dict[str, Any] = {
    "dataset": {"name": "normal", "mean": 8.0, "std": 1.0},
    "architecture": {"standardise": "none"},
    "regularizer": NO_PENALTY,
    "optimizer_g": adam(1e-3, 0.5, 0.999),
    "optimizer_d": adam(1e-3, 0.5, 0.999),
    "n_critic": 5,
}
"""A target far from G's start, and a D that learns faster than G."""

HASTY: dict[str, Any] = {
    "dataset": {"name": "normal"},
    "loss": {"name": "wasserstein"},
    "regularizer": SLOPE_LIMIT,
    "optimizer_g": adam(1e-2),
    "optimizer_d": adam(1e-3),
    "ema_decay": 0.0,
}
"""A G with ten times the learning rate of its critic."""

TWO_BELLS: dict[str, Any] = {
    "dataset": {"name": "normal_mixture", "modes": 2, "spacing": 8.0, "std": 0.5},
    "architecture": {
        "generator": {"name": "mlp", "depth": 2, "width": 64},
        "standardise": "none",
    },
    "regularizer": NO_PENALTY,
    "optimizer_g": adam(1e-3, 0.5, 0.999),
    "optimizer_d": adam(1e-3, 0.5, 0.999),
    "ema_decay": 0.99,
}

SWAYING: dict[str, Any] = {
    "dataset": {"name": "normal"},
    "architecture": {"standardise": "none"},
    "regularizer": NO_PENALTY,
    "optimizer_g": adam(5e-4, 0.9, 0.999),
    "optimizer_d": adam(5e-4, 0.9, 0.999),
    "ema_decay": 0.0,
}
"""Adam with its usual momentum, which makes both networks overshoot and oscillate."""

APPROACH: dict[str, Any] = {
    "dataset": {"name": "normal", "mean": 8.0, "std": 1.0},
    "architecture": {"standardise": "none"},
    "optimizer_g": TEXTBOOK,
    "optimizer_d": TEXTBOOK,
    "n_critic": 5,
    "ema_decay": 0.0,
}
"""A target far away, small learning rates, and a D that follows G."""

CLASSICS = (
    Preset(
        "saturated",
        "Minimax saturates",
        "D soon tells everything apart: its loss is 0, and so is G's. Minimax's slope is gone "
        "where D is sure, so the orange hill stands still, far from the blue one. The next two "
        "cards are the same with another loss, and with less of D.",
        FAR | {"loss": {"name": "minimax"}},
        "Goodfellow et al. 2014, arXiv:1406.2661, section 3",
        group=GROUP,
    ),
    Preset(
        "not_saturated",
        "The non-saturating loss learns",
        "The same D, as sure of itself. But G now climbs log D(G(z)), which is steepest where D "
        "is surest that a sample is false: the hill travels to the target.",
        FAR | {"loss": {"name": "non_saturating"}},
        "Goodfellow et al. 2014, arXiv:1406.2661, section 3",
        group=GROUP,
        partner="saturated",
    ),
    Preset(
        "one_d_step",
        "Minimax with one D step",
        "Five D steps for each of G were too many for this loss. With one, D is not so sure that "
        "its slope is gone: the hill sets off, wide at first, and gathers around the target.",
        FAR | {"loss": {"name": "minimax"}, "n_critic": 1},
        PAPER_2014,
        group=GROUP,
        partner="saturated",
    ),
    Preset(
        "too_few_d_steps",
        "Too few D steps",
        "A Wasserstein critic has to be ahead of G. Here G moves ten times as fast: it follows a "
        "slope that is out of date, and the hill swings to and fro around the target. "
        "The next card gives D five steps.",
        HASTY,
        "Arjovsky et al. 2017, arXiv:1701.07875, section 4",
        group=GROUP,
    ),
    Preset(
        "enough_d_steps",
        "Enough D steps",
        "Five updates of the critic for each of G, as in the paper: the slope is up to date, and "
        "the hill swings less far. It never rests, for nothing averages G. Each step costs more.",
        HASTY | {"n_critic": 5},
        "Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1",
        group=GROUP,
        partner="too_few_d_steps",
    ),
    Preset(
        "collapse",
        "Mode collapse",
        "Two bells, but G makes one of them only. D sees that samples are too many there, yet "
        "its slope does not point across the gap, so they cannot leave. The next cards have two "
        "cures.",
        TWO_BELLS,
        "Salimans et al. 2016, arXiv:1606.03498, section 3.2",
        group=GROUP,
    ),
    Preset(
        "collapse_cured",
        "Instance noise against collapse",
        "All that D sees is blurred with noise, so the two bells run into each other and D's curve "
        "slopes from one to the other: G finds both.",
        TWO_BELLS | {"instance_noise": 1.0},
        "Sønderby et al. 2017, arXiv:1610.04490",
        group=GROUP,
        partner="collapse",
    ),
    Preset(
        "collapse_paired",
        "Relativistic pairing against collapse",
        "Each generated sample is judged against a real one, and R1 and R2 flatten D on both, so "
        "that its curve slopes gently across the gap: G finds both bells.",
        TWO_BELLS
        | {
            "loss": {"name": "relativistic_pairing"},
            "regularizer": {"name": "r1_r2", "gamma": 0.5},
        },
        "Huang et al. 2024 (R3GAN), arXiv:2501.05441",
        group=GROUP,
        partner="collapse",
    ),
    Preset(
        "wobble",
        "The wobble without a penalty",
        "No penalty, no average, Adam's usual β₁ of 0.9: the hill sways around the target, and "
        "the distances jump up again and again. The next card is the same with R1. Give both "
        "3,000 steps.",
        SWAYING,
        "Mescheder et al. 2018, arXiv:1801.04406",
        group=GROUP,
    ),
    Preset(
        "wobble_stilled",
        "R1 stills the wobble",
        "R1 flattens D where the data are. Near the target nothing pushes the hill past it any "
        "more: the distances stay down, though still above the dotted line.",
        SWAYING | {"regularizer": {"name": "r1", "gamma": 2.0}},
        "Mescheder et al. 2018, arXiv:1801.04406",
        group=GROUP,
        partner="wobble",
    ),
    Preset(
        "wasserstein",
        "Wasserstein's loss follows the distance",
        "D gives a raw score with a bounded slope. Compare D's loss with Wasserstein-1: minus the "
        "loss falls as the distance does, until the hills touch. Then the critic lags behind, and "
        "its loss scatters around 0. The next card shows a loss that does not tell.",
        APPROACH | {"loss": {"name": "wasserstein"}, "regularizer": SLOPE_LIMIT},
        "Arjovsky et al. 2017, arXiv:1701.07875; Gulrajani et al. 2017, arXiv:1704.00028",
        group=GROUP,
    ),
    Preset(
        "silent_loss",
        "A loss that does not tell",
        "Compare D's loss with Wasserstein-1 again: while the hills lie apart, D's loss stays near "
        "0 and does not say whether they are 8 apart or 4. It rises only when they touch.",
        APPROACH | {"loss": {"name": "non_saturating"}, "regularizer": NO_PENALTY},
        "Arjovsky & Bottou 2017, arXiv:1701.04862",
        group=GROUP,
        partner="wasserstein",
    ),
    Preset(
        "coin",
        "A coin cannot make a bell",
        "The noise is ±1, so G can make two numbers and no more, however long it trains. "
        "The next card has eight coins.",
        {"dataset": {"name": "normal"}, "prior": {"name": "bernoulli"}},
        group=GROUP,
    ),
    Preset(
        "eight_coins",
        "Eight coins nearly can",
        "Eight coins fall in 2⁸ = 256 ways, so G has 256 numbers to place: few enough to count, "
        "enough for a bell.",
        {"dataset": {"name": "normal"}, "prior": {"name": "bernoulli"}, "latent_dim": 8},
        group=GROUP,
        partner="coin",
    ),
    Preset(
        "three_coins",
        "Three coins draw eight pictures",
        "Three coins fall in 2³ = 8 ways: however many samples you ask for, there are eight "
        "pictures among them. “Handwritten digits (DCGAN)” is the same with 64 Gaussian numbers.",
        {"dataset": {"name": "mnist"}, "prior": {"name": "bernoulli"}, "latent_dim": 3},
        group=GROUP,
    ),
)
