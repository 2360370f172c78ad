"""A run of own pictures that goes to another machine: `python -m tests.helpers.carried RUN` looks.

The other machine is a new process with an empty data folder and an empty folder of runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from gan_core import ExperimentConfig
from gan_core.cli import headless
from gan_core.evaluation.export import sample_pixels
from gan_core.storage import run_zip
from gan_core.storage.run_folder import RunFolder
from gan_core.storage.runs_folder import new_folder
from tests.helpers.own_data import own_dataset
from tests.helpers.paths import ROOT


def train(count: int, side: int, steps: int, **experiment: object) -> RunFolder:
    """Train a run on own pictures, as the command line does; return its folder."""
    dataset = own_dataset("pictures", count, side)
    config = ExperimentConfig.from_dict({"dataset": dataset.to_dict()} | experiment)
    folder = new_folder()
    headless.train(config, steps, folder.path)
    return folder


def look(folder: RunFolder) -> dict[str, object]:
    """Open a run and sample it; return what has to be the same elsewhere."""
    trainer, damaged = folder.open("cpu", "eager")
    pixels = sample_pixels(trainer.frozen_generator(), 16, 0)
    return {
        "digest": folder.digest(),
        "samples": hashlib.sha256(pixels.tobytes()).hexdigest(),
        "steps": trainer.step_count,
        "grids": len(trainer.timeline.frames),
        "data": trainer.config.dataset.label,
        "pictures": trainer.config.dataset.size,
        "damaged": damaged,
    }


def look_elsewhere(path: Path, place: Path) -> dict[str, object]:
    """Import a zip by a new process under empty folders in `place`, open and sample it there."""
    places = {"GAN_DATA": str(place / "data"), "GAN_RUNS": str(place / "runs")}

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env=os.environ | places,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout.strip().splitlines()[-1]

    imported = run("gan_core", "import-run", str(path))
    return json.loads(run("tests.helpers.carried", imported))


def carry(folder: RunFolder, place: Path) -> dict[str, object]:
    """Export a run, import it elsewhere, and compare; return the results."""
    path = place / "run.zip"
    with path.open("wb") as file:
        run_zip.export_run(folder, file)
    here, there = look(folder), look_elsewhere(path, place / "elsewhere")
    kept = {name: here[name] for name in ("steps", "pictures", "grids", "digest")}
    sizes = {"zip_bytes": path.stat().st_size, "run_bytes": folder.size}
    return kept | sizes | {"is_same": here == there}


if __name__ == "__main__":
    print(json.dumps(look(RunFolder(Path(sys.argv[1])))))
