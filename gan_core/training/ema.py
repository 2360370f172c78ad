"""The exponential moving average of a network, which is what the pages display."""

from __future__ import annotations

import copy

import torch
from torch import nn


class EMA:
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
        self._source = params_and_buffers(source)
        self._own = params_and_buffers(self.network)

    def lerp_weight(self, step: int) -> float:
        """Return 1 − β, with which the source's weights are taken in after `step`, from 1."""
        return 1 - min(self.decay, (1 + step) / (10 + step))

    def update(self, step: int) -> None:
        """Take in the source's weights after `step`, counted from 1."""
        ema_update_(self._own, self._source, self.lerp_weight(step))


def params_and_buffers(network: nn.Module) -> list[torch.Tensor]:
    """Return a network's weights and buffers, without gradients."""
    return [p.detach() for p in network.parameters()] + list(network.buffers())


@torch.no_grad()
def ema_update_(
    averages: list[torch.Tensor], sources: list[torch.Tensor], weight: float | torch.Tensor
) -> None:
    """Move averages towards their sources by a share of the way; counters are copied."""
    floats = [average.is_floating_point() for average in averages]
    means = [average for average, is_float in zip(averages, floats, strict=True) if is_float]
    values = [source for source, is_float in zip(sources, floats, strict=True) if is_float]
    if isinstance(weight, float):
        torch._foreach_lerp_(means, values, weight)
    else:
        for mean, value in zip(means, values, strict=True):
            mean.lerp_(value, weight)
    for average, source, is_float in zip(averages, sources, floats, strict=True):
        if not is_float:
            average.copy_(source)
