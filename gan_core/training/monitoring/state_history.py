"""A run's past in memory: whole states at many of its steps, in a bounded number of bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from gan_core.config import ExperimentConfig

MAX_STATES = 96
MAX_BYTES = 96 * 2**20
"""Of all states of a run together: thousands on the line, a handful of a DCGAN's."""


@dataclass(frozen=True, eq=False)
class StateSnapshot:
    """A moment to which a run can go back: its settings, and all that the next step depends on."""

    step: int
    config: ExperimentConfig
    state: Mapping[str, Any] = field(repr=False)

    @property
    def nbytes(self) -> int:
        """The bytes of the state."""
        return sum(
            leaf.nbytes for leaf in tree_leaves(dict(self.state)) if isinstance(leaf, torch.Tensor)
        )


class StateHistory:
    """Keeps the state at every `stride`-th step, as many as fit.

    When there are too many, or they weigh too much, the stride doubles, and each new state takes
    the place of the oldest that the new stride leaves out: the memory in use stays the same. A
    network so large that not even two states fit keeps none here: its past is its checkpoints.
    """

    def __init__(self, max_states: int = MAX_STATES, max_bytes: int = MAX_BYTES) -> None:
        self.max_states, self.max_bytes = max_states, max_bytes
        self.stride = 1
        self._kept: dict[int, StateSnapshot] = {}
        self._nbytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def snapshots(self) -> list[StateSnapshot]:
        """The states that are kept, oldest first."""
        return [self._kept[step] for step in sorted(self._kept)]

    def should_record(self, step: int) -> bool:
        return bool(self.max_states) and step % self.stride == 0

    def keep(self, snapshot: StateSnapshot) -> None:
        """Keep a state; one at the same step is replaced."""
        nbytes = snapshot.nbytes
        if 2 * nbytes > self.max_bytes:
            self.max_states = 0
            return
        self._drop(snapshot.step)
        self._kept[snapshot.step] = snapshot
        self._nbytes += nbytes
        while len(self._kept) > 1 and (
            len(self._kept) > self.max_states or self._nbytes > self.max_bytes
        ):
            left_out = [step for step in self._kept if step % self.stride]
            if left_out:
                self._drop(min(left_out))
            else:
                self.stride *= 2

    def copy_from(self, other: StateHistory, step: int) -> None:
        """Keep what the run that this one branches from keeps of its steps up to this one."""
        self.stride = other.stride
        for snapshot in other.snapshots:
            if snapshot.step <= step:
                self.keep(snapshot)

    def truncate_after(self, step: int) -> None:
        """Drop every state of a later step."""
        for later in [s for s in self._kept if s > step]:
            self._drop(later)

    def _drop(self, step: int) -> None:
        dropped = self._kept.pop(step, None)
        if dropped is not None:
            self._nbytes -= dropped.nbytes
