"""Training without the dashboard: begins, resumes and stops runs in the same run folders."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gan_core.cli.output import check_new_folder
from gan_core.cli.stop_condition import StopCondition, is_eval_step, next_eval_step
from gan_core.config import ExperimentConfig
from gan_core.runtime.files import write_atomically
from gan_core.storage.run_folder import CONFIG, GENERATOR, RunFolder
from gan_core.storage.run_saver import AUTOSAVE_SECONDS, RunSaver
from gan_core.storage.save_error import RETRY_NOTICE
from gan_core.training.engines.compile_queue import COMPILE_QUEUE
from gan_core.training.monitoring.failures import BreakdownWarning
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.training.trainer import Trainer

warnings.simplefilter("ignore", BreakdownWarning)  # the command ends with the sentence

NEVER = 10**15

Note = Callable[[Snapshot], None]


class Interrupted(Exception):  # noqa: N818 - it is no error
    """A signal stopped the run; it has been saved."""


def ignore(snapshot: Snapshot) -> None:
    """Ignore a snapshot."""


@dataclass
class TrainOptions:
    """When to stop training, and how often to save.

    `steps` is the step to reach, None for no limit; `seconds` and `autosave` are in seconds.
    `stopped` is called after every update; `say` is called with messages for the user; `begun` is
    called once with the run's folder, when nothing stands in the way of training.
    """

    steps: int | None = None
    seconds: float | int = math.inf
    until: StopCondition | None = None
    autosave: float | int = AUTOSAVE_SECONDS
    stopped: Callable[[], bool] = lambda: False
    say: Callable[[str], None] = warnings.warn
    begun: Callable[[Path], None] = lambda folder: None


def train(
    config: ExperimentConfig,
    steps: int,
    out: Path,
    device: str = "cpu",
    progress: Note = ignore,
    engine: str = "auto",
) -> Trainer:
    """Train for `steps` steps and write the run to the folder `out`, which must be new or empty.

    Raises:
        ValueError: if the folder is in use, or if the training diverges; the run is saved up to
            that step.
    """
    return start(config, out, TrainOptions(steps), device, progress, engine)


def start(
    config: ExperimentConfig,
    out: Path,
    orders: TrainOptions,
    device: str = "cpu",
    progress: Note = ignore,
    engine: str = "auto",
) -> Trainer:
    """Begin a run in a new or empty folder, and train it until `orders` end it.

    Raises:
        ValueError: as in `train`, or if the data set has no metric of the condition's name.
        Interrupted: if a signal stopped it.
    """
    check_new_folder(out)
    if orders.until is not None:
        orders.until.validate(config.dataset)
    trainer = Trainer(config, device, engine)
    folder = RunFolder(out)
    folder.create()
    folder.acquire_lock()
    write_atomically(out / CONFIG, config.to_json().encode())
    return HeadlessRun(trainer, folder, orders, progress).train()


def resume(
    run: Path,
    orders: TrainOptions,
    device: str = "cpu",
    progress: Note = ignore,
    engine: str = "auto",
) -> Trainer:
    """Resume a run from its newest whole checkpoint; without any, from its config.

    Raises:
        ValueError: if there is no run in the folder, or none of its checkpoints is whole, or
            another process has it open; or as in `begin`.
        Interrupted: if a signal stopped it.
    """
    folder = RunFolder(run)
    folder.acquire_lock()
    if not folder.checkpoints and (run / CONFIG).is_file():
        config = ExperimentConfig.from_json((run / CONFIG).read_text(encoding="utf-8"))
        trainer = Trainer(config, device, engine)
        folder.create()
    else:
        trainer, said = folder.open(device, engine)
        for sentence in said:
            orders.say(sentence)
    if orders.until is not None:
        orders.until.validate(trainer.config.dataset)
    return HeadlessRun(trainer, folder, orders, progress).train()


def engine_from(trainer: Trainer) -> int | None:
    """Return the step at which a new run switches to its faster engine.

    None on a GPU, which captures at a fixed step; `NEVER` if compiling takes longer than it saves.
    """
    if trainer.device.type != "cpu":
        return None
    if trainer.engine_selector.wanted != "auto":
        return 0
    compile_from = trainer.config.dataset.kind.compile_from
    return NEVER if compile_from is None else compile_from


class HeadlessRun:
    """Trains a run in its folder until its `TrainOptions` end it.

    Saving and stopping depend on wall-clock time but never change results: both happen only
    between steps, and metrics are recorded only at evaluation steps.
    """

    def __init__(
        self, trainer: Trainer, folder: RunFolder, orders: TrainOptions, progress: Note
    ) -> None:
        self._trainer, self._folder, self._orders = trainer, folder, orders
        self._progress = progress
        self._keeper = RunSaver(trainer, folder, every=orders.autosave)
        self._deadline = time.monotonic() + orders.seconds
        self._said: str | None = None
        if trainer.engine_selector.switch_step is None:
            trainer.engine_selector.switch_step = engine_from(trainer)

    def train(self) -> Trainer:
        """Raises: ValueError, Interrupted: as in `begin`."""
        try:
            return self._train()
        finally:
            self._keeper.close()

    def _train(self) -> Trainer:
        trainer, keeper = self._trainer, self._keeper
        self._orders.begun(self._folder.path)
        if trainer.step_count < (trainer.engine_selector.switch_step or 0) < min(self._goal, NEVER):
            trainer.precompile()
        self._look()
        if keeper.unsaved:
            self._save()
        if trainer.step_count >= self._goal:
            self._say(f"There is nothing to train: the run stands at step {trainer.step_count:,}.")
        while not self._reached():
            if self._engine_is_in():
                self._advance()
                if is_eval_step(trainer.step_count):
                    self._look()
                if keeper.due:
                    self._save()
        self._finish()
        return trainer

    @property
    def _goal(self) -> float | int:
        return math.inf if self._orders.steps is None else self._orders.steps

    @property
    def _told_to_stop(self) -> bool:
        return self._orders.stopped() or time.monotonic() >= self._deadline

    def _look(self) -> None:
        trainer = self._trainer
        regular = is_eval_step(trainer.step_count) and not trainer.step_fraction
        self._snapshot = trainer.snapshot(remember=regular)
        self._progress(self._snapshot)

    def _reached(self) -> bool:
        """Return whether the run is finished or has to stop."""
        trainer, until = self._trainer, self._orders.until
        if self._told_to_stop or trainer.failure or trainer.step_count >= self._goal:
            return True
        if until is None or self._snapshot.step != trainer.step_count:
            return False
        met = until.check(trainer, self._snapshot)
        if met is not None:
            self._orders.say(met)
        return met is not None

    def _engine_is_in(self) -> bool:
        """Wait for the engine that must take over at this step; False if the run has to stop."""
        trainer, switch = self._trainer, self._trainer.engine_selector
        if (
            switch.switch_step is None
            or trainer.step_count < switch.switch_step
            or switch.wanted == "eager"
        ):
            return True
        # A compiler that is still running takes a thread from the steps, which changes their bits.
        while not (trainer.wait_for_engine(0.2) or switch.fell_back) or (
            trainer.threads > 1 and COMPILE_QUEUE.busy
        ):
            if self._told_to_stop:
                return False
        self._say(switch.message)
        return True

    def _advance(self) -> None:
        """Train to the next evaluation step, or less far if it is time to save or to stop."""
        trainer = self._trainer
        here, until = trainer.step_count, time.monotonic() + self._orders.autosave
        goals = [next_eval_step(here), self._goal]
        if (
            trainer.engine_selector.switch_step is not None
            and trainer.engine_selector.switch_step > here
        ):
            goals.append(trainer.engine_selector.switch_step)
        trainer.step(min(goals) - here, lambda: time.monotonic() < until and not self._told_to_stop)
        if trainer.step_fraction:
            trainer.step(1)

    def _save(self) -> None:
        measured = None
        if self._snapshot.step == self._trainer.step_count:
            best_by = self._trainer.config.dataset.kind.best_by
            measured = self._snapshot.metrics.get(best_by)
        failed = self._said is not None and self._said == self._keeper.problem
        if not self._keeper.save(self._snapshot, measured):
            self._say(self._keeper.problem)
        elif failed:
            self._say("The run has been saved again.")

    def _say(self, sentence: str | None) -> None:
        """Report a sentence, unless it is the same as the last one."""
        if sentence is not None and sentence != self._said:
            self._orders.say(sentence)
            self._said = sentence

    def _finish(self) -> None:
        """Save the run, export the generator for use without the laboratory, report divergence.

        Raises:
            ValueError: if the training diverged, or if the run could not be saved.
            Interrupted: if a signal stopped it.
        """
        trainer, path = self._trainer, self._folder.path
        if self._snapshot.step != trainer.step_count:
            self._look()
        self._save()
        if self._keeper.problem is not None:
            raise ValueError(
                self._keeper.problem.removesuffix(RETRY_NOTICE) + "What was saved before is whole."
            )
        if self._orders.stopped():
            raise Interrupted(f"Stopped at step {trainer.step_count:,}; the run is saved.")
        write_atomically(path / GENERATOR, trainer.frozen_generator().to_bytes())
        if trainer.timeline.frames:
            write_atomically(path / "timeline.gif", trainer.timeline.to_gif())
        if trainer.failure:
            raise ValueError(trainer.failure.sentence())
