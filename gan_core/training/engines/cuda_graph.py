"""The CUDA graph engine: a step as one launch on the GPU.

The step that is captured is the one that `play` takes, on the trainer's own tensors. It draws its
noise and its batches inside the graph, from the run's own generators, which a replay moves on as an
eager step does. What may change is read from tensors (`StaticScalars`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._pytree import tree_leaves

from gan_core.networks.stateless import clone_nested
from gan_core.training.engines.functional_step import (
    State,
    StaticScalars,
    compile_key,
    functional_step,
    runtime_scalars,
    state_tensors_of,
)
from gan_core.training.gan import GAN, Batch

if TYPE_CHECKING:
    from gan_core.training.trainer import Trainer

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
    """A graph, and the tensors that every replay writes anew."""

    graph: torch.cuda.CUDAGraph
    row: torch.Tensor
    batch: Batch

    def replay(self) -> tuple[torch.Tensor, Batch]:
        self.graph.replay()
        return self.row, self.batch


class GraphEngine:
    """Steps of one trainer, each a graph; it works on the trainer's own tensors.

    What a call returns is written over by the next call of the same method.

    Raises:
        RuntimeError: if a step cannot be captured.
    """

    name = "cuda_graph"

    def __init__(self, trainer: Trainer) -> None:
        self._gan = trainer.gan
        self._made_for: tuple[Any, ...] | None = None
        self.refresh(trainer)

    def refresh(self, trainer: Trainer) -> None:
        """Take up the trainer's settings anew, and capture anew where tensors were replaced."""
        state = state_tensors_of(trainer.optimizers)
        made_for = compile_key(trainer.config), memory_layout(state)
        settings = runtime_scalars(trainer.config, trainer.gan)
        self._average = trainer.ema
        if made_for == self._made_for:
            self._dials.update(settings)
        else:
            self._whole = self._of_d = None  # gives their memory back before more is asked for
            self._made_for, self._state = made_for, state
            self._dials = StaticScalars(settings | {"weight": 0.0}, trainer.device)
            self._whole = capture(self._gan, self._take(whole=True), state)
        if trainer.config.n_critic > 1 and self._of_d is None:
            self._of_d = capture(self._gan, self._take(whole=False), state)

    def discriminator_step(self) -> tuple[torch.Tensor, Batch]:
        """Update D; return the statistics and what it was updated on."""
        return self._of_d.replay()

    def step(self, number: int) -> tuple[torch.Tensor, Batch]:
        """Update D, then G, which completes step `number`; return the same."""
        if self._average is not None:
            self._dials.update({"weight": self._average.lerp_weight(number)})
        return self._whole.replay()

    @property
    def updates_d_alone(self) -> bool:
        """Whether an update of D alone is captured too."""
        return self._of_d is not None

    def _take(self, whole: bool) -> StepFn:
        """Return the step, or D's turn alone, as a function of the state."""
        settings = self._dials.tensors
        weight = settings["weight"] if whole else None
        return lambda state: functional_step(self._gan, state, None, settings, weight)


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
