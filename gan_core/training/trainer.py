"""The trainer: Algorithm 1 of Goodfellow et al. 2014 (arXiv:1406.2661), one step at a time."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch.nn.utils import get_total_norm

from gan_core.config import MUTABLE_FIELDS, ExperimentConfig
from gan_core.data.pixels import to_uint8
from gan_core.networks.stateless import clone_nested, freeze_spectral_norm, stateless_forward
from gan_core.runtime.cpu_threads import THREADS
from gan_core.runtime.memory import is_oom, release_memory
from gan_core.training.algorithm import (
    D_STATS,
    G_STATS,
    UpdateResult,
    d_statistics,
    discriminator_step,
    g_statistics,
    generator_step,
)
from gan_core.training.engines.selector import EngineSelector
from gan_core.training.gan import Batch
from gan_core.training.memory_check import check_fits, max_batch_size
from gan_core.training.monitoring.failures import (
    MAX_ABS_VALUE,
    Failure,
    NumericalFailure,
    OutOfMemory,
)
from gan_core.training.monitoring.history import History
from gan_core.training.monitoring.sample_timeline import Timeline
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.training.monitoring.snapshot_builder import (
    FIXED_PICTURES,
    LINE_SAMPLES,
    SnapshotBuilder,
)
from gan_core.training.monitoring.state_history import StateHistory, StateSnapshot
from gan_core.training.monitoring.statistics import Statistics
from gan_core.training.optimization import LastGoodState
from gan_core.training.state import TrainState
from gan_core.training.step_cost import step_flops

CHECK_EVERY = 25
"""Steps between two looks at the numbers, which are a CPU–GPU sync point."""

MEMORY_FIELDS = frozenset({"batch_size", "loss", "regularizer", "precision", "instance_noise"})
"""Settings that may change during a run, and with them the memory that a step needs."""


class Trainer(TrainState):
    """Trains one experiment, whole steps or halves of them, whenever it is asked to.

    Every random number comes from generators of its own, seeded by `config.seed`. Methods may be
    called from several threads; each waits for the step in progress.

    `engine` is what carries out the steps: `eager`, `compiled`, `cuda_graph`, or `auto`, which
    begins eagerly and lets a faster one take over once it is ready; `engine_from` is the step at
    which it has to, for a run that shall be equal to an earlier one to the last bit.

    Raises:
        ValueError: if the device or the data set is not there, the engine unknown, or a step would
            not fit into memory.
    """

    def __init__(
        self,
        config: ExperimentConfig,
        device: str = "cpu",
        engine: str = "auto",
        engine_from: int | None = None,
    ) -> None:
        super().__init__(config, device)
        fixed = FIXED_PICTURES if config.dataset.pictures else LINE_SAMPLES
        self.fixed_z = self.gan.sample_noise(fixed, "fixed")
        self.fixed_labels = None
        if self.gan.classes:
            self.fixed_labels = torch.arange(fixed, device=self.device) % self.gan.classes
        self.updates_d = 0
        self.samples_seen = 0
        self.failure: Failure | None = None
        self.config_changes: list[tuple[int, str]] = []
        self.statistics = Statistics(self.gan)
        self.timeline = Timeline()
        self.state_history = StateHistory()
        self.snapshot_builder = SnapshotBuilder(config)
        self._batch: Batch | None = None
        self._batch_awaits_g = False
        """Whether D has seen the batch and G has not been updated on it yet."""
        self._d_updates_done = 0
        self.threads = torch.get_num_threads()
        """How many threads the steps use."""
        self._operations: float | None = None
        self.engine_selector = EngineSelector(self, engine, engine_from)
        self._backup: LastGoodState | None = None
        self._save_last_good()
        self._record_history()

    @property
    def history(self) -> History:
        """The statistics of the steps that are kept."""
        return self.statistics.history

    @property
    def metric_history(self) -> History:
        """The metrics of the moments at which they were measured."""
        return self.snapshot_builder.metric_history

    @property
    def engine(self) -> str:
        """The engine that takes the steps now."""
        return self.engine_selector.name

    def wait_for_engine(self, timeout: float | int) -> bool:
        """Wait up to `timeout` seconds for the wanted engine; return whether it has taken over."""
        self._allocate_threads()
        return self.engine_selector.wait(timeout)

    def precompile(self) -> None:
        """Let what the wanted engine needs be compiled while the run trains.

        A run of several threads would lose one to the compiler, and its bits depend on how many
        it has; it has to wait for the engine instead.
        """
        self._allocate_threads()
        if self.threads == 1:
            self.engine_selector.precompile()

    def step(self, n: int = 1, should_continue: Callable[[], bool] = lambda: True) -> int:
        """Take `n` steps: `n_critic` updates of D, then one of G. Return how many were completed.

        Stops early when `should_continue()` is false, asked after every update, or when the numbers
        diverge or there is no memory for a step (see `failure`). A step that was left half-way is
        completed by the next call.
        """
        began = time.perf_counter()
        with self.recover_from_oom():
            self._allocate_threads()
            try:
                for taken in range(n):
                    if not self._run_step(should_continue):
                        return taken
                    if self.failure or not should_continue():
                        return taken + 1
                return n
            finally:
                self.engine_selector.trained += time.perf_counter() - began
        return 0

    @contextmanager
    def recover_from_oom(self) -> Iterator[None]:
        """Where there is no memory for what is done within, be as at the last healthy step.

        `failure` then says so, and which batch would fit.
        """
        try:
            yield
            return
        except (MemoryError, RuntimeError) as error:
            if not is_oom(error):
                raise
            traceback.clear_frames(error.__traceback__)  # they hold what the step was made from
        with self.lock:
            self._run_out_of_memory()

    def _run_out_of_memory(self) -> None:
        step = self.step_count + 1
        self._batch = None
        self._recover()
        release_memory()
        self.failure = OutOfMemory(
            step, self.config.batch_size, max_batch_size(self.gan), self.step_count
        )

    def _allocate_threads(self) -> None:
        """Take as many threads as a run of this size gets now."""
        if self._operations is None:
            with self.lock:
                of_d, of_g = step_flops(self.gan)
                self._operations = self.config.n_critic * of_d + of_g
        self.threads = THREADS.apply(self, self._operations)

    def _run_step(self, should_continue: Callable[[], bool]) -> bool:
        """Make the updates that are left of this step; False if told to stop before the last."""
        self.engine_selector.poll()
        joined = (
            self.engine_selector.engine is not None and self._d_updates_done < self.config.n_critic
        )
        while self._d_updates_done < self.config.n_critic - joined:
            with self.lock:
                self._update_d()
                self._d_updates_done += 1
            if not should_continue():
                return False
        if joined:
            self._joined_step()
        else:
            self.step_generator()
        return True

    def _update_d(self) -> None:
        engine = self.engine_selector.engine
        if engine is None or not engine.updates_d_alone:
            self.step_discriminator()
            return
        self.failure = None
        row, self._batch = engine.discriminator_step()
        self.statistics.defer(d=partial(named, D_STATS, row))
        self._note_update_of_d()

    def _joined_step(self) -> None:
        """Take the last update of D and the one of G in a single call."""
        with self.lock:
            if self.engine_selector.engine is None:  # another thread changed the settings meanwhile
                self._run_step(lambda: True)
                return
            self.failure = None
            row, self._batch = self.engine_selector.engine.step(self.step_count + 1)
            of_g = partial(named, G_STATS, row, len(D_STATS))
            self.statistics.defer(d=partial(named, D_STATS, row), g=of_g)
            self._note_update_of_d()
            self._note_update_of_g()

    @property
    def step_fraction(self) -> float:
        """How much of the step in progress is done, by its updates: 0 between two steps."""
        return self._d_updates_done / (self.config.n_critic + 1)

    def step_discriminator(self) -> UpdateResult:
        """One update of D on a fresh batch of real samples and a fresh batch of noise."""
        with self.lock:
            self.failure = None
            turn = discriminator_step(self.gan, self.optimizers.d.step)
            self.statistics.defer(d=partial(d_statistics, self.gan, turn))
            self._batch = turn.batch
            self._note_update_of_d()
            return turn

    def step_generator(self) -> UpdateResult:
        """One update of G, which completes a step. D stands still.

        G is judged on the batch that D has just seen, as in most implementations since DCGAN's,
        or on a fresh one if D has seen none since G's last update.
        """
        with self.lock:
            self.failure = None
            if not self._batch_awaits_g:
                self._batch = self.gan.sample_fake_batch()
            elif self._batch.fake is None:
                self._batch = self._regenerate(self._batch)
            turn = generator_step(self.gan, self.optimizers.g.step, self._batch)
            if self.ema is not None:
                self.ema.update(self.step_count + 1)
            self.statistics.defer(g=partial(g_statistics, self.gan, turn))
            self._batch = self._batch.detach()
            self._note_update_of_g()
            return turn

    def _note_update_of_d(self) -> None:
        self._batch_awaits_g = True
        self.updates_d += 1
        self.samples_seen += self.config.batch_size

    def _note_update_of_g(self) -> None:
        self._batch_awaits_g = False
        self._d_updates_done = 0
        self.step_count += 1
        due = self.step_count % CHECK_EVERY == 0
        self.statistics.end_step(self.step_count, self._batch, due)
        self._record_history()
        if due:
            self._read_statistics()
            if self.failure is None:
                self._save_last_good()

    def _record_history(self) -> None:
        """Keep the state and the fixed noise's pictures, if this step's are wanted."""
        if self.state_history.should_record(self.step_count):
            self.state_history.keep(self.capture_state())
        if not self.config.dataset.pictures:
            return
        epoch = self.samples_seen // self.config.dataset.size
        if self.timeline.should_record(self.step_count, epoch):
            pixels = to_uint8(self.generate(self.fixed_z, self.fixed_labels))
            self.timeline.keep(self.step_count, epoch, pixels)

    def check_finite(self) -> None:
        """Look at the numbers of the steps so far, instead of at the next regular time."""
        with self.lock:
            self._read_statistics()

    def _read_statistics(self) -> None:
        """Move the queued statistics into the history; notice numbers that broke."""
        last = self.statistics.last_queued
        broken = self.statistics.flush()
        if broken is None and last is not None and not self._weights_are_sound():
            broken = last, "a weight"
        if broken is not None:
            self._on_failure(*broken)

    def _weights_are_sound(self) -> bool:
        weights = [*self.optimizers.g.weights, *self.optimizers.d.weights]
        return get_total_norm(weights).item() < MAX_ABS_VALUE

    def _on_failure(self, step: int, what: str) -> None:
        self._recover()
        self.failure = NumericalFailure(step, what, self.step_count)

    def _recover(self) -> None:
        """Be as at the last healthy step that was kept."""
        self._backup.restore(self.optimizers)
        self._restore_others(clone_nested(self._healthy))
        self._truncate_history()

    def _truncate_history(self) -> None:
        for kept in (self.history, self.metric_history, self.timeline, self.state_history):
            kept.truncate_after(self.step_count)
        self.config_changes = [
            change for change in self.config_changes if change[0] <= self.step_count
        ]

    def capture_state(self) -> StateSnapshot:
        """Return this moment, to which `restore_to` and `branch` lead from later ones."""
        with self.lock:
            state = self._training_state()
            del state["fixed_z"]  # never changes, and is larger than many a network
            return StateSnapshot(self.step_count, self.config, state)

    def restore_to(self, waypoint: StateSnapshot) -> None:
        """Be as the run was at one of its earlier moments; what came after it is forgotten."""
        with self.lock:
            changes = self.config_changes
            if waypoint.config != self.config:
                self.update_config(waypoint.config)
            self._restore(waypoint.state)
            self.config_changes = changes
            self._truncate_history()
            self._save_last_good()

    def fork(self, waypoint: StateSnapshot, engine: str = "auto") -> Trainer:
        """Return a run of its own that stands where this one was at an earlier moment.

        Its history and its past up to there are the same; this run is left as it is.
        """
        made = Trainer(waypoint.config, self.device.type, engine)
        with self.lock:
            made.load_state_dict(self.state_dict() | dict(waypoint.state))
            made.state_history.copy_from(self.state_history, waypoint.step)
            made.state_history.keep(waypoint)
        made._truncate_history()
        return made

    def update_config(self, config: ExperimentConfig) -> None:
        """Go on with changed settings; weights, moments and history stay.

        An optimizer of another kind starts with empty moments.

        Raises:
            ValueError: if a setting differs that needs a new run, or does not fit into memory.
        """
        changed = self.config.differences(config)
        fixed = [name for name in changed if name not in MUTABLE_FIELDS]
        if fixed:
            raise ValueError(f"{', '.join(fixed)} cannot change during a run; start a new one.")
        with self.lock:
            if MEMORY_FIELDS.intersection(changed):
                check_fits(self.gan, config, begins=False)
            self._read_statistics()
            self.statistics.compute()
            old, self.config = self.config, config
            self.gan.config = config
            if config.loss != old.loss:
                self.config_changes.append((self.step_count, config.loss.title))
            self.optimizers.apply_config(old, config)
            self._operations = None
            self.engine_selector.refresh()
            self._save_last_good()

    def snapshot(self, remember: bool = True) -> Snapshot:
        """Return the run as it is now, its metrics measured anew; `remember` keeps them, too."""
        with self.lock:
            self._read_statistics()
            self.statistics.rescore_fake(self._batch)
            statistics = {name: value.item() for name, value in self.statistics.compute().items()}
            return self.snapshot_builder.snapshot(self, statistics, remember)

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of all that the next step depends on, and of the history."""
        with self.lock:
            self._read_statistics()
            return self._training_state() | {
                "changes": list(self.config_changes),
                "history": self.history.to_dict(),
                "timeline": self.timeline.state_dict(),
                "metric_history": self.metric_history.to_dict(),
            }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to what `state_dict` returned, for the same config."""
        with self.lock:
            self._restore(state)
            self.config_changes = [tuple(change) for change in state["changes"]]
            self.statistics.history = History.from_dict(state["history"])
            self.timeline.load_state_dict(state["timeline"])
            self.state_history.truncate_after(-1)
            self.snapshot_builder.metric_history = History.from_dict(state["metric_history"])
            self._save_last_good()

    def _training_state(self) -> dict[str, Any]:
        return clone_nested(self.optimizers.state_dict() | self._aux_state())

    def _aux_state(self) -> dict[str, Any]:
        """Return what the next step depends on beside weights and moments, not copied."""
        return {
            "rng": {name: rng.get_state() for name, rng in self.gan.rng.items()},
            "fixed_z": self.fixed_z,
            "latest": self.statistics.compute(),
            "z": None if self._batch is None else self._batch.z,
            "labels": None if self._batch is None else self._batch.labels,
            "z_is_fresh": self._batch_awaits_g,
            "counters": {
                "step": self.step_count,
                "updates_d": self.updates_d,
                "samples_seen": self.samples_seen,
                "of_this_step": self._d_updates_done,
            },
        }

    def _save_last_good(self) -> None:
        """Keep what to go back to if the numbers break down."""
        if self._backup is None or not self._backup.update(self.optimizers):
            self._backup = LastGoodState(self.optimizers)
        self._healthy = clone_nested(self._aux_state())

    def _restore(self, state: Mapping[str, Any]) -> None:
        state = clone_nested(dict(state))
        self.optimizers.load_state_dict(state)
        self._restore_others(state)

    def _restore_others(self, state: dict[str, Any]) -> None:
        for name, rng in self.gan.rng.items():
            rng.set_state(state["rng"][name].cpu())
        self.fixed_z = state.get("fixed_z", self.fixed_z)
        self.statistics.restore(state["latest"])
        self._batch_awaits_g = state["z_is_fresh"]
        self._batch = None
        if state["z"] is not None:
            self._batch = Batch(state["z"], state["labels"], None)
        self.step_count = state["counters"]["step"]
        self.updates_d = state["counters"]["updates_d"]
        self.samples_seen = state["counters"]["samples_seen"]
        self._d_updates_done = state["counters"]["of_this_step"]
        self.failure = None
        self.engine_selector.refresh()

    def _regenerate(self, batch: Batch) -> Batch:
        """Return a batch with G's samples, from its z, without a trace in what G remembers."""
        with freeze_spectral_norm(self.generator) as generator:
            fake = self.gan.generate(batch.z, batch.labels, stateless_forward(generator))
        return replace(batch, fake=fake)


def named(names: Sequence[str], row: torch.Tensor, first: int = 0) -> dict[str, torch.Tensor]:
    """Return an engine's statistics from `first` on, copied: its next call may write over them."""
    return dict(zip(names, row[first : first + len(names)].clone(), strict=True))
