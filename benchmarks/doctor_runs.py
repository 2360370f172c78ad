"""The families of runs on which the doctor is examined: settings meant to be well, or ill.

Each draws its own settings from ranges, so that no two runs of a family are alike.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from benchmarks.doctor_digits import (
    collapsing_digits,
    digits_with_momentum,
    exploding_digits,
    few_digits,
    strong_d_on_digits,
    well_pictures,
    well_small_cnn,
)
from benchmarks.doctor_line import (
    NONE,
    Draw,
    collapsing_mixture,
    exploding,
    few_values,
    law,
    mild,
    mlp,
    smearing_mixture,
    starved,
    starved_adam,
    strong_d,
    swaying,
    swaying_by_rates,
    swaying_wasserstein,
    textbook_wobble,
    well_loss,
    well_mixture,
)


class Family(NamedTuple):
    """Runs meant to be of one kind, for so many steps; `weight` orders them by their duration."""

    kind: str
    name: str
    draw: Draw
    steps: int = 1_200
    weight: int = 1


LIMITED = {"name": "gradient_penalty", "strength": 10.0, "one_sided": True}
BATCH_NORM = {
    "generator": mlp(2, 128, normalisation="batch"),
    "discriminator": mlp(2, 128, dropout=0.3),
}

FAMILIES: tuple[Family, ...] = (
    Family("healthy", "defaults", mild),
    Family("healthy", "uniform", law("uniform", low=(-2, 3), width=(2, 5))),
    Family("healthy", "exponential", law("exponential", scale=(0.8, 3.0))),
    Family("healthy", "lognormal", law("lognormal", mu=(0.0, 1.0), sigma=(0.3, 0.6))),
    Family("healthy", "student_t", law("student_t", df=(4.0, 20.0), loc=(-3, 3), scale=(0.7, 2))),
    Family("healthy", "mixture", well_mixture, 1_500),
    Family("healthy", "hinge", partial(well_loss, loss="hinge")),
    Family("healthy", "least_squares", partial(well_loss, loss="least_squares")),
    Family("healthy", "minimax", partial(well_loss, loss="minimax")),
    Family(
        "healthy",
        "wasserstein",
        partial(well_loss, loss="wasserstein", regularizer=LIMITED, n_critic=3),
        900,
        2,
    ),
    Family(
        "healthy",
        "pairing",
        partial(
            well_loss, loss="relativistic_pairing", regularizer={"name": "r1_r2", "gamma": 0.5}
        ),
    ),
    Family("healthy", "no penalty", partial(mild, regularizer=NONE)),
    Family("healthy", "no average", partial(mild, ema_decay=0.0)),
    Family("healthy", "ten bits", partial(mild, prior={"name": "bernoulli"}, latent_dim=10)),
    Family("healthy", "digits, MLP", well_pictures, 800, 4),
    Family(
        "healthy",
        "digits, least squares",
        partial(well_pictures, loss="least_squares", architecture=BATCH_NORM, regularizer=NONE),
        1_000,
        4,
    ),
    Family("healthy", "digits, small CNN", well_small_cnn, 400, 5),
    Family(
        "healthy",
        "several Gaussian noise numbers",
        partial(mild, prior={"name": "gaussian"}, latent_dim=4),
    ),
    Family("g_starved", "minimax, SGD", starved, 500),
    Family("g_starved", "minimax, Adam", starved_adam, 500),
    Family(
        "g_starved",
        "digits, minimax",
        partial(strong_d_on_digits, loss="minimax", slow=1e-4),
        400,
        4,
    ),
    Family("d_too_strong", "non-saturating", partial(strong_d, loss="non_saturating"), 500),
    Family("d_too_strong", "least squares", partial(strong_d, loss="least_squares"), 500),
    Family("d_too_strong", "hinge", partial(strong_d, loss="hinge"), 500),
    Family(
        "d_too_strong",
        "digits",
        partial(strong_d_on_digits, loss="non_saturating", slow=1e-5),
        400,
        4,
    ),
    Family("mode_collapse", "mixture, fast G", collapsing_mixture),
    Family("mode_collapse", "narrow bells", smearing_mixture),
    Family("mode_collapse", "digits, fast G", collapsing_digits, 700, 4),
    Family("mode_collapse", "digits, momentum", digits_with_momentum, 700, 4),
    Family("oscillating", "momentum", swaying),
    Family("oscillating", "learning rates", swaying_by_rates),
    Family(
        "oscillating", "Wasserstein, no penalty", partial(swaying_wasserstein, regularizer=NONE)
    ),
    Family(
        "oscillating",
        "Wasserstein, clipped",
        partial(swaying_wasserstein, regularizer={"name": "weight_clipping", "limit": 0.1}),
    ),
    Family("oscillating", "textbook", textbook_wobble, 2_400, 2),
    Family("diverging", "SGD", partial(exploding, name="sgd", low=30.0, high=100.0), 500),
    Family("diverging", "Adam", partial(exploding, name="adam", low=3.0, high=30.0), 500),
    Family("diverging", "digits, SGD", exploding_digits, 300, 1),
    Family("cannot_reach", "bits", few_values, 800),
    Family("memorising", "a few digits", few_digits, 1_000, 4),
)
