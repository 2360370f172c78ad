"""The compiled engine: a step as one call of a library made for this experiment."""

from __future__ import annotations

import json
import os
import weakref
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._pytree import tree_leaves

from gan_core.config import ExperimentConfig
from gan_core.training.engines.compile_queue import CompileJob
from gan_core.training.engines.functional_step import (
    StaticScalars,
    compile_key,
    runtime_scalars,
    state_tensors_of,
)
from gan_core.training.engines.random_draws import record_draws
from gan_core.training.gan import Batch

if TYPE_CHECKING:
    from gan_core.training.trainer import Trainer


def request_for(config: ExperimentConfig, whole: bool, parallel: bool) -> dict[str, Any]:
    """Return what a compiled step depends on, and nothing else; without `whole`, D's turn alone.

    Left out is all that a program is given: rates, strengths, samples and noise. A `parallel`
    one may use several threads, as many as it finds when it is called.
    """
    content = compile_key(config) | {"prior": {"name": "uniform"}}
    if not config.dataset.pictures:
        content["dataset"] = {"name": "normal"}
    return {"config": content, "whole": whole, "parallel": parallel}


def signature(arguments: list[torch.Tensor]) -> list[list[Any]]:
    """Return what a package is made for: shape, stride and type of every argument."""
    return [[list(a.shape), list(a.stride()), str(a.dtype)] for a in arguments]


class CompiledEngine:
    """Steps of one trainer, each a call; it works on the trainer's own tensors.

    Raises:
        RuntimeError: if a package does not fit, or cannot be loaded.
    """

    name = "compiled"

    def __init__(self, trainer: Trainer, whole: CompileJob, of_d: CompileJob | None) -> None:
        self._gan = trainer.gan
        self._orders = whole, of_d
        self.refresh(trainer)
        self._whole = _loaded(whole, self)
        self._of_d = None if of_d is None else _loaded(of_d, self)

    def refresh(self, trainer: Trainer) -> None:
        """Take up the trainer's tensors and settings anew; they may have been replaced."""
        self._random_draws = record_draws(trainer.gan)
        self._state = tree_leaves(state_tensors_of(trainer.optimizers))
        cpu = torch.device("cpu")
        dials = StaticScalars(runtime_scalars(trainer.config, trainer.gan), cpu)
        self._settings = tree_leaves(dials.tensors)
        self._average, self._weight = trainer.ema, StaticScalars({"weight": 0.0}, cpu)
        with trainer.gan.no_side_effects():
            of_d, of_g = self._random_draws.draw_d(), self._random_draws.draw_g()
        for order, draws, weight in zip(
            self._orders, (of_d + of_g, of_d), (tree_leaves(self._weight.tensors), []), strict=True
        ):
            if order is not None:
                _check(order, [*self._state, *draws, *self._settings, *weight])

    def discriminator_step(self) -> tuple[torch.Tensor, Batch]:
        """Update D; return the statistics and what it was updated on."""
        draws = self._random_draws.draw_d()
        (row,) = self._of_d.boxed_run([*self._state, *draws, *self._settings])
        return row, self._batch(draws)

    def step(self, number: int) -> tuple[torch.Tensor, Batch]:
        """Update D, then G, which completes step `number`; return the same."""
        draws = self._random_draws.draw_d()
        batch = self._batch(draws)
        draws += self._random_draws.draw_g()
        if self._average is not None:
            self._weight.update({"weight": self._average.lerp_weight(number)})
        arguments = [*self._state, *draws, *self._settings, self._weight.tensors["weight"]]
        (row,) = self._whole.boxed_run(arguments)
        return row, batch

    @property
    def updates_d_alone(self) -> bool:
        """Whether an update of D alone is compiled too."""
        return self._of_d is not None

    def _batch(self, draws: list[torch.Tensor]) -> Batch:
        labels = None if self._random_draws.labels is None else draws[self._random_draws.labels]
        return Batch(draws[self._random_draws.z], labels, None)


def _check(order: CompileJob, arguments: list[torch.Tensor]) -> None:
    """Raises: RuntimeError: if a package was not made for such arguments."""
    if json.loads(order.signature.read_text(encoding="utf-8")) != signature(arguments):
        raise RuntimeError("the compiled step does not fit this experiment's tensors")


_idle: dict[str, list[Any]] = {}
"""Loaded packages that no engine uses now; a system may keep a library that was closed."""


def _loaded(order: CompileJob, engine: CompiledEngine) -> Any:
    """Return a package for this engine's use alone; it is handed on when the engine has gone."""
    os.utime(order.package)  # it was used, and so is not the next to be removed
    idle = _idle.setdefault(order.key, [])
    try:
        package = idle.pop()
    except IndexError:
        package = torch._inductor.aoti_load_package(str(order.package)).loader
    weakref.finalize(engine, idle.append, package)
    return package
