"""Is the doctor right about any run? Called by `python benchmarks/doctor.py --all-comers`.

Set-ups are drawn at random (`doctor_draws.py`) and trained for 300 to 1,000 steps. Nothing is
dropped. What a run really is, is decided by two distances that neither the rules nor the page
read, medians over the last quarter of the run, each time on 5,000 samples of their own. Runs that
are neither well nor ill have their own row.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from multiprocessing import Pool
from typing import NamedTuple

import numpy as np
import torch

from benchmarks.doctor_draws import HALF, ILL, WELL, Distance, distance_of, draw, draw_steps, median
from gan_core import ExperimentConfig, Trainer
from gan_core.diagnosis import (
    CANNOT_SAY,
    CONDITIONS,
    HEALTHY,
    TOO_EARLY,
    Diagnosis,
    diagnose,
    indicators_of,
    reference_of,
)

LOOK_EVERY = 25
JUDGED = 8
"""How often the truth is asked in the last quarter of a run."""


class Seen(NamedTuple):
    """One run: its number, how it really is, and what the doctor says."""

    number: int
    state: str
    distance: Distance
    condition: str
    sentence: str
    steps: int
    setup: str


def train(config: ExperimentConfig, steps: int) -> tuple[Trainer, str, Distance, Diagnosis]:
    """Train in looks of 25 steps, as a page does, and return what is true and what is said."""
    trainer = Trainer(config, device="cpu", engine="eager")
    reference = reference_of(trainer)
    every = max(steps // 4 // JUDGED, 1)
    asked = {steps - i * every for i in range(JUDGED)}
    judged, snapshot = [], trainer.snapshot()
    while trainer.step_count < steps and trainer.failure is None:
        now = trainer.step_count
        stops = (*asked, now - now % LOOK_EVERY + LOOK_EVERY)
        trainer.step(min(stop for stop in stops if stop > now) - now)
        if trainer.step_count in asked:
            judged.append(distance_of(trainer))
        if trainer.step_count % LOOK_EVERY == 0 or trainer.failure is not None:
            snapshot = trainer.snapshot()
    diagnosis = diagnose(indicators_of(trainer, snapshot, reference))
    if trainer.failure is not None:
        return trainer, ILL, Distance(float("nan"), float("nan")), diagnosis
    found = median(judged)
    return trainer, found.state, found, diagnosis


def trial(task: tuple[int, int]) -> Seen:
    seed, number = task
    torch.set_num_threads(1)
    rng = np.random.default_rng([seed, number])
    experiment, steps = draw(rng), draw_steps(rng)
    _, state, found, diagnosis = train(ExperimentConfig.from_dict(experiment), steps)
    return Seen(
        number, state, found, diagnosis.condition, diagnosis.sentence, steps, json.dumps(experiment)
    )


def examine(seed: int, runs: int, jobs: int) -> None:
    """Train `runs` set-ups of a seed, print the table and, as the last line, a JSON object."""
    began, seen = time.perf_counter(), []
    with Pool(jobs) as pool:
        for one in pool.imap_unordered(trial, [(seed, i) for i in range(runs)], chunksize=1):
            seen.append(one)
            print(one.number, one.state, one.condition, *_rounded(one.distance), flush=True)
    report(sorted(seen), seed, time.perf_counter() - began)


def _rounded(found: Distance) -> tuple[str, str]:
    return f"{found.energy:.3f}", f"{found.misplaced:.3f}"


def report(seen: list[Seen], seed: int, seconds: float) -> None:
    counted = Counter((one.state, one.condition) for one in seen)
    names = [HEALTHY, CANNOT_SAY, TOO_EARLY, *CONDITIONS.names()]
    columns = [name for name in names if any(one.condition == name for one in seen)]
    print("\n| truth \\ diagnosis |" + "".join(f" {name} |" for name in columns))
    print("| --- |" + " ---: |" * len(columns))
    for state in (WELL, HALF, ILL):
        cells = "".join(f" {counted[state, column] or '·'} |" for column in columns)
        print(f"| {state} |{cells}")
    print("\nIll and called nothing wrong, or well and called ill:")
    for one in seen:
        if (one.state, one.condition) == (ILL, HEALTHY) or (
            one.state == WELL and one.condition in CONDITIONS.names()
        ):
            words = f"energy {one.distance.energy:.3f}, misplaced {one.distance.misplaced:.3f}"
            print(f"  {one.number} ({one.state}; {words}; {one.steps} steps): {one.condition}.")
            print(f"    {one.sentence}\n    {one.setup}")
    print(json.dumps(_counts(seen) | {"seed": seed, "seconds": round(seconds)}))


def _counts(seen: list[Seen]) -> dict[str, int]:
    ill = [one.condition for one in seen if one.state == ILL]
    well = [one.condition for one in seen if one.state == WELL]
    named = sum(name in CONDITIONS.names() for name in ill)
    green = sum(name == HEALTHY for name in ill)
    return {
        "runs": len(seen),
        "ill": len(ill),
        "ill_found": len(ill) - green,
        "named": named,
        "cannot_say": len(ill) - green - named,
        "green_on_ill": green,
        "well": len(well),
        "false_alarms": sum(name in CONDITIONS.names() for name in well),
        "green_on_well": sum(name == HEALTHY for name in well),
        "half_well": len(seen) - len(ill) - len(well),
    }
