"""The exponential moving average of a network, which is what the pages display."""

from __future__ import annotations

import copy

import torch
from torch import nn


class ExponentialAverage:
    """Keeps a copy of a network whose weights are w̄ ← β · w̄ + (1 − β) · w after each step t.

    β = min(decay, (1 + t) / (10 + t)): a young average forgets fast, so that it does not drag the
    first random weights along, and an old one is calm. (The ramp is that of TensorFlow's
    ExponentialMovingAverage; a memory that grows with t is argued for in arXiv:2312.02696,
    section 3.1.)

    Floating-point buffers, such as batch norm's running statistics, are averaged alike; counters
    are copied. `decay` may change at any time. (torch's AveragedModel computes the same; its
    bookkeeping takes a tenth of a step on the line.)
    """

    def __init__(self, source: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(source).requires_grad_(False).eval()
        self.decay = decay
        pairs = list(zip(_tensors(self.network), _tensors(source), strict=True))
        self._averaged = [pair for pair in pairs if pair[0].is_floating_point()]
        self._copied = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the source's weights after `step`, counted from 1."""
        decay = min(self.decay, (1 + step) / (10 + step))
        averages, sources = zip(*self._averaged, strict=True)
        torch._foreach_lerp_(averages, sources, 1 - decay)
        for average, source in self._copied:
            average.copy_(source)


def _tensors(network: nn.Module) -> list[torch.Tensor]:
    return [p.detach() for p in network.parameters()] + list(network.buffers())
