"""Going back to the last good state of a run when its numbers break down."""

from __future__ import annotations

import weakref

import torch
from torch.nn.utils import get_total_norm

from gan_core.networks.stateless import clone_nested
from gan_core.training.monitoring.failures import MAX_ABS_VALUE
from gan_core.training.optimization import OptimizerPair
from gan_core.training.state import TrainState


class Rollback:
    """Keeps a copy of the last good state of one run."""

    def __init__(self, state: TrainState) -> None:
        self._state = weakref.proxy(state)  # a reference would keep the run, and all its memory
        self._weights: LastGoodWeights | None = None
        self.save()

    def save(self) -> None:
        """Make the present state the last good one."""
        optimizers = self._state.optimizers
        if self._weights is None or not self._weights.update(optimizers):
            self._weights = LastGoodWeights(optimizers)
        self._aux_state = clone_nested(self._state.aux_state())

    def restore(self) -> None:
        """Return the run to its last good state."""
        self._weights.restore(self._state.optimizers)
        self._state.load_aux_state(clone_nested(self._aux_state))

    def weights_are_finite(self) -> bool:
        """Return whether no weight is infinite, NaN or beyond `MAX_ABS_VALUE`."""
        optimizers = self._state.optimizers
        weights = [*optimizers.g.weights, *optimizers.d.weights]
        return get_total_norm(weights).item() < MAX_ABS_VALUE


class LastGoodWeights:
    """A copy of weights, buffers, average and optimizer state."""

    def __init__(self, optimizers: OptimizerPair) -> None:
        self._version = optimizers.version
        self._live = optimizers.tensors()
        self._copies = [tensor.clone() for tensor in self._live]

    @torch.no_grad()
    def update(self, optimizers: OptimizerPair) -> bool:
        """Copy the tensors again; False if they were replaced, and a new object is needed."""
        if optimizers.version != self._version:
            return False
        torch._foreach_copy_(self._copies, self._live)
        return True

    @torch.no_grad()
    def restore(self, optimizers: OptimizerPair) -> None:
        """Write the copies back; an optimizer that had no state yet has none again."""
        pair = (optimizers.d, optimizers.g)
        for optimizer, had_state in zip(pair, self._version[1:], strict=True):
            if not had_state:
                optimizer.optimizer.state.clear()
        torch._foreach_copy_(self._live, self._copies)
