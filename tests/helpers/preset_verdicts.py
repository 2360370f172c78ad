"""What the doctor may say of each preset at the step that its card speaks of."""

from __future__ import annotations

from typing import NamedTuple

from gan_core import Trainer
from gan_core.diagnosis import Diagnosis, diagnose, indicators_of, reference_of
from gan_core.presets import PRESETS

LOOK_EVERY = 25
LEARNS = ("healthy", "cannot_say")
"""A run that is well, or on its way."""


class Claim(NamedTuple):
    """After so many steps a preset is as its card says; the doctor's verdict is one of these."""

    step: int
    verdicts: tuple[str, ...]


CLAIMS = {
    "first_normal": Claim(500, ("healthy",)),
    "introduction": Claim(300, LEARNS),
    "three_bells": Claim(1_500, LEARNS),
    "saturated": Claim(1_000, ("g_starved",)),
    "not_saturated": Claim(2_000, LEARNS),
    "one_d_step": Claim(2_000, LEARNS),
    "too_few_d_steps": Claim(1_200, ("oscillating",)),
    "enough_d_steps": Claim(1_200, (*LEARNS, "oscillating")),
    "collapse": Claim(2_000, ("mode_collapse",)),
    "collapse_cured": Claim(2_000, LEARNS),
    "collapse_paired": Claim(2_000, LEARNS),
    "wobble": Claim(3_000, ("oscillating",)),
    "wobble_stilled": Claim(3_000, LEARNS),
    "wasserstein": Claim(500, LEARNS),
    "silent_loss": Claim(300, (*LEARNS, "d_too_strong")),
    "coin": Claim(200, ("cannot_reach",)),
    "eight_coins": Claim(1_500, LEARNS),
}
"""Of every preset on numbers."""


def verdict(name: str, steps: int, seed: int) -> Diagnosis:
    """Train a preset in looks, as a page does, and return what the doctor says at the end."""
    preset = next(preset for preset in PRESETS if preset.name == name)
    trainer = Trainer(preset.config.replace(seed=seed), device="cpu", engine="eager")
    reference, snapshot = reference_of(trainer), trainer.snapshot()
    while trainer.step_count < steps and trainer.failure is None:
        trainer.step(LOOK_EVERY)
        snapshot = trainer.snapshot()
    return diagnose(indicators_of(trainer, snapshot, reference))
