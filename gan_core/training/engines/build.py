"""Compiles one step in a process of its own: `python -m gan_core.training.engines.build ORDER`.

Tracing holds Python's interpreter for seconds, so the process that trains leaves it to another.
What comes of it is a package (torch's AOTInductor): a library of machine code.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch._inductor import config as inductor
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils._pytree import tree_flatten, tree_unflatten

from gan_core.config import ExperimentConfig
from gan_core.data.base import Dataset
from gan_core.runtime import settings
from gan_core.runtime.files import write_atomically
from gan_core.shapes import Classes, Samples
from gan_core.training.engines.compiled import signature
from gan_core.training.engines.functional_step import (
    functional_step,
    runtime_scalars,
    state_tensors_of,
)
from gan_core.training.engines.random_draws import record_draws
from gan_core.training.gan import GAN
from gan_core.training.optimization import OptimizerPair

NICENESS = 10


class DummySource:
    """Samples of a data set's shape that are all zero: a recording needs no others."""

    def __init__(self, dataset: Dataset) -> None:
        self._shape = dataset.sample_shape

    def batch(self, n: int, rng: torch.Generator) -> Samples:
        return torch.zeros(n, *self._shape)

    def labelled_batch(self, n: int, rng: torch.Generator) -> tuple[Samples, Classes]:
        return self.batch(n, rng), torch.zeros(n, dtype=torch.long)

    def batch_of_classes(self, labels: Classes, rng: torch.Generator) -> Samples:
        return self.batch(len(labels), rng)


class TracedStep(nn.Module):
    """A recorded step as torch's exporter wants it."""

    def __init__(self, graph: Any) -> None:
        super().__init__()
        self.graph = graph

    def forward(self, leaves: list[torch.Tensor]) -> torch.Tensor:
        return self.graph(leaves)


def trace_step(config: ExperimentConfig, whole: bool) -> tuple[Any, list[torch.Tensor]]:
    """Return the step as a graph of tensor operations, and arguments of the right shapes.

    Without `whole` it is the update of D alone.
    """
    gan = GAN(config, torch.device("cpu"), list(range(6)), DummySource(config.dataset))
    random_draws, state = record_draws(gan), state_tensors_of(OptimizerPair(gan))
    draws = random_draws.draw_d()
    draws += random_draws.draw_g(draws) if whole else []
    settings = {name: torch.tensor(value) for name, value in runtime_scalars(config, gan).items()}
    weight = (torch.tensor(0.5),) if whole else ()
    leaves, form = tree_flatten((state, draws, settings, *weight))

    def step(leaves: list[torch.Tensor]) -> torch.Tensor:
        return functional_step(gan, *tree_unflatten(leaves, form))[0]

    tracer = make_fx(
        step, decomposition_table=DECOMPOSITIONS, tracing_mode="fake", _allow_non_fake_inputs=True
    )
    return tracer(leaves), leaves


def thin_product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Write out a matrix product that is a column, a row, or an outer product.

    Calls of a matrix library take longer than these products do, and hide them from fusion.
    """
    if a.shape[1] == 1:
        return a * b
    if b.shape[1] == 1:
        return (a * b.t()).sum(1, keepdim=True)
    if a.shape[0] == 1:
        return (a.t() * b).sum(0, keepdim=True)
    return NotImplemented


def thin_sum(bias: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Write out a bias and a thin product."""
    product = thin_product(a, b)
    return product if product is NotImplemented else bias + product


DECOMPOSITIONS = {torch.ops.aten.mm.default: thin_product, torch.ops.aten.addmm.default: thin_sum}
"""Products that are written out instead of left to a matrix library."""


def check_compiler(folder: Path) -> None:
    """Compile an empty library, which takes a moment: tracing a step takes much longer.

    Raises:
        RuntimeError: if the C++ compiler cannot.
    """
    name = settings.cpp_compiler()
    with tempfile.TemporaryDirectory(dir=folder) as made:
        command = [name, "-x", "c++", "-", "-shared", "-fPIC", "-o", f"{made}/empty.so"]
        done = subprocess.run(command, input=b"", capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise RuntimeError(f"{name} does not compile: {(said or ['it does not say why'])[-1]}")


def build(config: ExperimentConfig, whole: bool, package: Path) -> None:
    """Compile the step and write the package, whole or not at all."""
    graph, leaves = trace_step(config, whole)
    exported = torch.export.export(TracedStep(graph), (leaves,))
    write_atomically(package.with_suffix(".json"), json.dumps(signature(leaves)).encode())
    partial = package.with_name(f".{package.stem}.{os.getpid()}.pt2")
    torch._inductor.aoti_compile_and_package(exported, package_path=str(partial))
    partial.replace(package)


def main() -> None:
    order = json.loads(sys.argv[1])
    os.nice(NICENESS)
    if order["parallel"]:
        inductor.cpp.dynamic_threads = True
    else:
        torch.set_num_threads(1)
    package = Path(order["package"])
    check_compiler(package.parent)
    build(ExperimentConfig.from_dict(order["config"]), order["whole"], package)


if __name__ == "__main__":
    main()
