"""Is the doctor right? `python benchmarks/doctor.py [--seed 100] [--runs 72] [--remedies]`

Trains runs that are meant to be well or ill, decides by a metric that no rule reads whether they
are, and compares the doctor's verdict after the last step with that.

On the line the metrics are Wasserstein-1 in units of the target's standard deviation and
Jensen–Shannon (nats), medians over the last quarter of the run on 10,000 samples: well if
W1 ≤ 0.15 and JS ≤ 0.2, ill if W1 ≥ 0.25 or JS ≥ 0.3 or the numbers are not finite. On digits it is
the Fréchet distance of 1,000 samples in a classifier's features: well up to 40, ill from 70. On a
handful of digits it is the median distance of the samples to the nearest of them over that to the
nearest of as many others that were held out, in pixels: ill up to 0.5, well from 0.85.

What lies in between is neither, and what comes out other than it was meant is not known to be
anything: such a run is dropped and another of its family drawn, at most five times; their number
is printed. Settings and seeds are drawn from ranges by `--seed`; the thresholds of the rules were
chosen on the seeds 0 to 2. `--remedies` applies each ill run's first remedy, trains on for 1,200
steps on the line and 800 on digits, and measures again.

`--all-comers` examines any set-up instead, drops none and has another truth: `doctor_all.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing import Pool
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch

from benchmarks import doctor_all
from benchmarks.doctor_runs import FAMILIES
from gan_core import ExperimentConfig, Trainer
from gan_core.data.mnist import bundled_digits
from gan_core.diagnosis import CANNOT_SAY, CONDITIONS, HEALTHY, TOO_EARLY, Diagnosis, diagnose
from gan_core.diagnosis.indicators import indicators_of, reference_of
from gan_core.evaluation.evaluate import Evaluation
from gan_core.evaluation.probes import probe_slices
from gan_core.runtime.files import data_folder
from gan_core.runtime.tasks import run_to_end

LOOK_EVERY = 25
PICTURE_LOOK_EVERY = 100
SAMPLES = 1_000
ATTEMPTS = 5
STEPS_AFTER = {False: 1_200, True: 800}
"""How long a run goes on after its remedy, on the line and on pictures."""

WELL, ILL, GREY = "well", "ill", "grey"


class Verdict(NamedTuple):
    """One run: what it was meant to be, what the metrics say, what the doctor says."""

    kind: str
    family: str
    seed: int
    metrics: str
    condition: str
    sentence: str
    dropped: int
    alarms: int
    looks: int
    remedy: str = ""
    recovered: bool | None = None


def train(trainer: Trainer, steps: int) -> tuple[str, str, Diagnosis, list[str]]:
    """Train on and return the state by the metrics, these in words, and what the doctor says.

    The list holds the verdicts on the way, every hundred steps from the 200th on.
    """
    pictures = trainer.config.dataset.kind_name == "images"
    reference = reference_of(trainer)
    end, seen, verdicts = trainer.step_count + steps, [], []
    while trainer.step_count < end:
        trainer.step(PICTURE_LOOK_EVERY if pictures else LOOK_EVERY)
        snapshot = trainer.snapshot()
        seen.append(snapshot.metrics)
        if trainer.step_count % 100 == 0 and 200 <= trainer.step_count < end:
            verdicts.append(diagnose(indicators_of(trainer, snapshot, reference)).condition)
        if trainer.failure is not None:
            break
    diagnosis = diagnose(indicators_of(trainer, snapshot, reference))
    if trainer.failure is not None:
        return ILL, "not finite", diagnosis, verdicts
    judge = _judge_pictures if pictures else _judge_line
    state, words = judge(trainer, seen)
    return state, words, diagnosis, verdicts


def _judge_line(trainer: Trainer, seen: list[dict[str, float]]) -> tuple[str, str]:
    tail = seen[-max(len(seen) // 4, 1) :]
    std = float(trainer.config.dataset.distribution().std())
    w1 = float(np.median([m["wasserstein_1"] for m in tail])) / std
    js = float(np.median([m["jensen_shannon"] for m in tail]))
    words = f"W1/std {w1:.3f}, JS {js:.3f}"
    if w1 <= 0.15 and js <= 0.2:
        return WELL, words
    return (GREY if w1 < 0.25 and js < 0.3 else ILL), words  # NaN is ill


def _judge_pictures(trainer: Trainer, seen: list[dict[str, float]]) -> tuple[str, str]:
    if trainer.config.dataset.name == "folder":
        return _judge_copies(trainer)
    evaluation = Evaluation(
        trainer.frozen_generator(), trainer.config.dataset, trainer.source, SAMPLES
    )
    distance = evaluation.run().values["frechet"].value
    words = f"Fréchet {distance:.0f}"
    return (WELL if distance <= 40 else GREY if distance < 70 else ILL), words


def _judge_copies(trainer: Trainer) -> tuple[str, str]:
    """Compare the samples with the pictures trained on, and with as many held out."""
    known = trainer.source.pixels(torch.arange(len(trainer.source)))
    others = bundled_digits().images
    held_out = others[~_among(others, known)]
    rng = torch.Generator().manual_seed(trainer.config.seed)
    held_out = held_out[torch.randperm(len(held_out), generator=rng)[: len(known)]]
    samples = torch.from_numpy(trainer.snapshot().samples)
    ratio = (_nearest(samples, known) / _nearest(samples, held_out)).median().item()
    words = f"training / held-out distance {ratio:.2f}"
    return (ILL if ratio <= 0.5 else GREY if ratio < 0.85 else WELL), words


def _among(pictures: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    return _nearest(pictures, known) == 0


def _nearest(samples: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    return torch.cdist(samples.flatten(1).float(), real.flatten(1).float()).amin(1)


def trial(task: tuple[int, int, int, bool]) -> Verdict | None:
    """Train runs of one family until one is what it was meant to be; None if none is."""
    number, place, seed, remedies = task
    torch.set_num_threads(1)
    family = FAMILIES[number]
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng([seed, number, place, attempt])
        own_seed = int(rng.integers(2**31))
        experiment = family.draw(rng) | {"seed": own_seed}
        trainer = Trainer(ExperimentConfig.from_dict(experiment))
        state, words, diagnosis, on_the_way = train(trainer, family.steps)
        if state != (WELL if family.kind == HEALTHY else ILL):
            continue
        alarms = sum(condition in CONDITIONS.names() for condition in on_the_way)
        verdict = Verdict(
            family.kind,
            family.name,
            own_seed,
            words,
            diagnosis.condition,
            diagnosis.sentence,
            attempt,
            alarms,
            len(on_the_way),
        )
        if remedies and family.kind != HEALTHY and diagnosis.remedies:
            return verdict._replace(**treat(trainer, diagnosis))
        return verdict
    return None


def treat(trainer: Trainer, diagnosis: Diagnosis) -> dict[str, Any]:
    """Apply the first remedy as the page does, and train on."""
    remedy = diagnosis.remedies[0]
    if remedy.live:
        trainer.update_config(remedy.config)
        trainer.config_changes.append((trainer.step_count, remedy.mark))
    else:
        trainer = Trainer(remedy.config)
    steps = STEPS_AFTER[trainer.config.dataset.kind_name == "images"]
    state, words, _, _ = train(trainer, steps)
    return {"remedy": f"{remedy.label}: {words}", "recovered": state == WELL}


def tasks(runs: int, seed: int, remedies: bool) -> list[tuple[int, int, int, bool]]:
    """Return families in turn, those of the well and of the ill by turns; the slowest first."""
    sides = [
        [i for i, f in enumerate(FAMILIES) if (f.kind == HEALTHY) == healthy]
        for healthy in (True, False)
    ]
    chosen = []
    for run in range(runs):
        side = sides[run % 2]
        place, which = divmod(run // 2, len(side))
        chosen.append((side[which], place, seed, remedies))
    return sorted(chosen, key=lambda task: -FAMILIES[task[0]].weight)


def report(verdicts: list[Verdict], seed: int, drawn: int, seconds: float) -> None:
    kinds = [HEALTHY, *CONDITIONS.names()]
    unsure = [c for c in (CANNOT_SAY, TOO_EARLY) if any(v.condition == c for v in verdicts)]
    columns = [*kinds, *unsure]
    counted = Counter((v.kind, v.condition) for v in verdicts)
    print("\n| truth \\ diagnosis |" + "".join(f" {name} |" for name in columns))
    print("| --- |" + " ---: |" * len(columns))
    for kind in kinds:
        cells = "".join(f" {counted[kind, column] or '·'} |" for column in columns)
        print(f"| {kind} |{cells}")
    well = [v for v in verdicts if v.kind == HEALTHY]
    sick = [v for v in verdicts if v.kind != HEALTHY]
    found = [v for v in sick if v.condition in CONDITIONS.names()]
    alarms = [v for v in well if v.condition in CONDITIONS.names()]
    print("\nMisjudged, or named otherwise:")
    for v in verdicts:
        if v.kind != v.condition:
            print(
                f"  {v.kind}, {v.family} (seed {v.seed}; {v.metrics}): {v.condition}. {v.sentence}"
            )
    looks = sum(v.looks for v in well)
    result = {
        "runs": len(verdicts),
        "sick_found": round(len(found) / len(sick), 4),
        "false_alarms": round(len(alarms) / len(well), 4),
        "sick_named_rightly": round(sum(v.kind == v.condition for v in sick) / len(sick), 4),
        "alarms_on_the_way": round(sum(v.alarms for v in well) / max(looks, 1), 4),
        "well": len(well),
        "sick": len(sick),
        "dropped": sum(v.dropped for v in verdicts) + ATTEMPTS * (drawn - len(verdicts)),
        "seed": seed,
        "seconds": round(seconds),
    }
    treated = [v for v in sick if v.recovered is not None]
    if treated:
        print("\nFirst remedies:")
        for v in treated:
            outcome = "recovered" if v.recovered else "NOT recovered"
            print(f"  {v.condition}, {v.family} ({v.metrics}): {v.remedy}: {outcome}")
        result["recovered"] = round(sum(v.recovered for v in treated) / len(treated), 4)
    print(json.dumps(result))


def with_data(work: Callable[[], None]) -> None:
    """Give the packs of digits a folder of their own; the classifier stays in the user's."""
    trainer = Trainer(ExperimentConfig.from_dict({"dataset": {"name": "mnist"}}))
    run_to_end(probe_slices(trainer.config.dataset, trainer.source, trainer.device))
    probes = data_folder() / "probes"
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(probes.resolve(), Path(folder) / "probes")
        os.environ["GAN_DATA"] = folder
        work()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--runs", type=int, default=72)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--remedies", action="store_true")
    parser.add_argument("--all-comers", action="store_true", help="examine any set-up, drop none")
    options = parser.parse_args()
    if options.all_comers:
        doctor_all.examine(options.seed, options.runs, options.jobs)
        return

    def work() -> None:
        began, verdicts = time.perf_counter(), []
        todo = tasks(options.runs, options.seed, options.remedies)
        with Pool(options.jobs) as pool:
            for verdict in pool.imap_unordered(trial, todo, chunksize=1):
                if verdict is not None:
                    verdicts.append(verdict)
                    sign = "" if verdict.kind == verdict.condition else "  <--"
                    print(*verdict[:5], sep="; ", end=f"{sign}\n", flush=True)
        verdicts.sort()
        report(verdicts, options.seed, len(todo), time.perf_counter() - began)

    with_data(work)


if __name__ == "__main__":
    main()
