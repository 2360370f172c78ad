"""A copy of a run that waits to be written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gan_core.evaluation.report import EvaluationReport
from gan_core.storage.run_metadata import RunMetadata
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.training.monitoring.step_log import Unwritten


@dataclass(frozen=True, eq=False)
class PendingSave:
    """Copy of a run at one step, to be written to the disk."""

    content: dict[str, Any]
    past: list[dict[str, Any]] | None
    timeline: dict[str, Any]
    snapshot: Snapshot | None
    table: dict[str, np.ndarray]
    about: RunMetadata
    moment: tuple[int, int]
    """Number of steps, and of updates of D."""
    number: int
    """Number of the capture; it grows with each one."""
    evaluations: tuple[EvaluationReport, ...]
    steps: Unwritten
    """The steps that the file of single steps lacks."""

    @property
    def step(self) -> int:
        return self.about.step
