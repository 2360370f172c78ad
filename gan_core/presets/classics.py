"""What goes wrong with GANs, and why: each trouble beside the same set-up without it."""

from __future__ import annotations

from gan_core.presets.base import TEXTBOOK, Preset

GROUP = "The classics: what goes wrong, and why"

CLASSICS = (
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
        group=GROUP,
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
        group=GROUP,
    ),
    Preset(
        "coin",
        "A coin cannot make a bell",
        "The noise is ±1, so G can make two numbers and no more, however long it trains. "
        "Raise the latent dimension and watch more peaks appear.",
        {"dataset": {"name": "normal"}, "prior": {"name": "bernoulli"}},
        group=GROUP,
    ),
)
