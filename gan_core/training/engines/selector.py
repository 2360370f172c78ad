"""Selects the engine that takes a run's steps, and switches to another one between two steps."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from typing import Any

import torch

from gan_core.runtime import settings
from gan_core.runtime.settings import ENGINES
from gan_core.training.engines.base import Engine
from gan_core.training.engines.compile_queue import COMPILE_QUEUE, CompileJob
from gan_core.training.engines.compiled import CompiledEngine, request_for
from gan_core.training.engines.cuda_graph import GraphEngine
from gan_core.training.engines.eager import EagerEngine
from gan_core.training.engines.functional_step import compile_key
from gan_core.training.state import TrainState

FasterEngine = CompiledEngine | GraphEngine

PATIENCE = 2.0
"""Seconds of training after which `auto` begins to compile."""

EAGER_STEPS = 3
"""Steps after which a run on a GPU is captured: it needs no compiler, a second at most."""

POLL_EVERY = 0.1
"""Seconds between two polls of the compile queue."""


def resolve_engine(wanted: str, device: torch.device) -> str:
    """Return the engine of a name; for `auto` the environment's `GAN_ENGINE` may decide.

    Raises:
        ValueError: if there is no such engine, or none on this device.
    """
    if wanted == "auto":
        wanted = settings.engine()
    if wanted not in ENGINES:
        raise ValueError(f"engine = {wanted!r} is not one of {', '.join(ENGINES)}.")
    if wanted == "cuda_graph" and device.type != "cuda":
        found = torch.cuda.is_available()
        why = "the run is on the CPU" if found else "there is no CUDA GPU on this machine"
        raise ValueError(f"engine = 'cuda_graph': {why}; use {'cuda' if found else 'auto'}.")
    return wanted


class EngineSelector:
    """Lets a run begin eagerly at once, and switches to another engine between two steps.

    `wanted` is one of `ENGINES`, see `resolve_engine`. `engine` takes the steps; `message` tells
    the user why it is not the wanted one, or is None. `switched_at` is the step of the switch; a
    run that gets it as `switch_step` switches there again, and has the same bits. `switch_step` is
    None once that has happened.
    """

    def __init__(self, state: TrainState, wanted: str, switch_step: int | None = None) -> None:
        wanted = resolve_engine(wanted, state.device)
        self._state = weakref.proxy(state)  # a reference would keep the run, and all its memory
        self.wanted = wanted
        self.eager = EagerEngine(state)
        self.engine: Engine = self.eager
        self.message: str | None = None
        self.trained = 0.0
        """Seconds of training so far."""
        self.switched_at: int | None = None
        self.switch_step = self._given = switch_step
        self._jobs: list[CompileJob] = []
        self._parallel = False
        self._next_poll = 0.0
        self._fell_back = wanted == "eager"
        self._failed_on: dict[str, Any] | None = None

    @property
    def _is_eager(self) -> bool:
        return self.engine is self.eager

    def poll(self) -> None:
        """Between two steps: switch to the wanted engine if it is ready."""
        if not self._fell_back and self._due():
            with self._state.lock:
                self._go_on()

    def _due(self) -> bool:
        steps = self._state.step_count
        if self.switch_step is not None and self._is_eager:
            return steps >= self.switch_step
        if self._on_gpu:
            return self._is_eager and steps >= EAGER_STEPS
        if time.monotonic() < self._next_poll:
            return False
        self._next_poll = time.monotonic() + POLL_EVERY
        return self.wanted != "auto" or self.trained >= PATIENCE

    def precompile(self) -> None:
        """Start to compile the step that the run needs at `switch_step`."""
        if not self._fell_back and not self._on_gpu:
            self._submit_jobs()

    def _submit_jobs(self) -> None:
        if not self._jobs:
            self._parallel = self._state.threads > 1
            self._jobs = [COMPILE_QUEUE.submit(request, self) for request in self._requests()]
        COMPILE_QUEUE.poll()

    def wait(self, timeout: float | int) -> bool:
        """Wait until the wanted engine has taken over; False if it has not, or cannot."""
        deadline = time.monotonic() + timeout
        while not self._complete:
            with self._state.lock:
                self._go_on()
            if self._fell_back or self._complete or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return self._complete

    def refresh(self) -> None:
        """Follow a change of the run's settings or tensors."""
        if self._on_gpu:
            self._refresh_graph()
            return
        if self._is_eager and not self._jobs:
            return
        if self._jobs and self._requests() != [job.request for job in self._jobs]:
            self.engine, self._jobs = self.eager, []
            self._fell_back, self.message = self.wanted == "eager", None
        elif not self._is_eager:
            self.engine.refresh()

    def _refresh_graph(self) -> None:
        if not self._is_eager:
            self._use(lambda: self._refreshed(self.engine), "captured")
        elif self._failed_on not in (None, compile_key(self._state.config)):
            self._fell_back, self._failed_on, self.message = False, None, None

    def _refreshed(self, engine: GraphEngine) -> GraphEngine:
        engine.refresh()
        return engine

    @property
    def engine_from(self) -> int | None:
        """The step at which another run has to switch engines to have the same bits as this one."""
        return self._given if self.switched_at is None else self.switched_at

    @property
    def fell_back(self) -> bool:
        """Whether the steps stay eager, because that is wanted or because nothing else can be."""
        return self._fell_back

    @property
    def _on_gpu(self) -> bool:
        return self._state.device.type == "cuda"

    @property
    def _complete(self) -> bool:
        if self.wanted == "eager":
            return True
        if self._is_eager or self.engine.has_discriminator_step:
            return not self._is_eager
        return self._state.config.n_critic == 1 or self._jobs[1].failure is not None

    def _requests(self) -> list[dict[str, object]]:
        config = self._state.config
        return [request_for(config, whole, self._parallel) for whole in (True, False)]

    def _go_on(self) -> None:
        if self._fell_back:
            return
        if self._on_gpu:
            self._capture()
            return
        self._submit_jobs()
        whole, of_d = self._jobs
        if whole.failure is not None:
            self._fall_back(whole.failure)
            return
        if self._is_eager:
            settled = of_d.done or of_d.failure is not None
            ready = whole.done and (settled or self._state.config.n_critic == 1)
        else:
            ready = of_d.done and not self.engine.has_discriminator_step
        if ready:
            self._take_over(whole, of_d)

    def _take_over(self, whole: CompileJob, of_d: CompileJob) -> None:
        of_d = of_d if of_d.done else None
        self._use(lambda: CompiledEngine(self._state, self.eager, whole, of_d))

    def _capture(self) -> None:
        if self.wanted == "compiled":
            self._fall_back("compiled steps are for the CPU, and a GPU has cuda_graph")
        elif self._is_eager:
            self._use(lambda: GraphEngine(self._state), "captured")

    def _use(self, make: Callable[[], FasterEngine], done: str = "compiled") -> None:
        """Let an engine take over, unless it cannot be made."""
        try:
            self.engine = make()
        except (RuntimeError, OSError) as error:
            self._fall_back(str(error).splitlines()[0], done)
            self._failed_on = compile_key(self._state.config)
        else:
            self.switch_step = None
            if self.switched_at is None:
                here = self._state.step_count
                self.switched_at = here if self._given is None else min(self._given, here)

    def _fall_back(self, why: str, done: str = "compiled") -> None:
        self._fell_back, self.engine = True, self.eager
        self.message = f"The step is not {done}: {why}. It runs as it is written (eager)."
