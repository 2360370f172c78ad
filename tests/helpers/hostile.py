"""Bad configs, links, tables, zips, checkpoints and pickles, as many as one asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.helpers.hostile_examples import KINDS
from tests.helpers.hostile_trial import Trial

SHARES = {
    "configs": 0.24,
    "links": 0.2,
    "tables": 0.16,
    "checkpoints": 0.2,
    "zips": 0.12,
    "pickles": 0.08,
}


def wrapped(trial: Trial, kind: str, take: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return what makes an attempt of an example."""

    def one(example: Any) -> None:
        trial.attempt(kind, lambda: take(example))

    return one


def try_all(tries: int, number: int, place: Path) -> tuple[dict[str, int], list[str]]:
    """Try as many bad things as that, in a place of their own; return counts and crashes."""
    trial = Trial(place)
    for kind, share in SHARES.items():
        examples, take = KINDS[kind](trial)
        one = take if kind in ("checkpoints", "zips", "pickles") else wrapped(trial, kind, take)
        each = 2 if kind == "checkpoints" else 1

        goal = trial.counts["tries"] + round(share * tries)
        turn = 0
        while trial.counts["tries"] < goal:
            left = -(-(goal - trial.counts["tries"]) // each)
            how = settings(
                max_examples=left,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            seed(1_000 * number + turn)(how(given(examples)(one)))()
            turn += 1
    return trial.tally(), trial.crashes
