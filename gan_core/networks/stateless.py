"""Using networks, generators and states without leaving a trace in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.utils.parametrize import ParametrizationList

Network = Callable[..., torch.Tensor]


def clone_nested(value: Any) -> Any:
    """Return a copy of nested dicts and lists with every tensor cloned."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: clone_nested(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [clone_nested(part) for part in value]
    return value


@contextmanager
def eval_mode(network: nn.Module) -> Iterator[nn.Module]:
    """Put a network into evaluation mode for a while."""
    training = network.training
    network.eval()
    try:
        yield network
    finally:
        network.train(training)


@contextmanager
def freeze_spectral_norm(network: nn.Module) -> Iterator[nn.Module]:
    """Keep spectral norms from refining their estimate for a while."""
    norms = [m for m in network.modules() if isinstance(m, ParametrizationList)]
    for norm in norms:
        norm.eval()
    try:
        yield network
    finally:
        for norm in norms:
            norm.train()


@contextmanager
def preserve_buffers(network: nn.Module) -> Iterator[nn.Module]:
    """Let a network work on copies of its buffers for a while.

    The buffers themselves are not written to: a graph made before may still need them.
    """
    owners = [(m, name) for m in network.modules() for name, _ in m.named_buffers(recurse=False)]
    before = [getattr(module, name) for module, name in owners]
    for (module, name), buffer in zip(owners, before, strict=True):
        setattr(module, name, buffer.clone())
    try:
        yield network
    finally:
        for (module, name), buffer in zip(owners, before, strict=True):
            setattr(module, name, buffer)


@contextmanager
def preserve_rng(rng: torch.Generator) -> Iterator[None]:
    """Put a generator back to where it was."""
    state = rng.get_state()
    try:
        yield
    finally:
        rng.set_state(state)


def stateless_forward(network: nn.Module) -> Network:
    """Return the network's forward pass on copies of its buffers, which it would change."""
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    return lambda *inputs: (
        functional_call(network, buffers, inputs) if buffers else network(*inputs)
    )
