"""Runs that are killed, damaged, or out of disk, and what is left of them."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gan_core import ExperimentConfig, Trainer
from gan_core.cli import headless
from gan_core.cli.headless import TrainOptions
from gan_core.runtime.files import PARTIAL
from gan_core.storage import checkpoint
from gan_core.storage.run_folder import METRICS, RunFolder
from tests.helpers.commands import start_command

LINE = {"dataset": {"name": "normal", "mean": 4.0, "std": 1.25}, "n_critic": 5, "batch_size": 256}
GENERATOR = {"name": "mlp", "depth": 2, "width": 256, "normalisation": "batch"}
DIGITS = {"dataset": "mnist", "batch_size": 64, "architecture": {"generator": GENERATOR}}
AUTOSAVE = 0.2
START_SECONDS = 300.0
ROOM = 64 * 2**20


class Reference:
    """The same run, which nobody interrupts; it is asked about later and later steps."""

    def __init__(self, config: ExperimentConfig) -> None:
        self._trainer = Trainer(config, "cpu", "eager")

    def digest(self, step: int) -> str:
        self._trainer.step(step - self._trainer.step_count)
        return checkpoint.digest(checkpoint.capture(self._trainer))


@dataclass
class Killed:
    """Observations of the kills of one run."""

    kills: int = 0
    in_a_save: int = 0
    of_a_checkpoint: int = 0
    equal: int = 0
    before_any: int = 0
    damaged: list[str] = field(default_factory=list)


class Victim:
    """A run that is begun, killed, and resumed."""

    def __init__(self, experiment: dict[str, Any], place: Path, seed: int) -> None:
        self.config = ExperimentConfig.from_dict(experiment)
        self.folder = RunFolder(place / "run")
        self.seen = Killed()
        self._place = place
        self._file = place / "experiment.json"
        self._file.write_text(self.config.to_json())
        self._reference = Reference(self.config)
        self._rng = random.Random(seed)

    def kill(self) -> None:
        """Let it go on, end it with SIGKILL, and look at what it has left."""
        how = self._rng.choices(["anywhere", "training", "saving"], [1, 4, 5])[0]
        process = self._go_on("--steps", 10**9)
        try:
            if how == "anywhere":
                time.sleep(self._rng.uniform(0.0, 4.0))
            else:
                self._wait_for_a_save(process)
                time.sleep(self._rng.uniform(0.0, 0.8))
            if how == "saving":
                self._wait_for_a_partial_file(process)
        finally:
            process.send_signal(signal.SIGKILL)
        if process.wait() != -signal.SIGKILL:
            raise RuntimeError(f"the run ended by itself, with status {process.returncode}")
        self._look()

    def _go_on(self, *words: object) -> subprocess.Popen[bytes]:
        begun = (self.folder.path / "config.json").exists()
        run = ["--resume", self.folder.path]
        if not begun:
            run = ["--config", self._file, "--out", self.folder.path]
        return start_command("train", *run, "--autosave", AUTOSAVE, "--device", "cpu", *words)

    def _newest(self) -> int:
        kept = self.folder.checkpoints
        return kept[-1].step if kept else -1

    def _wait_for_a_save(self, process: subprocess.Popen[bytes]) -> None:
        before, began = self._newest(), time.monotonic()
        while self._newest() <= before:
            if process.poll() is not None or time.monotonic() - began > START_SECONDS:
                raise RuntimeError("the run does not begin")
            time.sleep(0.01)

    def _partial(self) -> list[str]:
        folders = (self.folder.path, self.folder.path / "checkpoints")
        names = (entry.name for folder in folders if folder.is_dir() for entry in folder.iterdir())
        return [name for name in names if name.endswith(PARTIAL)]

    def _wait_for_a_partial_file(self, process: subprocess.Popen[bytes]) -> None:
        began = time.monotonic()
        while not self._partial() and time.monotonic() - began < 10.0:
            if process.poll() is not None:
                raise RuntimeError("the run ended by itself")

    def _look(self) -> None:
        """Count a save that was cut off by what it left; compare the newest whole checkpoint."""
        seen, left = self.seen, self._partial()
        seen.kills += 1
        seen.in_a_save += bool(left)
        seen.of_a_checkpoint += any(name.startswith(".step-") for name in left)
        if not self.folder.checkpoints:
            seen.before_any += 1
            seen.equal += 1
            return
        content, said = self.folder.read()
        seen.damaged += said
        step = content["state"]["counters"]["step"]
        seen.equal += checkpoint.digest(content) == self._reference.digest(step)

    def finish(self) -> dict[str, object]:
        """Train to a step that no process has reached; compare with one process that did it all."""
        goal = self._newest() + 100
        resumed = self._go_on("--steps", goal)
        resumed.communicate()
        whole = self._place / "whole"
        never = start_command(
            "train", "--config", self._file, "--out", whole, "--steps", goal, "--device", "cpu"
        )
        never.communicate()
        tables = [(path / METRICS).read_bytes() for path in (self.folder.path, whole)]
        return vars(self.seen) | {
            "data": self.config.dataset.name,
            "steps": goal,
            "statuses": [resumed.returncode, never.returncode],
            "equal at the end": self.folder.digest() == RunFolder(whole).digest(),
            "metrics.csv equal": tables[0] == tables[1],
        }


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Return a file cut short, or with 1 to 8 bytes changed."""
    if rng.random() < 0.4:
        return content[: rng.randrange(len(content))]
    made = bytearray(content)
    # Half of them in the first part, where header and checksum are.
    end = len(made) if rng.random() < 0.5 else min(len(made), 200_000)
    for place in rng.sample(range(end), rng.randint(1, 8)):
        made[place] ^= rng.randint(1, 255)
    return bytes(made)


