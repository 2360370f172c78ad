"""The trainer: Algorithm 1 of Goodfellow et al. 2014 (arXiv:1406.2661), one step at a time."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gan_core.config import MUTABLE_FIELDS, ExperimentConfig
from gan_core.data import BatchSource
from gan_core.runtime.cpu_threads import THREADS
from gan_core.runtime.memory import is_oom, release_memory
from gan_core.training.algorithm import UpdateResult
from gan_core.training.engines.base import StepOutput
from gan_core.training.engines.selector import EngineSelector
from gan_core.training.memory_check import MEMORY_FIELDS, check_fits, max_batch_size
from gan_core.training.monitoring.failures import Failure, NumericalFailure, OutOfMemory, announce
from gan_core.training.monitoring.history import History
from gan_core.training.monitoring.recorder import Recorder
from gan_core.training.monitoring.sample_timeline import Timeline
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.training.monitoring.state_history import StateHistory, StateSnapshot
from gan_core.training.rollback import Rollback
from gan_core.training.state import TrainState
from gan_core.training.step_cost import step_flops

CHECK_EVERY = 25
"""Steps between two checks of the numbers, which are a CPU–GPU sync point."""


class Trainer(TrainState):
    """Trains one experiment in whole steps or halves of steps.

    `engine` executes the steps: `eager`, `compiled`, `cuda_graph`, or `auto`, which switches to a
    faster engine once that is ready. `engine_from` is the step of that switch, for a run equal to
    an earlier one to the last bit. `source` is as in `TrainState`.

    Raises:
        ValueError: if device, data set or engine is not there, or a step does not fit into memory.
    """

    def __init__(
        self,
        config: ExperimentConfig,
        device: str = "cpu",
        engine: str = "auto",
        engine_from: int | None = None,
        source: BatchSource | None = None,
    ) -> None:
        super().__init__(config, device, source)
        self.failure: Failure | None = None
        """Why the run stopped by itself, if it did."""
        self.recorder = Recorder(self)
        self.engine_selector = EngineSelector(self, engine, engine_from)
        self._rollback = Rollback(self)
        self._flops: float | None = None
        self.recorder.record_state()

    @property
    def timeline(self) -> Timeline:
        """The grids of samples that are kept over the steps."""
        return self.recorder.timeline

    @property
    def state_history(self) -> StateHistory:
        """The earlier states that are kept in memory."""
        return self.recorder.state_history

    @property
    def metric_history(self) -> History:
        """The metrics at the steps at which they were measured."""
        return self.recorder.metric_history

    def step(self, n: int = 1, should_continue: Callable[[], bool] = lambda: True) -> int:
        """Take `n` steps: `n_critic` updates of D, then one of G. Return how many were completed.

        Stops early when `should_continue()` is false, asked after every update, or when the numbers
        diverge or there is no memory for a step: the run then goes back to its last good state,
        steps that are undone do not count, a `BreakdownWarning` is given, and `failure` says more.
        The next call completes a step that was left half-way.
        """
        began, before = time.perf_counter(), self.step_count
        with self.recover_from_oom():
            self._allocate_threads()
            try:
                for _ in range(n):
                    if not self._run_step(should_continue) or self.failure or not should_continue():
                        break
            finally:
                self.engine_selector.trained += time.perf_counter() - began
        return max(0, self.step_count - before)

    def _run_step(self, should_continue: Callable[[], bool]) -> bool:
        """Make the updates that are left of this step; False if stopped before the last one."""
        self.engine_selector.poll()
        while True:
            with self.lock:  # settings, and with them the engine, may change between two updates
                engine = self.engine_selector.engine
                left = self.config.n_critic - self._d_updates_done
                if left == 1 and engine.fuses_updates:
                    self._record(engine.finish_step(self.step_count + 1, None))
                    return True
                if left <= 0:
                    self.step_generator()
                    return True
                self._record(engine.discriminator_step())
                self._d_updates_done += 1
            if not should_continue():
                return False

    def step_discriminator(self) -> UpdateResult:
        """Make one update of D on a new batch of real samples and of noise."""
        with self.lock:
            output = self.engine_selector.eager.discriminator_step()
            self._record(output)
            return output.update

    def step_generator(self) -> UpdateResult:
        """Make one update of G, which completes a step. D stands still.

        The batch is the one that D has just seen, as in most implementations since DCGAN's, or a
        new one if D has seen none since G's last update.
        """
        with self.lock:
            batch = self._batch if self._batch_awaits_g else None
            output = self.engine_selector.eager.finish_step(self.step_count + 1, batch)
            self._record(output)
            return output.update

    def _record(self, output: StepOutput) -> None:
        """Count an engine's updates and record their statistics."""
        self.failure = None
        self._batch = output.batch
        if output.d_statistics is not None:
            self.statistics.defer("d", output.d_statistics)
            self._batch_awaits_g = True
            self.updates_d += 1
            self.samples_seen += self.config.batch_size
        if output.g_statistics is not None:
            self.statistics.defer("g", output.g_statistics)
            self._batch_awaits_g = False
            self._d_updates_done = 0
            self.step_count += 1
            self._end_step(output)

    def _end_step(self, output: StepOutput) -> None:
        self.statistics.end_step(self.step_count, output.batch, output.row)
        self.recorder.record_state()
        if self.step_count % CHECK_EVERY == 0:
            self._flush_statistics()
            if self.failure is None:
                self._rollback.save()

    def check_finite(self) -> None:
        """Check the numbers of the steps so far now, instead of at the next regular time."""
        with self.lock:
            self._flush_statistics()

    def _flush_statistics(self) -> None:
        """Move the queued statistics into the history; go back if a number is not finite."""
        last = self.statistics.last_queued
        broken = self.statistics.flush()
        if broken is None and last is not None and not self._rollback.weights_are_finite():
            broken = last, "a weight"
        if broken is not None:
            self._roll_back()
            self.failure = announce(NumericalFailure(*broken, self.step_count))

    def _roll_back(self) -> None:
        """Return to the last good state."""
        self._rollback.restore()
        self._after_restore()
        self.recorder.truncate()

    def _after_restore(self) -> None:
        self.failure = None
        self.engine_selector.refresh()

    @contextmanager
    def recover_from_oom(self) -> Iterator[None]:
        """Return to the last good state if memory runs out in the block.

        `failure` then says so, and which batch would fit.
        """
        try:
            yield
            return
        except (MemoryError, RuntimeError) as error:
            if not is_oom(error):
                raise
            traceback.clear_frames(error.__traceback__)  # they hold the tensors of the step
        with self.lock:
            step = self.step_count + 1
            self._batch = None
            self._roll_back()
            release_memory()
            fits = max_batch_size(self.gan)
            failure = OutOfMemory(step, self.config.batch_size, fits, self.step_count)
            self.failure = announce(failure)

    @property
    def engine(self) -> str:
        """The name of the engine that takes the steps now."""
        return self.engine_selector.engine.name

    def wait_for_engine(self, timeout: float | int) -> bool:
        """Wait up to `timeout` seconds for the wanted engine; return whether it has taken over."""
        self._allocate_threads()
        return self.engine_selector.wait(timeout)

    def precompile(self) -> None:
        """Start to compile what the wanted engine needs, while the run trains.

        Not for a run of several threads: it would lose one to the compiler, and its bits depend on
        their number. It has to wait for the engine instead.
        """
        self._allocate_threads()
        if self.threads == 1:
            self.engine_selector.precompile()

    def _allocate_threads(self) -> None:
        """Take as many threads as a run of this size gets now."""
        if self._flops is None:
            with self.lock:
                self._flops = step_flops(self.gan)
        self.threads = THREADS.apply(self, self._flops)

    def update_config(self, config: ExperimentConfig) -> None:
        """Go on with changed settings; weights, optimizer state and history stay.

        An optimizer of another kind starts with an empty state.

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
            self._flush_statistics()
            self.statistics.compute()
            old, self.config = self.config, config
            self.gan.config = config
            self.recorder.log_change(old, config)
            self.optimizers.apply_config(old, config)
            self._flops = None
            self.engine_selector.refresh()
            self._rollback.save()

    def snapshot(self, remember: bool = True) -> Snapshot:
        """Return the run as it is now; with `remember` its metrics join the history."""
        with self.lock:
            self._flush_statistics()
            self.statistics.rescore_fake(self._batch)
            statistics = {name: value.item() for name, value in self.statistics.compute().items()}
            return self.recorder.snapshot(statistics, remember)

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of everything that the next step depends on, and of the history."""
        with self.lock:
            self._flush_statistics()
            return self.training_state() | self.recorder.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned, for the same config."""
        with self.lock:
            self.load_training_state(state)
            self._after_restore()
            self.recorder.load_state_dict(state)
            self._rollback.save()

    def restore_to(self, snapshot: StateSnapshot) -> None:
        """Return the run to one of its earlier states; later steps are forgotten."""
        with self.lock:
            if snapshot.config != self.config:
                changes = list(self.config_changes)
                self.update_config(snapshot.config)
                self.config_changes = changes
            self.load_training_state(snapshot.state)
            self._after_restore()
            self.recorder.truncate()
            self._rollback.save()

    def fork(self, snapshot: StateSnapshot, engine: str = "auto") -> Trainer:
        """Return a new run that begins at an earlier state of this one, which stays as it is."""
        made = Trainer(snapshot.config, self.device.type, engine)
        with self.lock:
            made.load_state_dict(self.state_dict() | dict(snapshot.state))
            made.state_history.copy_from(self.state_history, snapshot.step)
            made.state_history.keep(snapshot)
        made.recorder.truncate()
        return made
