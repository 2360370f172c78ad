"""One experiment as a page watches it: its trainer, its goal, and how time is spent on it."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from gan_core import ExperimentConfig, Trainer
from gan_core.explain.step_recording import record_step
from gan_core.networks import LayerRow
from gan_core.optimizers import Optimizer
from gan_core.registry import knobs
from gan_core.runtime.scheduler import SCHEDULER
from gan_core.training.monitoring.failures import Failure, NumericalFailure
from gan_core.training.monitoring.snapshot import Snapshot
from ui.keeping import Keeping
from ui.lesson import Lesson
from ui.measuring import Measuring
from ui.meter import Meter

SHARED_FRAME = 1.0
"""Seconds after which a frame is drawn although other runs left it little time to train."""
SLICE_SECONDS = 0.01
"""Steps are taken in calls of about this length, so that Pause is heard between them."""


@dataclass
class View:
    """How the pictures of a run are shown."""

    side: int = 8
    size: int = 560
    label: int | None = None
    panel: str | None = None


@dataclass(eq=False)
class Run:
    """One page's experiment and the way it is being watched."""

    page: str
    trainer: Trainer
    running: bool = False
    stop_at: int | None = None
    speed: float | None = None
    proposed: ExperimentConfig | None = None
    notice: str | None = None
    revision: int = 0
    turn: int = 0
    meter: Meter = field(default_factory=Meter)
    started: float = 0.0
    last_step_at: float = 0.0
    """When the latest training step ended, seconds since 1970."""
    layers: dict[str, list[LayerRow]] = field(default_factory=dict)
    real: np.ndarray | None = None
    view: View = field(default_factory=View)
    measuring: Measuring | None = None
    known: Failure | None = None
    """The breakdown after which Train was pressed again."""
    lesson: Lesson = field(default_factory=Lesson)
    latest: Snapshot | None = None
    """The snapshot drawn last."""
    asked: str | None = None
    """The remedy that was pressed and asks whether the run may be dropped."""
    remedied: bool = False
    """Whether a remedy was applied that the page does not show yet."""
    kept: Keeping | None = None
    remark: str | None = None
    """What the page says below its buttons until the run is trained on."""

    def __post_init__(self) -> None:
        self.layers = self.trainer.layers()
        self.kept = self.kept or Keeping(self.trainer)
        self.measuring = Measuring(self.trainer)

    @property
    def id(self) -> str:
        """What the run is called in links and on the disk."""
        return self.kept.id

    def restart(self, config: ExperimentConfig, engine_from: int | None = None) -> None:
        """Begin a new run; a goal that the old one was trained to holds for it too.

        What was worth keeping of the old one is saved. `engine_from` is the step at which a
        faster engine has to take over.

        Raises:
            ValueError: if it cannot be made, or the old one not be saved; the old one stays.
        """
        trainer = Trainer(config, device="auto", engine_from=engine_from)
        self.let_go()
        old = self.kept
        self.take(trainer, Keeping(trainer))
        if old.keeper.saved is not None and old.trainer.step_count:
            steps = old.trainer.step_count
            self.remark = f"The run before this one, of {steps:,} steps, is kept on the page Runs."

    def let_go(self) -> None:
        """Save what would be lost with this run.

        Raises:
            ValueError: if that fails, the first time: who asks again means it.
        """
        if self.kept.worth_a_folder and not self.save() and not self.kept.given_up:
            self.kept.given_up = True
            raise ValueError(f"{self.kept.problem} Ask again to drop the run as it is.")

    def take(self, trainer: Trainer, kept: Keeping) -> None:
        """Put another trainer in the place of this run's."""
        self.kept.close()
        self.trainer, self.kept = trainer, kept
        self.layers = self.trainer.layers()
        self.real = self.latest = None
        self.proposed = self.notice = self.remark = None
        self.meter = Meter()
        self.measuring = Measuring(trainer, self.measuring.every)
        self.lesson = Lesson()
        self.asked = None

    def leave(self) -> None:
        """Rest, and save what there is: nobody looks any more."""
        self.pause()
        if self.trainer.step_count:
            self.save()

    def forget(self) -> None:
        """Let go of all that takes memory.

        Streamlit keeps a session for a while after its tab was closed, and with it the widgets
        whose callbacks are this run's.
        """
        self.kept.close()
        self.trainer = self.kept = self.measuring = self.latest = self.real = None
        self.layers, self.lesson = {}, Lesson()

    def rest(self) -> None:
        """Save the run, in a thread, if it rests and is not saved."""
        if not self.running:
            self.kept.save_at_pause(self.latest, self.measuring.qualities)

    def save(self, wait: bool = True) -> bool:
        """Save the run; False if that failed, see `kept.problem`."""
        return self.kept.save(self.latest, self.measuring.qualities, wait)

    @property
    def looked_at(self) -> int:
        """The step that is shown."""
        return self.viewed.step_count

    def look_back(self, step: int) -> None:
        """Show the run, which rests, as it was at one of its earlier steps.

        Raises:
            ValueError: if the state of that step cannot be read.
        """
        self.kept.look_at(step)

    def restore_to(self) -> None:
        """Go on from the moment that is looked at; what came after it is forgotten."""
        viewed = self.kept.viewed
        if viewed is None:
            return
        self.trainer.restore_to(viewed.capture_state())
        self.trainer.config_changes.append((self.trainer.step_count, "back to here"))
        self.kept.viewed = self.latest = None
        self.measuring.truncate_after(self.trainer.step_count)
        self.lesson.recording = None
        self.save(wait=False)
        self.show_config()

    def branch(self) -> None:
        """Begin a new run where the moment that is looked at stands; the old one is saved."""
        step = self.trainer.step_count if self.kept.viewed is None else self.kept.viewed.step_count
        if not self.save():
            self.notice = self.kept.problem
            return
        old = self.kept
        try:
            trainer = self.trainer.fork(old.waypoint(step))
        except ValueError as error:
            self.notice = str(error)
            return
        name = f"{old.keeper.about.name}, from step {step:,}"
        went_on_to = self.trainer.step_count
        self.take(trainer, Keeping(trainer, parent=old.id, name=name))
        self.remark = (
            f"This is a new run now, from step {step:,} on. The one it comes from, of "
            f"{went_on_to:,} steps, is kept on the page Runs."
        )
        self.save(wait=False)
        self.show_config()

    def look(self) -> Snapshot:
        """Return the run as it is now, and remember it as the snapshot drawn last."""
        self.latest = self.trainer.snapshot()
        return self.latest

    def shown(self) -> Snapshot:
        """Return the run as it is drawn: at the moment that is looked at, or now."""
        return self.look() if self.kept.viewed is None else self.kept.viewed.snapshot()

    @property
    def viewed(self) -> Trainer:
        """The run as it is drawn: at the moment that is looked at, or now."""
        return self.kept.viewed or self.trainer

    def seen(self) -> Snapshot:
        """Return the snapshot drawn last; of a run at rest, one that is not older than it."""
        latest, trainer = self.latest, self.trainer
        if latest is not None and (
            self.running
            or (latest.step, latest.updates_d) == (trainer.step_count, trainer.updates_d)
        ):
            return latest
        return self.look()

    def change(self, config: ExperimentConfig, label: str) -> None:
        """Go on with changed settings, and mark the step in the charts.

        Raises:
            ValueError: if a setting differs that needs a new run.
        """
        step, changes = self.trainer.step_count, self.trainer.config_changes
        known = len(changes)
        self.trainer.update_config(config)
        changes[known:] = [(step, label)]
        self.latest = None

    def real_samples(self, n: int) -> np.ndarray:
        """Return the same `n` real samples for the whole run."""
        if self.real is None or len(self.real) != n:
            self.real = self.trainer.real_samples(n)
        return self.real

    def show_config(self) -> None:
        """Make the widgets show the run's config, not what was chosen since."""
        self.proposed = None
        self.revision += 1

    def go(self, until: int | None = None) -> None:
        self.notice = self.kept.viewed = self.remark = None
        self.known = self.trainer.failure
        self.stop_at = until
        self.running = until is None or until > self.trainer.step_count
        self.started = time.perf_counter()
        self.meter.restart()

    def pause(self) -> None:
        self.running = False
        self.stop_at = None
        SCHEDULER.remove(self)

    def advance(self, steps: int) -> None:
        waiting = self.running and self.stop_at is not None
        self.go(until=(self.stop_at if waiting else self.trainer.step_count) + steps)

    def step_discriminator(self) -> None:
        self.pause()
        with self.trainer.recover_from_oom():
            self.trainer.step_discriminator()
        self._tell_breakdown()

    def step_generator(self) -> None:
        self.pause()
        with self.trainer.recover_from_oom():
            self.trainer.step_generator()
        self._tell_breakdown()

    def reset(self) -> None:
        self._begin_again(self.trainer.config, self.trainer.engine_selector.switched_at)

    def new_seed(self) -> None:
        self._begin_again(self.trainer.config.replace(seed=secrets.randbelow(2**31)))

    def _begin_again(self, config: ExperimentConfig, engine_from: int | None = None) -> None:
        """Begin a new run; where there is no memory for it the old one stays, and says so."""
        try:
            self.restart(config, engine_from)
        except ValueError as error:
            self.notice = str(error)
        self.show_config()

    def watch_step(self) -> None:
        """Take one step under the magnifying glass, if the run's goal and its speed allow it.

        The frame's training then leaves the last step before a goal to the next look.
        """
        self.lesson.watches = True
        if not self._broke_down and self._steps_due(time.perf_counter(), None):
            self._record_step()

    def _record_step(self) -> None:
        with self.trainer.recover_from_oom():
            self.lesson.recording = record_step(self.trainer, self.lesson.x)
        self._tell_breakdown()

    @property
    def stopped(self) -> bool:
        """Whether it rests because its numbers broke down."""
        failure = self.trainer.failure
        return not self.running and self._broke_down and isinstance(failure, NumericalFailure)

    def go_on_slower(self) -> None:
        """Go on from the last healthy state with half the learning rates."""
        config = self.trainer.config
        halved = {side: halve(getattr(config, side)) for side in ("optimizer_g", "optimizer_d")}
        self.change(config.replace(**halved), "half the rates")
        self.show_config()
        self.go()

    @property
    def _broke_down(self) -> bool:
        """Whether the numbers broke down since Train was pressed."""
        return self.trainer.failure is not None and self.trainer.failure is not self.known

    def _tell_breakdown(self) -> None:
        """Say so if the numbers broke down, in a step or when somebody looked."""
        self.trainer.check_finite()
        if self._broke_down:
            self.notice = self.trainer.failure.sentence()

    def walk(self, lines: int) -> None:
        """Show the line of the step so many lines on.

        Behind the last line, or if the run has gone on since, a new step is taken.
        """
        self.pause()
        lesson, known = self.lesson, self.lesson.recording
        is_latest = known is not None and known.step == self.trainer.step_count
        is_latest = is_latest and not self.trainer.step_fraction
        within = known is not None and lesson.place + lines < len(known.records)
        if within and (is_latest or lines < 0):
            lesson.place = max(0, lesson.place + lines)
        else:
            self._record_step()
            lesson.place = 0
        lesson.turned = time.monotonic()

    def train(
        self,
        steps_per_frame: int | None,
        show: Callable[[float], None] = lambda share: None,
        frame: float | None = None,
    ) -> bool:
        """Train until the frame's time is used, the run is paused, or its goal is reached.

        `steps_per_frame` replaces the time by an exact number of steps. `show` is told which
        share of a step is done, between its halves. `frame` is how many seconds a frame may take
        where its figures must keep pace. Returns whether the run came to an end by itself here,
        not by a click that another thread serves.
        """
        turn, began = self.turn, time.perf_counter()
        budget = self.meter.budget(frame)
        until = began + (frame or max(SHARED_FRAME, budget))
        left = self._steps_due(began, steps_per_frame)
        if self.lesson.watches and self.stop_at is not None:
            left = min(left, self.stop_at - self.trainer.step_count - 1)
        self.lesson.watches = False

        def wanted() -> bool:
            return self.running and self.turn == turn

        def should_continue() -> bool:
            show(self.trainer.step_fraction)
            return wanted()

        seconds = budget if steps_per_frame is None else math.inf
        taken, trained = self._train_slices(left, seconds, until, wanted, should_continue)
        if taken >= left:
            SCHEDULER.mark_idle(self)
        self.measuring.evaluate_if_due(self.trainer.step_count - taken)
        if taken:
            self.last_step_at = time.time()
            self.meter.note_training(trained, taken)
        self.kept.autosave(self.latest, self.measuring.qualities)
        reached = self.stop_at is not None and self.trainer.step_count >= self.stop_at
        ended = self.running and (reached or self._broke_down)
        if ended:
            self._tell_breakdown()
            self.pause()
        return ended

    def _train_slices(
        self,
        steps: int,
        seconds: float,
        until: float,
        wanted: Callable[[], bool],
        should_continue: Callable[[], bool],
    ) -> tuple[int, float]:
        """Train in slices of the machine's time; return the steps taken and the seconds it took.

        Ends after `steps`, after `seconds` of training, at the time `until` if the run's turn has
        not come, or when it is not wanted any more.
        """
        taken, trained = 0, 0.0
        # A breakdown may also have been found by a look since; training on would forget it.
        while taken < steps and wanted() and not self._broke_down:
            if taken and trained >= seconds:
                break
            with SCHEDULER.slice(self, wanted, until) as is_our_turn:
                if not is_our_turn:
                    break
                since = time.perf_counter()
                taken += self.trainer.step(
                    min(steps - taken, self._steps_a_slice()), should_continue
                )
                trained += time.perf_counter() - since
        return taken, trained

    def queue_words(self) -> str:
        """Return what a visitor should know of the others, if the run waits for them."""
        place = SCHEDULER.queue_position(self) if self.running else 0
        if not place:
            return ""
        most = SCHEDULER.max_runs
        others = "1 run trains" if most == 1 else f"{most} runs train"
        return (
            f"{others} on this machine, as many as may; yours is number {place} in the queue and "
            "begins by itself."
        )

    def _steps_due(self, now: float, steps_per_frame: int | None) -> int:
        """Return the most steps this frame may take: to the goal, and at the chosen speed."""
        goal = self.stop_at - self.trainer.step_count if self.stop_at is not None else 10**9
        if steps_per_frame is not None:
            return min(goal, steps_per_frame)
        if self.speed is None or self.stop_at is not None:
            return goal
        due = int((now - self.started) * self.speed)
        self.started += due / self.speed
        return min(goal, due)

    def _steps_a_slice(self) -> int:
        if not self.meter.step_seconds:
            return 1
        return max(1, int(SLICE_SECONDS / self.meter.step_seconds))


def halve(optimizer: Optimizer) -> Optimizer:
    """Return the optimizer with half its learning rate, if that is not below the least."""
    least = knobs(type(optimizer))["lr"].low
    return replace(optimizer, lr=max(optimizer.lr / 2, least))
