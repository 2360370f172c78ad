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

from gan_core.config import LIVE, ExperimentConfig
from gan_core.data.pixels import to_pixels
from gan_core.networks.stateless import cloned, settled, without_traces
from gan_core.runtime.cpu_threads import CORES
from gan_core.runtime.memory import give_back, ran_out
from gan_core.training.algorithm import (
    OF_D,
    OF_G,
    Turn,
    statistics_of_d,
    statistics_of_g,
    turn_of_d,
    turn_of_g,
)
from gan_core.training.engines.selector import Switch
from gan_core.training.gan import Batch
from gan_core.training.memory_check import make_sure_it_fits, what_would_fit
from gan_core.training.monitoring.failures import EXPLODED, Breakdown, Failure, OutOfMemory
from gan_core.training.monitoring.history import History
from gan_core.training.monitoring.sample_timeline import Timeline
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.training.monitoring.snapshot_builder import (
    FIXED_PICTURES,
    LINE_SAMPLES,
    Observer,
)
from gan_core.training.monitoring.state_history import Past, Waypoint
from gan_core.training.monitoring.statistics import Statistics
from gan_core.training.optimization import Backup
from gan_core.training.state import Model
from gan_core.training.step_cost import operations_of_step

CHECK_EVERY = 25
"""Steps between two looks at the numbers, which are a CPU–GPU sync point."""

WEIGHTY = frozenset({"batch_size", "loss", "regularizer", "precision", "instance_noise"})
"""Settings that may change during a run, and with them the memory that a step needs."""


