"""Which engine carries out a trainer's steps, and when another one takes over."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from gan_core.training.engines.compile_queue import COMPILE_QUEUE, CompileJob
from gan_core.training.engines.compiled import CompiledEngine, request_for
from gan_core.training.engines.cuda_graph import GraphEngine
from gan_core.training.engines.functional_step import compile_key

if TYPE_CHECKING:
    from gan_core.training.trainer import Trainer

Engine = CompiledEngine | GraphEngine

ENGINES = ("auto", "eager", "compiled", "cuda_graph")

PATIENCE = 2.0
"""Seconds of training after which `auto` thinks that compiling will pay."""

EAGER_STEPS = 3
"""Steps after which a run on a GPU is captured: it needs no compiler, a second at most."""

LOOK_EVERY = 0.1
"""Seconds between two looks at what is being compiled."""


class EngineSelector:
    """Lets a run begin eagerly at once, and another engine take over between two steps.

    `wanted` is one of `ENGINES`; for `auto` the environment's `GAN_ENGINE` may decide. `engine` is
    what takes the steps, None for eager; `note` is what a user should know about it, or None.
    `switched_at` is the step at which it took over; given as `at`, a run is switched there again,
    and so is the same run to the bit. `at` is None once that has happened.
    """

    def __init__(self, trainer: Trainer, wanted: str, at: int | None = None) -> None:
        if wanted == "auto":
            wanted = os.environ.get("GAN_ENGINE") or wanted
        if wanted not in ENGINES:
            raise ValueError(f"engine = {wanted!r} is not one of {', '.join(ENGINES)}.")
        if wanted == "cuda_graph" and trainer.device.type != "cuda":
            found = torch.cuda.is_available()
            why = "the run is on the CPU" if found else "there is no CUDA GPU on this machine"
            raise ValueError(f"engine = 'cuda_graph': {why}; use {'cuda' if found else 'auto'}.")
        self._trainer = weakref.proxy(trainer)  # or it would keep the trainer, and all its memory
        self.wanted = wanted
        self.engine: Engine | None = None
        self.message: str | None = None
        self.trained = 0.0
        self.switched_at: int | None = None
        self.switch_step = self._given = at
        self._jobs: list[CompileJob] = []
        self._parallel = False
        self._next_look = 0.0
        self._fell_back = wanted == "eager"
        self._failed_on: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """The engine that takes the steps now."""
        return "eager" if self.engine is None else self.engine.name

    def poll(self) -> None:
        """Between two steps: go on with what has been compiled meanwhile, if anything."""
        if not self._fell_back and self._due():
            with self._trainer.lock:
                self._go_on()

    def _due(self) -> bool:
        steps = self._trainer.step_count
        if self.switch_step is not None and self.engine is None:
            return steps >= self.switch_step
        if self._on_gpu:
            return self.engine is None and steps >= EAGER_STEPS
        if time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + LOOK_EVERY
        return self.wanted != "auto" or self.trained >= PATIENCE

    def precompile(self) -> None:
        """Let what a run will need at step `at` be compiled meanwhile."""
        if not self._fell_back and not self._on_gpu:
            self._submit_jobs()

    def _submit_jobs(self) -> None:
        if not self._jobs:
            self._parallel = self._trainer.threads > 1
            self._jobs = [COMPILE_QUEUE.submit(request, self) for request in self._requests()]
        COMPILE_QUEUE.poll()

    def wait(self, timeout: float | int) -> bool:
        """Wait until the wanted engine has taken over; False if it has not, or cannot."""
        deadline = time.monotonic() + timeout
        while not self._complete:
            with self._trainer.lock:
                self._go_on()
            if self._fell_back or self._complete or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return self._complete

    def refresh(self) -> None:
        """Follow what has changed in the trainer: its settings, or its tensors."""
        if self._on_gpu:
            self._refresh_graph()
            return
        if self.engine is None and not self._jobs:
            return
        if self._jobs and self._requests() != [order.request for order in self._jobs]:
            self.engine, self._jobs = None, []
            self._fell_back, self.message = self.wanted == "eager", None
        elif self.engine is not None:
            self.engine.refresh(self._trainer)

    def _refresh_graph(self) -> None:
        if self.engine is not None:
            self._use(lambda: self._followed(self.engine), "captured")
        elif self._failed_on not in (None, compile_key(self._trainer.config)):
            self._fell_back, self._failed_on, self.message = False, None, None

    def _followed(self, engine: GraphEngine) -> GraphEngine:
        engine.refresh(self._trainer)
        return engine

    @property
    def engine_from(self) -> int | None:
        """The step at which another trainer has to switch to be equal to this one to the bit."""
        return self._given if self.switched_at is None else self.switched_at

    @property
    def fell_back(self) -> bool:
        """Whether the steps stay eager, because that is wanted or because nothing else can be."""
        return self._fell_back

    @property
    def _on_gpu(self) -> bool:
        return self._trainer.device.type == "cuda"

    @property
    def _complete(self) -> bool:
        if self.wanted == "eager":
            return True
        if self.engine is None or self.engine.updates_d_alone:
            return self.engine is not None
        return self._trainer.config.n_critic == 1 or self._jobs[1].failure is not None

    def _requests(self) -> list[dict[str, object]]:
        config = self._trainer.config
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
            self._on_failure(whole.failure)
            return
        if self.engine is None:
            settled = of_d.done or of_d.failure is not None
            ready = whole.done and (settled or self._trainer.config.n_critic == 1)
        else:
            ready = of_d.done and not self.engine.updates_d_alone
        if ready:
            self._take_over(whole, of_d)

    def _take_over(self, whole: CompileJob, of_d: CompileJob) -> None:
        of_d = of_d if of_d.done else None
        self._use(lambda: CompiledEngine(self._trainer, whole, of_d))

    def _capture(self) -> None:
        if self.wanted == "compiled":
            self._on_failure("compiled steps are for the CPU, and a GPU has cuda_graph")
        elif self.engine is None:
            self._use(lambda: GraphEngine(self._trainer), "captured")

    def _use(self, make: Callable[[], Engine], done: str = "compiled") -> None:
        """Let an engine take over, unless it cannot be made."""
        try:
            self.engine = make()
        except (RuntimeError, OSError) as error:
            self._on_failure(str(error).splitlines()[0], done)
            self._failed_on = compile_key(self._trainer.config)
        else:
            self.switch_step = None
            if self.switched_at is None:
                here = self._trainer.step_count
                self.switched_at = here if self._given is None else min(self._given, here)

    def _on_failure(self, why: str, done: str = "compiled") -> None:
        self._fell_back, self.engine = True, None
        self.message = f"The step is not {done}: {why}. It runs as it is written (eager)."