def damages(count: int, seed: int) -> dict[str, object]:
    """Damage the newest checkpoint of a run so many times, and open the run each time."""
    rng, noticed, sentences = random.Random(seed), 0, set()
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "run"
        config = ExperimentConfig.from_dict({"dataset": "normal"})
        for steps in (20, 30, 40):
            orders = TrainOptions(steps)
            if steps == 20:
                headless.start(config, out, orders, engine="eager")
            else:
                headless.resume(out, orders, engine="eager")
        folder = RunFolder(out)
        before, newest = folder.checkpoints[-2:]
        expected = checkpoint.digest(checkpoint.read(before.path))
        whole = newest.path.read_bytes()
        for _ in range(count):
            newest.path.write_bytes(damaged(whole, rng))
            trainer, said = folder.open("cpu", "eager")
            same = checkpoint.digest(checkpoint.capture(trainer)) == expected
            noticed += same and len(said) == 1 and said[0].endswith(".")
            sentences |= {sentence[:110] for sentence in said}
    return {"damages": count, "noticed, the one before used": noticed, "said": sorted(sentences)}


class Disk:
    """A small disk that can be filled, and emptied again."""

    def __init__(self, path: Path, real: bool) -> None:
        self.path, self.real = path, real
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        if not self.real:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, self._limits[1]))
            return
        with (self.path / "filler").open("wb", buffering=0) as file:
            for size in (2**20, 2**12, 1):
                try:
                    while file.write(bytes(size)):
                        pass
                except OSError:
                    continue

    def empty(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)
        (self.path / "filler").unlink(missing_ok=True)


@contextmanager
def small_disk() -> Iterator[Disk]:
    """Mount a tmpfs; where that is not permitted no file can grow instead, while it is full."""
    with tempfile.TemporaryDirectory() as place:
        words = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", place]
        try:
            mounted = subprocess.run(words, capture_output=True).returncode == 0
        except FileNotFoundError:
            mounted = False
        disk = Disk(Path(place), mounted)
        try:
            yield disk
        finally:
            disk.empty()
            if mounted:
                subprocess.run(["umount", place], check=True)


def full(fill_at: int = 32, empty_at: int = 96, steps: int = 128) -> dict[str, object]:
    """Train while the disk is full for some steps; return what was said and kept."""
    config = ExperimentConfig.from_dict({"dataset": "normal"})
    said: list[str] = []
    found: dict[str, object] = {}
    with small_disk() as disk:
        folder = RunFolder(disk.path / "run")

        def note(snapshot: Any) -> None:
            if snapshot.step == fill_at:
                found["step saved before"] = folder.checkpoints[-1].step
                found["before"] = folder.digest()
                disk.fill()
            elif snapshot.step == empty_at:
                found["sentences while full"] = list(said)
                found["nothing lost"] = folder.digest() == found.pop("before")
                disk.empty()

        orders = TrainOptions(steps, autosave=1e-6, say=said.append)
        headless.start(config, folder.path, orders, "cpu", note, "eager")
        found["equal to one that had room"] = folder.digest() == Reference(config).digest(steps)
        found["way"] = "a tmpfs" if disk.real else "no file could grow (mount is not permitted)"
        found["said"] = said
        found["step saved at last"] = folder.checkpoints[-1].step
    return found
