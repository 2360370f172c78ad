"""Processes that do some kind of work when they are told to, and answer with its rate.

Measured side by side means in turns: each kind of work has a process of its own, as it would run,
and only one of them works at a time.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

ENGINE_SECONDS = 300.0
"""How long the compiler may take."""

WARM_UP = 50
"""Up to this step the trainer measures more than later on."""

Work = Callable[[int], Any]
"""Does so many pieces of it."""


class Worker:
    """A process in which `make(*arguments)` has made some work and a note about it."""

    def __init__(self, make: Callable[..., tuple[Work, Any]], *arguments: Any) -> None:
        self.orders, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_serve, args=(make, arguments, there), daemon=True)
        self._process.start()
        there.close()  # so that nobody waits for a process that has failed
        self.note = self.orders.recv()

    def begin(self, seconds: float) -> None:
        """Let it work for so long."""
        self.orders.send(seconds)

    def result(self) -> float:
        """Wait for it; return the pieces done a second."""
        return self.orders.recv()

    def rate(self, seconds: float) -> float:
        self.begin(seconds)
        return self.result()

    def end(self) -> None:
        self.orders.send(0.0)
        self._process.join()


def _serve(make: Callable[..., Any], arguments: tuple[Any, ...], orders: Connection) -> None:
    work, note = make(*arguments)
    work(1)
    orders.send(note)
    each = 1
    while seconds := orders.recv():
        began, done = time.perf_counter(), 0
        while (passed := time.perf_counter() - began) < seconds:
            work(each)
            done += each
            each = max(1, int(done / (time.perf_counter() - began) * seconds / 10))
        orders.send(done / passed)


def textbook(experiment: dict[str, object]) -> tuple[Work, None]:
    """Make the textbook loop."""
    from benchmarks.textbook import textbook as loop
    from gan_core import ExperimentConfig

    return loop(ExperimentConfig.from_dict(experiment)), None


def ours(experiment: dict[str, object], engine: str, threads: str = "") -> tuple[Work, Any]:
    """Make a trainer; note its engine, its threads and the operations of a step.

    `threads` is their number, or empty for what the laboratory chooses, or `page` for what it
    chooses where a page is open.
    """
    os.environ["GAN_THREADS"] = threads
    from gan_core import ExperimentConfig, Trainer
    from gan_core.runtime.cpu_threads import THREADS
    from gan_core.training.engines.compile_queue import COMPILE_QUEUE
    from gan_core.training.step_cost import step_flops

    if threads == "page":
        THREADS.reserve_one()
    trainer = Trainer(ExperimentConfig.from_dict(experiment), engine=engine)
    trainer.step(2)
    if engine != "eager":
        trainer.wait_for_engine(ENGINE_SECONDS)
        while COMPILE_QUEUE.busy:  # the update of D alone is compiled next
            time.sleep(0.2)
    trainer.step(1 if trainer.config.dataset.kind_name == "images" else WARM_UP)
    note = {
        "engine": trainer.engine,
        "threads": trainer.threads,
        "operations": step_flops(trainer.gan),
    }
    return trainer.step, note


def products(precision: str, side: int = 1536) -> tuple[Work, float]:
    """Make products of square matrices; note the operations of one."""
    import torch

    a = torch.randn(side, side, dtype=getattr(torch, precision))
    return lambda count: [a @ a for _ in range(count)], 2.0 * side**3


def convolutions(precision: str) -> tuple[Work, float]:
    """Make 3×3 convolutions of 64 × 64 channels, channels last; note the operations of one."""
    import torch

    kind = getattr(torch, precision)
    x = torch.randn(64, 64, 32, 32, dtype=kind).to(memory_format=torch.channels_last)
    w = torch.randn(64, 64, 3, 3, dtype=kind).to(memory_format=torch.channels_last)

    def work(count: int) -> None:
        with torch.no_grad():
            for _ in range(count):
                torch.nn.functional.conv2d(x, w, padding=1)

    return work, 2.0 * 64 * 64 * 64 * 32 * 32 * 9
