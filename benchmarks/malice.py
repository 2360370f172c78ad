"""Bad configs, links, tables, zips, checkpoints and pickles, thousands of them.

`python benchmarks/malice.py --tries 5000 --seed 0` counts what came of them: accepted, refused with
a sentence, crashed, code of theirs run, files written outside their place. The last three are 0.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from hypothesis import HealthCheck, Phase, given, seed, settings

from benchmarks.malicious import EXPERIMENTS, KINDS, STEPS
from gan_core import ExperimentConfig, Trainer
from gan_core.storage import checkpoint, run_zip
from gan_core.storage.retention import set_budget
from gan_core.storage.run_folder import RUN_ID, RunFolder, new_folder
from gan_core.storage.run_lock import LOCK
from gan_core.storage.run_saver import RunSaver

SHARES = {
    "configs": 0.24,
    "links": 0.2,
    "tables": 0.16,
    "checkpoints": 0.2,
    "zips": 0.12,
    "pickles": 0.08,
}


@dataclass
class Bench:
    """A place of its own for what is tried, and the count of what came of it."""

    place: Path
    counts: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        os.environ |= {
            "GAN_RUNS": str(self.place / "runs"),
            "GAN_DATA": str(self.place / "data"),
            "GAN_ENGINE": "eager",
        }
        (self.place / "work").mkdir()
        self.marker = self.place / "code was run"
        self.folders = [self._small_run(experiment) for experiment in EXPERIMENTS]
        self.files = [
            {name: path.read_bytes() for name, path in run_zip._files(folder)}
            for folder in self.folders
        ]
        self.contents = [checkpoint.read(f.checkpoints[-1].path) for f in self.folders]
        set_budget(2**40)
        self.before = self._elsewhere()

    def _small_run(self, experiment: dict[str, Any]) -> RunFolder:
        trainer = Trainer(ExperimentConfig.from_dict(experiment), "cpu", "eager")
        keeper = RunSaver(trainer, new_folder(), "a run")
        trainer.step(STEPS)
        keeper.save(trainer.snapshot())
        return keeper.folder

    def _elsewhere(self) -> set[str]:
        """Return the files that lie where nothing of a visitor's belongs."""
        kept = (self.place / "runs", self.place / "data" / "uploads")
        return {
            str(path)
            for path in self.place.rglob("*")
            if path.is_file() and not any(path.is_relative_to(folder) for folder in kept)
        } - {str(self.marker)}

    def attempt(self, kind: str, work: Callable[[], object]) -> None:
        """Try something; a `ValueError` of one sentence is how it may be refused."""
        self.counts["tries"] += 1
        try:
            work()
        except ValueError as error:
            words = str(error)
            good = words.endswith((".", "?")) and len(words) < 2_000
            self.counts["sentences" if good else "no sentence"] += 1
            if not good:
                self.crashes.append(f"{kind}: no sentence: {words[:300]!r}")
        except Exception as error:
            self.counts["crashes"] += 1
            self.crashes.append(f"{kind}: {type(error).__name__}: {str(error)[:300]}")
        else:
            self.counts["accepted"] += 1

    def tally(self) -> dict[str, int]:
        """Return the counts, with what was found in the place afterwards."""
        self.counts["code run"] = int(self.marker.exists())
        strangers = self._elsewhere() - self.before
        for folder in (self.place / "runs").iterdir():
            if folder.name == "settings.json":
                continue
            fine = RUN_ID.fullmatch(folder.name) and folder.is_dir()
            names = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
            strangers |= {
                n for n in names if not (fine and (n == LOCK or run_zip.NAMES.fullmatch(n)))
            }
        self.counts["files outside"] = len(strangers)
        wanted = ("tries", "accepted", "sentences", "no sentence", "crashes")
        return {name: self.counts[name] for name in (*wanted, "code run", "files outside")}


def wrapped(bench: Bench, kind: str, take: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return what makes an attempt of an example."""

    def one(example: Any) -> None:
        bench.attempt(kind, lambda: take(example))

    return one


def try_all(tries: int, number: int, place: Path) -> tuple[dict[str, int], list[str]]:
    """Try as many bad things as that, in a place of their own; return counts and crashes."""
    bench = Bench(place)
    for kind, share in SHARES.items():
        examples, take = KINDS[kind](bench)
        one = take if kind in ("checkpoints", "zips", "pickles") else wrapped(bench, kind, take)
        each = 2 if kind == "checkpoints" else 1

        goal = bench.counts["tries"] + round(share * tries)
        turn = 0
        while bench.counts["tries"] < goal:
            left = -(-(goal - bench.counts["tries"]) // each)
            how = settings(
                max_examples=left,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            seed(1_000 * number + turn)(how(given(examples)(one)))()
            turn += 1
    return bench.tally(), bench.crashes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        counts, crashes = try_all(options.tries, options.seed, Path(place))
    for words in sorted(set(crashes)):
        print(words)
    print(json.dumps({"seed": options.seed} | counts))
    bad = ("no sentence", "crashes", "code run", "files outside")
    sys.exit(any(counts[name] for name in bad))


if __name__ == "__main__":
    main()
