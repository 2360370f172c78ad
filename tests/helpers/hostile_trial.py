"""A place in which bad things are tried, and the count of what came of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gan_core import ExperimentConfig, Trainer
from gan_core.storage import checkpoint, run_zip
from gan_core.storage.retention import set_budget
from gan_core.storage.run_folder import RunFolder
from gan_core.storage.run_lock import LOCK
from gan_core.storage.run_saver import RunSaver
from gan_core.storage.runs_folder import RUN_ID, new_folder

SMALL = {"name": "mlp", "depth": 1, "width": 4}
EXPERIMENTS = (
    {"architecture": {"generator": SMALL, "discriminator": SMALL}, "batch_size": 4},
    {
        "dataset": {"name": "mnist"},
        "architecture": {"generator": SMALL, "discriminator": SMALL},
        "batch_size": 4,
        "latent_dim": 2,
        "optimizer_g": {"name": "sgd", "momentum": 0.5},
    },
)
STEPS = 3


@dataclass
class Trial:
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
