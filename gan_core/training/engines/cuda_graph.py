"""The CUDA graph engine: a step as one launch on the GPU.

The captured step is `functional_step` on the run's own tensors. It draws its noise and its batches
inside the graph, from the run's own generators, which a replay advances as an eager step does.
Settings that may change are read from tensors (`StaticScalars`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from gan_core.networks.stateless import clone_nested
from gan_core.training.engines.base import StepOutput
from gan_core.training.engines.functional_step import (
    State,
    StaticScalars,
    compile_key,
    functional_step,
    runtime_scalars,
    state_tensors_of,
)
from gan_core.training.engines.fused import fused_output
from gan_core.training.gan import GAN, Batch
from gan_core.training.state import TrainState

WARM_UP = 3
"""Steps before a capture, in which libraries set themselves up; a capture would forbid it."""

StepFn = Callable[[State], tuple[torch.Tensor, Batch]]
"""Takes a step on a state; returns its statistics and what it was made from."""

_capturing = threading.Lock()
"""CUDA's state is the process's: one capture at a time."""

_failed: list[torch.cuda.CUDAGraph] = []
"""torch's allocator goes on asking a graph whose capture broke off; it must not be freed."""


@dataclass(frozen=True, eq=False)
class CapturedStep:
    """A graph, and the tensors that every replay overwrites."""

    graph: torch.cuda.CUDAGraph
    row: torch.Tensor
    batch: Batch

    def replay(self) -> tuple[torch.Tensor, Batch]:
        self.graph.replay()
        return self.row, self.batch


class GraphEngine:
    """Steps of one run, each a CUDA graph; it works on the run's own tensors.

    Each call overwrites the tensors that the previous call of the same method returned.

    Raises:
        RuntimeError: if a step cannot be captured.
    """

    name = "cuda_graph"
    fuses_updates = True

    def __init__(self, state: TrainState) -> None:
        self._state = state
        self._captured_for: tuple[Any, ...] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Take up the run's settings again, and capture again where tensors were replaced."""
        config, gan = self._state.config, self._state.gan
        tensors = state_tensors_of(self._state.optimizers)
        captured_for = compile_key(config), memory_layout(tensors)
        scalars = runtime_scalars(config, gan)
        if captured_for == self._captured_for:
            self._scalars.update(scalars)
        else:
            self._whole = self._d_alone = None  # frees their memory before more is asked for
            self._captured_for, self._tensors = captured_for, tensors
            self._scalars = StaticScalars(scalars | {"weight": 0.0}, self._state.device)
            self._whole = capture(gan, self._step_fn(whole=True), tensors)
        if config.n_critic > 1 and self._d_alone is None:
            self._d_alone = capture(gan, self._step_fn(whole=False), tensors)

    @property
    def has_discriminator_step(self) -> bool:
        """Whether an update of D alone is captured, too."""
        return self._d_alone is not None

    def discriminator_step(self) -> StepOutput:
        row, batch = self._d_alone.replay()
        return fused_output(batch, row, whole=False)

    def finish_step(self, number: int, batch: Batch | None) -> StepOutput:
        if self._state.ema is not None:
            self._scalars.update({"weight": self._state.ema.lerp_weight(number)})
        row, batch = self._whole.replay()
        return fused_output(batch, row, whole=True)

    def _step_fn(self, whole: bool) -> StepFn:
        """Return the step, or D's update alone, as a function of the state."""
        scalars = self._scalars.tensors
        weight = scalars["weight"] if whole else None
        return lambda tensors: functional_step(self._state.gan, tensors, None, scalars, weight)


def memory_layout(state: State) -> list[tuple[Any, ...]]:
    """Return where a state's tensors lie, and how; a graph writes to these addresses."""
    leaves = tree_leaves(state)
    return [(t.data_ptr(), tuple(t.shape), t.stride(), t.dtype) for t in leaves]


def capture(gan: GAN, take: StepFn, state: State) -> CapturedStep:
    """Capture a step on `state`, which is taken by a replay and not before.

    The steps before are taken on copies, and leave no trace in the run's generators either.

    Raises:
        RuntimeError: if it cannot be captured.
    """
    graph = torch.cuda.CUDAGraph()
    rngs = [gan.rng["train"], gan.rng["dropout"]]
    with _capturing, torch.cuda.device(gan.device):
        default = torch.cuda.default_generators[torch.cuda.current_device()]
        stream = _side_stream(torch.cuda.current_device())
        stream.wait_stream(torch.cuda.current_stream())
        try:
            # The outer context restores the stream where torch's own, after a failure, does not.
            with torch.cuda.stream(stream), restore_rng_on_error([*rngs, default]):
                warm_up(gan, take, state)
                register(graph, rngs)
                # Threads of other sessions go on; only this one may do nothing that waits.
                with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                    row, batch = take(state)
        except (RuntimeError, AssertionError) as error:
            _failed.append(graph)
            raise RuntimeError(f"capturing it failed ({_cause(error)})") from error
        finally:
            torch.cuda.current_stream().wait_stream(stream)
    return CapturedStep(graph, row, Batch(batch.z, batch.labels, None))


def warm_up(gan: GAN, take: StepFn, state: State) -> None:
    """Take a few steps without a trace: on copies, with the generators put back."""
    copies = clone_nested(state)
    with gan.no_side_effects():
        for _ in range(WARM_UP):
            take(copies)


def register(graph: torch.cuda.CUDAGraph, rngs: list[torch.Generator]) -> None:
    """Tell a graph which generators it will draw from; from torch 2.14 on it sees for itself."""
    if torch.__version__ < (2, 14):
        for rng in rngs:
            graph.register_generator_state(rng)


@contextmanager
def restore_rng_on_error(rngs: list[torch.Generator]) -> Iterator[None]:
    """Bring generators back from a capture that breaks off: torch leaves them unusable."""
    before = [rng.clone_state() for rng in rngs]
    try:
        yield
    except BaseException:
        for rng, state in zip(rngs, before, strict=True):
            rng.graphsafe_set_state(state)
        raise


@cache
def _side_stream(device: int) -> torch.cuda.Stream:
    """Return the stream of a GPU on which steps are captured: libraries keep memory for each."""
    return torch.cuda.Stream(device)


def _cause(error: BaseException) -> str:
    """Return the first line of what went wrong first; the end of a broken capture fails as well."""
    while error.__context__ is not None:
        error = error.__context__
    return (str(error) or type(error).__name__).splitlines()[0][:200]
