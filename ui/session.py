"""A visitor's runs, one a page, and how time is spent on them; the only user of session_state."""

from __future__ import annotations

import gc
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st

from gan_core import ExperimentConfig, Trainer
from gan_core.config import LIVE
from gan_core.device import leave_a_core_free
from gan_core.networks import LayerRow

LINK_KEY = "setup"
ASK_BEYOND = 1_000
"""A run of more steps than this is not dropped without asking."""

SHORTEST, LONGEST = 0.1, 0.5
TRAINING_PER_OVERHEAD = 9.0
SLICE_SECONDS = 0.01
"""Steps are taken in calls of about this length, so that Pause is heard between them."""

leave_a_core_free()
gc.collect()
gc.freeze()  # what is imported by now is never garbage, and need not be looked at again


@dataclass
class Meter:
    """Where the page's time goes, smoothed over a few frames."""

    overhead: float = 0.02
    step_seconds: float = 0.0
    training: float = 0.0
    elapsed: float = 0.0
    last_frame: float | None = None

    def note_frame(self, now: float, drawing: float) -> None:
        self.overhead += 0.2 * (drawing - self.overhead)
        if self.last_frame is not None:
            self.elapsed += now - self.last_frame
        self.last_frame = now

    def note_training(self, seconds: float, steps: int) -> None:
        self.training += seconds
        each = seconds / steps
        self.step_seconds += (0.2 if self.step_seconds else 1.0) * (each - self.step_seconds)

    def share(self) -> float | None:
        """Return the share of the time since Train that went into steps; None in the first second.

        The step time of the frame in progress is counted before its end, so it may pass 1.
        """
        return min(self.training / self.elapsed, 1.0) if self.elapsed > 1 else None

    def restart(self) -> None:
        self.training = self.elapsed = 0.0
        self.last_frame = None

    def budget(self) -> float:
        """Return how many seconds to train between two frames."""
        return min(max(TRAINING_PER_OVERHEAD * self.overhead, SHORTEST), LONGEST)


@dataclass
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

    def restart(self, config: ExperimentConfig) -> None:
        """Begin a new run; a goal that the old one was trained to holds for it too.

        Raises:
            ValueError: if it cannot be made; the old one stays.
        """
        self.trainer = Trainer(config, device="auto")
        self.layers = self.trainer.layers()
        self.real = None
        self.proposed = self.notice = None
        self.meter = Meter()

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
        self.notice = None
        self.stop_at = until
        self.running = until is None or until > self.trainer.step_count
        self.started = time.perf_counter()
        self.meter.restart()

    def pause(self) -> None:
        self.running = False
        self.stop_at = None

    def advance(self, steps: int) -> None:
        waiting = self.running and self.stop_at is not None
        self.go(until=(self.stop_at if waiting else self.trainer.step_count) + steps)

    def step_discriminator(self) -> None:
        self.pause()
        self.trainer.step_discriminator()

    def step_generator(self) -> None:
        self.pause()
        self.trainer.step_generator()

    def reset(self) -> None:
        self.restart(self.trainer.config)
        self.show_config()

    def new_seed(self) -> None:
        self.restart(self.trainer.config.with_(seed=secrets.randbelow(2**31)))
        self.show_config()

    def train(self, steps_per_frame: int | None) -> bool:
        """Train until the frame's time is used, the run is paused, or its goal is reached.

        `steps_per_frame` replaces the time by an exact number of steps. Returns whether the run
        came to an end by itself here, not by a click that another thread serves.
        """
        turn, began = self.turn, time.perf_counter()
        deadline = began + self.meter.budget()
        left = self._steps_due(began, steps_per_frame)
        taken_at_all = 0

        def keep_going() -> bool:
            return self.running and self.turn == turn

        while left > 0 and keep_going():
            if steps_per_frame is None and taken_at_all and time.perf_counter() >= deadline:
                break
            slice_ = min(left, self._steps_a_slice())
            taken = self.trainer.step(slice_, keep_going)
            taken_at_all += taken
            left -= taken
            if self.trainer.divergence:
                self.notice = self.trainer.divergence.sentence()
                break
        if taken_at_all:
            self.last_step_at = time.time()
            self.meter.note_training(time.perf_counter() - began, taken_at_all)
        reached = self.stop_at is not None and self.trainer.step_count >= self.stop_at
        ended = self.running and (reached or self.trainer.divergence is not None)
        if ended:
            self.pause()
        return ended

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