class Trainer(Model):
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
        self.fixed_z = self.game.noise(fixed, "fixed")
        self.fixed_labels = None
        if self.game.classes:
            self.fixed_labels = torch.arange(fixed, device=self.device) % self.game.classes
        self.updates_d = 0
        self.samples_seen = 0
        self.breakdown: Failure | None = None
        self.changes: list[tuple[int, str]] = []
        self.statistics = Statistics(self.game)
        self.timeline = Timeline()
        self.past = Past()
        self._observer = Observer(config)
        self._batch: Batch | None = None
        self._batch_is_fresh = False
        """Whether D has seen the batch and G has not been updated on it yet."""
        self._updates_of_d = 0
        self.threads = torch.get_num_threads()
        """How many threads the steps use."""
        self._operations: float | None = None
        self.switch = Switch(self, engine, engine_from)
        self._backup: Backup | None = None
        self._note_health()
        self._keep_the_past()

    @property
    def history(self) -> History:
        """The statistics of the steps that are kept."""
        return self.statistics.history

    @property
    def metric_history(self) -> History:
        """The metrics of the moments at which they were measured."""
        return self._observer.metric_history

    @property
    def engine(self) -> str:
        """The engine that takes the steps now."""
        return self.switch.name

    def wait_for_engine(self, timeout: float | int) -> bool:
        """Wait up to `timeout` seconds for the wanted engine; return whether it has taken over."""
        self._share_cores()
        return self.switch.wait(timeout)

    def order_engine(self) -> None:
        """Let what the wanted engine needs be compiled while the run trains.

        A run of several threads would lose one to the compiler, and its bits depend on how many
        it has; it has to wait for the engine instead.
        """
        self._share_cores()
        if self.threads == 1:
            self.switch.order_ahead()

    def step(self, n: int = 1, keep_going: Callable[[], bool] = lambda: True) -> int:
        """Take `n` steps: `n_critic` updates of D, then one of G. Return how many were completed.

        Stops early when `keep_going()` is false, asked after every update, or when the numbers
        diverge or there is no memory for a step (see `breakdown`). A step that was left half-way is
        completed by the next call.
        """
        began = time.perf_counter()
        with self.surviving():
            self._share_cores()
            try:
                for taken in range(n):
                    if not self._updates(keep_going):
                        return taken
                    if self.breakdown or not keep_going():
                        return taken + 1
                return n
            finally:
                self.switch.trained += time.perf_counter() - began
        return 0

    @contextmanager
    def surviving(self) -> Iterator[None]:
        """Where there is no memory for what is done within, be as at the last healthy step.

        `breakdown` then says so, and which batch would fit.
        """
        try:
            yield
            return
        except (MemoryError, RuntimeError) as error:
            if not ran_out(error):
                raise
            traceback.clear_frames(error.__traceback__)  # they hold what the step was made from
        with self.lock:
            self._run_out_of_memory()

    def _run_out_of_memory(self) -> None:
        step = self.step_count + 1
        self._batch = None
        self._recover()
        give_back()
        self.breakdown = OutOfMemory(
            step, self.config.batch_size, what_would_fit(self.game), self.step_count
        )

    def _share_cores(self) -> None:
        """Take as many threads as a run of this size gets now."""
        if self._operations is None:
            with self.lock:
                of_d, of_g = operations_of_step(self.game)
                self._operations = self.config.n_critic * of_d + of_g
        self.threads = CORES.apply(self, self._operations)

    def _updates(self, keep_going: Callable[[], bool]) -> bool:
        """Make the updates that are left of this step; False if told to stop before the last."""
        self.switch.look()
        joined = self.switch.engine is not None and self._updates_of_d < self.config.n_critic
        while self._updates_of_d < self.config.n_critic - joined:
            with self.lock:
                self._update_d()
                self._updates_of_d += 1
            if not keep_going():
                return False
        if joined:
            self._joined_step()
        else:
            self.step_generator()
        return True

    def _update_d(self) -> None:
        engine = self.switch.engine
        if engine is None or not engine.updates_d_alone:
            self.step_discriminator()
            return
        self.breakdown = None
        row, self._batch = engine.turn_of_d()
        self.statistics.note(d=partial(named, OF_D, row))
        self._note_update_of_d()

    def _joined_step(self) -> None:
        """Take the last update of D and the one of G in a single call."""
        with self.lock:
            if self.switch.engine is None:  # another thread changed the settings meanwhile
                self._updates(lambda: True)
                return
            self.breakdown = None
            row, self._batch = self.switch.engine.step(self.step_count + 1)
            of_g = partial(named, OF_G, row, len(OF_D))
            self.statistics.note(d=partial(named, OF_D, row), g=of_g)
            self._note_update_of_d()
            self._note_update_of_g()

    @property
    def share_of_step(self) -> float:
        """How much of the step in progress is done, by its updates: 0 between two steps."""
        return self._updates_of_d / (self.config.n_critic + 1)

    def step_discriminator(self) -> Turn:
        """One update of D on a fresh batch of real samples and a fresh batch of noise."""
        with self.lock:
            self.breakdown = None
            turn = turn_of_d(self.game, self.learners.d.descend)
            self.statistics.note(d=partial(statistics_of_d, self.game, turn))
            self._batch = turn.batch
            self._note_update_of_d()
            return turn

    def step_generator(self) -> Turn:
        """One update of G, which completes a step. D stands still.

        G is judged on the batch that D has just seen, as in most implementations since DCGAN's,
        or on a fresh one if D has seen none since G's last update.
        """
        with self.lock:
            self.breakdown = None
            if not self._batch_is_fresh:
                self._batch = self.game.draw_noise_alone()
            elif self._batch.fake is None:
                self._batch = self._made_again(self._batch)
            turn = turn_of_g(self.game, self.learners.g.descend, self._batch)
            if self.ema is not None:
                self.ema.update(self.step_count + 1)
            self.statistics.note(g=partial(statistics_of_g, self.game, turn))
            self._batch = self._batch.without_graph()
            self._note_update_of_g()
            return turn

    def _note_update_of_d(self) -> None:
        self._batch_is_fresh = True
        self.updates_d += 1
        self.samples_seen += self.config.batch_size

    def _note_update_of_g(self) -> None:
        self._batch_is_fresh = False
        self._updates_of_d = 0
        self.step_count += 1
        due = self.step_count % CHECK_EVERY == 0
        self.statistics.end_step(self.step_count, self._batch, due)
        self._keep_the_past()
        if due:
            self._read_statistics()
            if self.breakdown is None:
                self._note_health()

    def _keep_the_past(self) -> None:
        """Keep the state and the fixed noise's pictures, if this step's are wanted."""
        if self.past.wants(self.step_count):
            self.past.keep(self.waypoint())
        if not self.config.dataset.pictures:
            return
        epoch = self.samples_seen // self.config.dataset.size
        if self.timeline.wants(self.step_count, epoch):
            pixels = to_pixels(self.generate(self.fixed_z, self.fixed_labels))
            self.timeline.keep(self.step_count, epoch, pixels)

    def check(self) -> None:
        """Look at the numbers of the steps so far, instead of at the next regular time."""
        with self.lock:
            self._read_statistics()

    def _read_statistics(self) -> None:
        """Move the queued statistics into the history; notice numbers that broke."""
        last = self.statistics.last_queued
        broken = self.statistics.read()
        if broken is None and last is not None and not self._weights_are_sound():
            broken = last, "a weight"
        if broken is not None:
            self._fall_back(*broken)

    def _weights_are_sound(self) -> bool:
        weights = [*self.learners.g.weights, *self.learners.d.weights]
        return get_total_norm(weights).item() < EXPLODED

    def _fall_back(self, step: int, what: str) -> None:
        self._recover()
        self.breakdown = Breakdown(step, what, self.step_count)

    def _recover(self) -> None:
        """Be as at the last healthy step that was kept."""
        self._backup.bring_back(self.learners)
        self._restore_others(cloned(self._healthy))
        self._forget_the_future()

    def _forget_the_future(self) -> None:
        for kept in (self.history, self.metric_history, self.timeline, self.past):
            kept.forget_after(self.step_count)
        self.changes = [change for change in self.changes if change[0] <= self.step_count]

    def waypoint(self) -> Waypoint:
        """Return this moment, to which `go_back` and `branch` lead from later ones."""
        with self.lock:
            state = self._moving_parts()
            del state["fixed_z"]  # never changes, and is larger than many a network
            return Waypoint(self.step_count, self.config, state)

    def go_back(self, waypoint: Waypoint) -> None:
        """Be as the run was at one of its earlier moments; what came after it is forgotten."""
        with self.lock:
            changes = self.changes
            if waypoint.config != self.config:
                self.update(waypoint.config)
            self._restore(waypoint.state)
            self.changes = changes
            self._forget_the_future()
            self._note_health()

    def branch(self, waypoint: Waypoint, engine: str = "auto") -> Trainer:
        """Return a run of its own that stands where this one was at an earlier moment.

        Its history and its past up to there are the same; this run is left as it is.
        """
        made = Trainer(waypoint.config, self.device.type, engine)
        with self.lock:
            made.load_state_dict(self.state_dict() | dict(waypoint.state))
            made.past.inherit(self.past, waypoint.step)
            made.past.keep(waypoint)
        made._forget_the_future()
        return made

    def update(self, config: ExperimentConfig) -> None:
        """Go on with changed settings; weights, moments and history stay.

        An optimizer of another kind starts with empty moments.

        Raises:
            ValueError: if a setting differs that needs a new run, or does not fit into memory.
        """
        changed = self.config.differences(config)
        fixed = [name for name in changed if name not in LIVE]
        if fixed:
            raise ValueError(f"{', '.join(fixed)} cannot change during a run; start a new one.")
        with self.lock:
            if WEIGHTY.intersection(changed):
                make_sure_it_fits(self.game, config, begins=False)
            self._read_statistics()
            self.statistics.take_stock()
            old, self.config = self.config, config
            self.game.config = config
            if config.loss != old.loss:
                self.changes.append((self.step_count, config.loss.title))
            self.learners.change(old, config)
            self._operations = None
            self.switch.refresh()
            self._note_health()

    def snapshot(self, remember: bool = True) -> Snapshot:
        """Return the run as it is now, its metrics measured anew; `remember` keeps them, too."""
        with self.lock:
            self._read_statistics()
            self.statistics.score_after(self._batch)
            statistics = {
                name: value.item() for name, value in self.statistics.take_stock().items()
            }
            return self._observer.snapshot(self, statistics, remember)

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of all that the next step depends on, and of the history."""
        with self.lock:
            self._read_statistics()
            return self._moving_parts() | {
                "changes": list(self.changes),
                "history": self.history.to_dict(),
                "timeline": self.timeline.state_dict(),
                "metric_history": self.metric_history.to_dict(),
            }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to what `state_dict` returned, for the same config."""
        with self.lock:
            self._restore(state)
            self.changes = [tuple(change) for change in state["changes"]]
            self.statistics.history = History.from_dict(state["history"])
            self.timeline.load_state_dict(state["timeline"])
            self.past.forget_after(-1)
            self._observer.metric_history = History.from_dict(state["metric_history"])
            self._note_health()

    def _moving_parts(self) -> dict[str, Any]:
        return cloned(self.learners.state_dict() | self._other_parts())

    def _other_parts(self) -> dict[str, Any]:
        """Return what the next step depends on beside weights and moments, not copied."""
        return {
            "rng": {name: rng.get_state() for name, rng in self.game.rng.items()},
            "fixed_z": self.fixed_z,
            "latest": self.statistics.take_stock(),
            "z": None if self._batch is None else self._batch.z,
            "labels": None if self._batch is None else self._batch.labels,
            "z_is_fresh": self._batch_is_fresh,
            "counters": {
                "step": self.step_count,
                "updates_d": self.updates_d,
                "samples_seen": self.samples_seen,
                "of_this_step": self._updates_of_d,
            },
        }

    def _note_health(self) -> None:
        """Keep what to go back to if the numbers break down."""
        if self._backup is None or not self._backup.renew(self.learners):
            self._backup = Backup(self.learners)
        self._healthy = cloned(self._other_parts())

    def _restore(self, state: Mapping[str, Any]) -> None:
        state = cloned(dict(state))
        self.learners.load_state_dict(state)
        self._restore_others(state)

    def _restore_others(self, state: dict[str, Any]) -> None:
        for name, rng in self.game.rng.items():
            rng.set_state(state["rng"][name].cpu())
        self.fixed_z = state.get("fixed_z", self.fixed_z)
        self.statistics.restore(state["latest"])
        self._batch_is_fresh = state["z_is_fresh"]
        self._batch = None
        if state["z"] is not None:
            self._batch = Batch(state["z"], state["labels"], None)
        self.step_count = state["counters"]["step"]
        self.updates_d = state["counters"]["updates_d"]
        self.samples_seen = state["counters"]["samples_seen"]
        self._updates_of_d = state["counters"]["of_this_step"]
        self.breakdown = None
        self.switch.refresh()

    def _made_again(self, batch: Batch) -> Batch:
        """Return a batch with G's samples, from its z, without a trace in what G remembers."""
        with settled(self.generator) as generator:
            fake = self.game.generate(batch.z, batch.labels, without_traces(generator))
        return replace(batch, fake=fake)


def named(names: Sequence[str], row: torch.Tensor, first: int = 0) -> dict[str, torch.Tensor]:
    """Return an engine's statistics from `first` on, copied: its next call may write over them."""
    return dict(zip(names, row[first : first + len(names)].clone(), strict=True))
