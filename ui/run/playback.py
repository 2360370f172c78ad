"""Starts, pauses and trains a page's run, and reports why it stopped."""

from __future__ import annotations

import math
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gan_core.runtime.scheduler import SCHEDULER
from gan_core.training.monitoring.failures import (
    BreakdownWarning,
    Failure,
    NumericalFailure,
    OutOfMemory,
)
from ui.run.frame_timer import FrameTimer
from ui.run.run_base import RunBase

warnings.simplefilter("ignore", BreakdownWarning)  # the page says it itself

GO_ON = {
    NumericalFailure: "lower the learning rates (under Optimizers) and train on, or reset.",
    OutOfMemory: "change the batch (under Training) and train on.",
}
"""What may be done on the page about a run that stopped by itself."""

SHARED_FRAME_SECONDS = 1.0
"""Seconds after which a frame is drawn although other runs left it little time to train."""

LOOK_EVERY = 0.01
"""Seconds between two looks at a step in progress."""

SLICE_SECONDS = 0.01
"""Steps are taken in calls of about this length, so that Pause is heard between them."""


class Playback:
    """The training of one run: whether it is running, how far, and how fast."""

    def __init__(self, run: RunBase) -> None:
        self._run = run
        self.running = False
        self.stop_at: int | None = None
        self.speed: float | None = None
        """Steps per second; None for full speed."""
        self.rerun_id = 0
        """Raised at each rerun of the page, so that an older rerun stops training."""
        self.frame_timer = FrameTimer()
        self.started = 0.0
        self.last_step_at = 0.0
        """When the latest training step ended, seconds since 1970."""
        self._threads_in_step: set[int] = set()
        """The threads that are in a step; one that Pause has overtaken is, until it hears of it."""
        self.acknowledged_failure: Failure | None = None
        """The failure that the user dismissed by pressing Train; it is not reported again."""

    def start(self, until: int | None = None) -> None:
        """Train from now on, to a step if one is given."""
        run = self._run
        run.leave_past()
        run.notice = run.info = None
        self.acknowledged_failure = run.trainer.failure
        self.stop_at = until
        self.running = until is None or until > run.step
        self.started = time.perf_counter()
        self.frame_timer.restart()

    def run_until(self, step: int) -> str | None:
        """Train to a step; return a sentence, and change nothing, if it has been passed."""
        if step > self._run.step:
            self.start(until=step)
            return None
        return (
            f"Step {step:,} has been passed already: the run was at step {self._run.step:,}. "
            "Choose a later one under Until …, or pause and go back with History."
        )

    def pause(self) -> None:
        """Stop training after the step in progress."""
        self.running = False
        self.stop_at = None
        SCHEDULER.remove(self)

    @property
    def is_pausing(self) -> bool:
        """Whether Pause was pressed and an update of D or G is still in progress."""
        return not self.running and bool(self._threads_in_step)

    def wait_for_pause(self, seconds: float) -> bool:
        """Wait so long for the update in progress, if Pause was pressed; return `is_pausing`."""
        until = time.perf_counter() + seconds
        while self.is_pausing and time.perf_counter() < until:
            time.sleep(LOOK_EVERY)
        return self.is_pausing

    @contextmanager
    def _in_step(self) -> Iterator[None]:
        thread = threading.get_ident()
        self._threads_in_step.add(thread)
        try:
            yield
        finally:
            self._threads_in_step.discard(thread)

    def run_steps(self, steps: int) -> None:
        """Train so many steps, in addition to those that are still to be taken; then pause."""
        waiting = self.running and self.stop_at is not None
        self.start(until=(self.stop_at if waiting else self._run.step) + steps)

    def step_discriminator(self) -> None:
        """Pause, and update D once."""
        self.pause()
        self._run.leave_past()
        with self._run.trainer.recover_from_oom():
            self._run.trainer.step_discriminator()
        self.report_failure()

    def step_generator(self) -> None:
        """Pause, and update G once."""
        self.pause()
        self._run.leave_past()
        with self._run.trainer.recover_from_oom():
            self._run.trainer.step_generator()
        self.report_failure()

    def train(
        self,
        steps_per_frame: int | None,
        show: Callable[[float], None] = lambda fraction: None,
        frame: float | None = None,
    ) -> bool:
        """Train until the frame's time is used, the run is paused, or its goal is reached.

        `steps_per_frame` replaces the time by an exact number of steps. `show` gets the fraction
        of a step that is done, between its halves. `frame` is how many seconds a frame may take
        if its figures must keep pace. Returns whether the run came to an end by itself here,
        not by a click that another thread serves.
        """
        run, rerun_id, began = self._run, self.rerun_id, time.perf_counter()
        budget = self.frame_timer.budget(frame)
        until = began + (frame or max(SHARED_FRAME_SECONDS, budget))
        left = self.steps_due(began, steps_per_frame)
        if run.tutorial.watches and self.stop_at is not None:
            left = min(left, self.stop_at - run.step - 1)
        run.tutorial.watches = False

        def is_wanted() -> bool:
            return self.running and self.rerun_id == rerun_id

        def should_continue() -> bool:
            show(run.trainer.step_fraction)
            return is_wanted()

        seconds = budget if steps_per_frame is None else math.inf
        taken, trained = self._train_slices(left, seconds, until, is_wanted, should_continue)
        if taken >= left:
            SCHEDULER.mark_idle(self)
        if run.measurements.is_due(run.step - taken):
            run.evaluate()
        if taken:
            self.last_step_at = time.time()
            self.frame_timer.add_training(trained, taken)
        run.autosave()
        return self._pause_at_end()

    def _train_slices(
        self,
        steps: int,
        seconds: float,
        until: float,
        is_wanted: Callable[[], bool],
        should_continue: Callable[[], bool],
    ) -> tuple[int, float]:
        """Train in slices of the machine's time; return the steps taken and the seconds it took.

        Ends after `steps`, after `seconds` of training, at the time `until` if the run's turn has
        not come, or when it is not wanted any more.
        """
        taken, trained = 0, 0.0
        # A failure may also have been found by a snapshot since; training on would forget it.
        while taken < steps and is_wanted() and not self.has_new_failure:
            if taken and trained >= seconds:
                break
            with SCHEDULER.slice(self, is_wanted, until) as is_our_turn:
                if not is_our_turn:
                    break
                since = time.perf_counter()
                most = min(steps - taken, self._steps_per_slice())
                with self._in_step():
                    taken += self._run.trainer.step(most, should_continue)
                trained += time.perf_counter() - since
        return taken, trained

    def _pause_at_end(self) -> bool:
        """Pause if the goal is reached or the numbers failed; return whether that is so."""
        reached = self.stop_at is not None and self._run.step >= self.stop_at
        ended = self.running and (reached or self.has_new_failure)
        if ended:
            self.report_failure()
            self.pause()
        return ended

    def steps_due(self, now: float, steps_per_frame: int | None) -> int:
        """Return the most steps this frame may take: to the goal, and at the chosen speed."""
        goal = self.stop_at - self._run.step if self.stop_at is not None else 10**9
        if steps_per_frame is not None:
            return min(goal, steps_per_frame)
        if self.speed is None or self.stop_at is not None:
            return goal
        due = int((now - self.started) * self.speed)
        self.started += due / self.speed
        return min(goal, due)

    def _steps_per_slice(self) -> int:
        if not self.frame_timer.step_seconds:
            return 1
        return max(1, int(SLICE_SECONDS / self.frame_timer.step_seconds))

    def queue_message(self) -> str:
        """Return a sentence on the run's place in the queue, or "" if it does not wait."""
        place = SCHEDULER.queue_position(self) if self.running else 0
        if not place:
            return ""
        most = SCHEDULER.max_runs
        others = "1 run trains" if most == 1 else f"{most} runs train"
        return (
            f"{others} on this machine, as many as may; yours is number {place} in the queue and "
            "begins by itself."
        )

    @property
    def has_new_failure(self) -> bool:
        """Whether the training failed since Train was pressed."""
        failure = self._run.trainer.failure
        return failure is not None and failure is not self.acknowledged_failure

    @property
    def stopped_by_numbers(self) -> bool:
        """Whether the run rests because its numbers exploded or are not finite."""
        failure = self._run.trainer.failure
        return not self.running and self.has_new_failure and isinstance(failure, NumericalFailure)

    def report_failure(self) -> None:
        """Check the run's numbers, and put a new failure into the page's notice."""
        self._run.trainer.check_finite()
        if self.has_new_failure:
            failure = self._run.trainer.failure
            notice = f"{failure.sentence()} Training is paused: {GO_ON[type(failure)]}"
            self._run.notice = notice