@dataclass
class Lab:
    """All that one visitor has open."""

    runs: dict[str, Run] = field(default_factory=dict)
    plotly_ready: bool = False
    messages: list[str] = field(default_factory=list)
    kept: dict[Any, Any] = field(default_factory=dict)

    def remember(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what `make` made for this key before, or makes now; the last four are kept."""
        if key not in self.kept:
            self.kept[key] = make()
            while len(self.kept) > 4:
                self.kept.pop(next(iter(self.kept)))
        return self.kept[key]


def lab() -> Lab:
    if "lab" not in st.session_state:
        st.session_state["lab"] = Lab()
    return st.session_state["lab"]


def widget(key: str, value: Any) -> str:
    """Give a widget its first value, once, and return its key."""
    if key not in st.session_state:
        st.session_state[key] = value
    return key


def value(key: str) -> Any:
    """Return a widget's present value."""
    return st.session_state[key]


def steps_per_frame() -> int | None:
    """Return the exact number of steps a frame that a test asked for, if any."""
    return st.session_state.get("steps_per_frame")


def open_run(page: str, default: dict[str, Any]) -> Run:
    """Return the page's run, made from the link's set-up or from `default`.

    `default` is an experiment as `ExperimentConfig.from_dict` reads it; a link is taken only if
    its data set is of the same kind.
    """
    here = lab()
    if page not in here.runs:
        config = ExperimentConfig.from_dict(default)
        if LINK_KEY in st.query_params:
            try:
                config = _from_link(st.query_params[LINK_KEY], config)
            except ValueError as error:
                here.messages.append(f"The set-up in the link was not used. {error}")
        here.runs[page] = _new_run(page, config, config.from_dict(default))
    run = here.runs[page]
    run.turn += 1
    return run


def _new_run(page: str, config: ExperimentConfig, fallback: ExperimentConfig) -> Run:
    try:
        trainer = Trainer(config, device="auto")
    except ValueError as error:
        lab().messages.append(f"{error} The page opened with its own set-up instead.")
        trainer = Trainer(fallback, device="auto")
    return Run(page, trainer, layers=trainer.layers())


def _from_link(text: str, default: ExperimentConfig) -> ExperimentConfig:
    config = ExperimentConfig.from_json(text)
    if config.dataset.pictures != default.dataset.pictures:
        kind = "pictures" if config.dataset.pictures else "numbers"
        raise ValueError(f"Its data set, {config.dataset.name}, is made of {kind}.")
    return config


def write_link(run: Run) -> None:
    """Put the run's set-up into the page's address."""
    setup = json.dumps(run.trainer.config.short_dict(), separators=(",", ":"))
    if st.query_params.get(LINK_KEY) != setup:
        st.query_params[LINK_KEY] = setup


def start(page: str, experiment: dict[str, Any]) -> None:
    """Begin an experiment on a page, at once training."""
    config = ExperimentConfig.from_dict(experiment)
    run = lab().runs.get(page)
    if run is None:
        run = lab().runs[page] = _new_run(page, config, config)
    else:
        run.restart(config)
        run.show_config()
    run.go()


def follow(run: Run, wanted: ExperimentConfig | None) -> None:
    """Bring the run to what the sidebar says: at once, by a new run, or after a question."""
    run.proposed = None
    if wanted is None:
        return
    changed = run.trainer.config.differences(wanted)
    if not changed:
        return
    if LIVE.issuperset(changed):
        run.trainer.update(wanted)
    elif run.trainer.step_count > ASK_BEYOND:
        run.proposed = wanted
    else:
        begin(run, wanted)


def begin(run: Run, config: ExperimentConfig) -> None:
    """Begin a new run, going on if the old one was; a refusal leaves the old one."""
    try:
        run.restart(config)
    except ValueError as error:
        lab().messages.append(str(error))
        run.show_config()
