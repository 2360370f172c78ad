"""The compiled engine: a step as one call of machine code made for this experiment."""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Sequence
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from gan_core.config import ExperimentConfig
from gan_core.training.engines.base import StepOutput
from gan_core.training.engines.compile_queue import CompileJob
from gan_core.training.engines.eager import EagerEngine
from gan_core.training.engines.functional_step import (
    StaticScalars,
    compile_key,
    runtime_scalars,
    state_tensors_of,
)
from gan_core.training.engines.fused import fused_output
from gan_core.training.engines.random_draws import record_draws
from gan_core.training.gan import Batch
from gan_core.training.state import TrainState


def request_for(config: ExperimentConfig, whole: bool, parallel: bool) -> dict[str, Any]:
    """Return what a compiled step depends on, and nothing else; without `whole`, D's update alone.

    Everything that the step gets as an argument is left out: rates, strengths, samples and noise.
    A `parallel` step may use several threads, as many as there are when it is called.
    """
    content = compile_key(config) | {"prior": {"name": "uniform"}}
    content["dataset"] = config.dataset.compile_stand_in()
    return {"config": content, "whole": whole, "parallel": parallel}


def signature(arguments: list[torch.Tensor]) -> list[list[Any]]:
    """Return what a package is made for: shape, stride and type of every argument."""
    return [[list(a.shape), list(a.stride()), str(a.dtype)] for a in arguments]


class CompiledEngine:
    """Steps of one run, each a call of a compiled package; it works on the run's own tensors.

    Raises:
        RuntimeError: if a package does not fit, or cannot be loaded.
    """

    name = "compiled"
    fuses_updates = True

    def __init__(
        self, state: TrainState, eager: EagerEngine, whole: CompileJob, d_alone: CompileJob | None
    ) -> None:
        self._state, self._eager = state, eager
        self._jobs = whole, d_alone
        self.refresh()
        self._whole = _loaded(whole, self)
        self._d_alone = None if d_alone is None else _loaded(d_alone, self)

    def refresh(self) -> None:
        """Take up the run's tensors and settings again; they may have been replaced."""
        gan, cpu = self._state.gan, torch.device("cpu")
        self._draws = record_draws(gan)
        self._tensors = tree_leaves(state_tensors_of(self._state.optimizers))
        scalars = StaticScalars(runtime_scalars(self._state.config, gan), cpu)
        self._scalars = tree_leaves(scalars.tensors)
        self._ema_weight = StaticScalars({"weight": 0.0}, cpu)
        with gan.no_side_effects():
            of_d = self._draws.draw_d()
            of_g = self._draws.draw_g(of_d)
        weight = tree_leaves(self._ema_weight.tensors)
        for job, draws, more in zip(self._jobs, (of_d + of_g, of_d), (weight, []), strict=True):
            if job is not None:
                _check(job, [*self._tensors, *draws, *self._scalars, *more])

    @property
    def has_discriminator_step(self) -> bool:
        """Whether an update of D alone is compiled, too."""
        return self._d_alone is not None

    def discriminator_step(self) -> StepOutput:
        """As `Engine.discriminator_step`; eagerly until the update of D alone is compiled."""
        if self._d_alone is None:
            return self._eager.discriminator_step()
        draws = self._draws.draw_d()
        (row,) = self._d_alone.boxed_run([*self._tensors, *draws, *self._scalars])
        return fused_output(self._batch(draws), row, whole=False)

    def finish_step(self, number: int, batch: Batch | None) -> StepOutput:
        of_d = self._draws.draw_d()
        of_g = self._draws.draw_g(of_d)
        if self._state.ema is not None:
            self._ema_weight.update({"weight": self._state.ema.lerp_weight(number)})
        arguments = [
            *self._tensors,
            *of_d,
            *of_g,
            *self._scalars,
            self._ema_weight.tensors["weight"],
        ]
        (row,) = self._whole.boxed_run(arguments)
        return fused_output(self._batch(of_d, of_g), row, whole=True)

    def _batch(self, of_d: list[torch.Tensor], of_g: Sequence[torch.Tensor] = ()) -> Batch:
        """Return the batch of the latest update, given the numbers of D's and G's."""
        fresh = self._draws.fresh_z
        z = of_g[fresh] if of_g and fresh is not None else of_d[self._draws.z]
        return Batch(z, self._draws.labels_of(of_d), None)


def _check(job: CompileJob, arguments: list[torch.Tensor]) -> None:
    """Raises: RuntimeError: if a package was not made for such arguments."""
    if json.loads(job.signature.read_text(encoding="utf-8")) != signature(arguments):
        raise RuntimeError("the compiled step does not fit this experiment's tensors")


_idle: dict[str, list[Any]] = {}
"""Loaded packages that no engine uses now; a system may keep a library that was closed."""


def _loaded(job: CompileJob, engine: CompiledEngine) -> Any:
    """Return a package for this engine's use alone; it is handed on when the engine has gone."""
    os.utime(job.package)  # it was used, and so is not the next to be removed
    idle = _idle.setdefault(job.key, [])
    try:
        package = idle.pop()
    except IndexError:
        package = torch._inductor.aoti_load_package(str(job.package)).loader
    weakref.finalize(engine, idle.append, package)
    return package
