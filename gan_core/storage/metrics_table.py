"""The table of a run's statistics and metrics over its steps: the content of `metrics.csv`."""

from __future__ import annotations

import csv
import io

import numpy as np

from gan_core.training.monitoring.snapshot import STATISTICS
from gan_core.training.monitoring.step_log import Steps
from gan_core.training.trainer import Trainer


def table_of(trainer: Trainer) -> dict[str, np.ndarray]:
    """Return statistics and metrics at all recorded steps; NaN where one was not measured.

    `stride` says how many steps there are to a row of statistics: 1 where every step has its row.
    """
    tables = [trainer.history.series(), trainer.metric_history.series()]
    steps = np.union1d(*(table["step"] for table in tables))
    made: dict[str, np.ndarray] = {"step": steps}
    for table in tables:
        places = np.searchsorted(steps, table["step"])
        for name, values in table.items():
            if name != "step":
                made[name] = np.full(len(steps), np.nan)
                made[name][places] = values
    made["stride"] = np.full(len(steps), trainer.history.stride)
    made["changes"] = _changes_at(steps, trainer.config_changes)
    return made


def single_steps(steps: Steps) -> dict[str, np.ndarray]:
    """Return a table of the statistics of single steps."""
    columns = dict(zip(STATISTICS, steps.table.T, strict=True))
    return {"step": steps.step, **columns}


def _changes_at(steps: np.ndarray, changes: list[tuple[int, str]]) -> np.ndarray:
    """Return for each recorded step the changes of settings since the one before it."""
    texts = np.full(len(steps), "", dtype=object)
    for step, text in changes:
        place = np.searchsorted(steps, step + 1)  # it holds from the next step on
        if place < len(steps):
            texts[place] = "; ".join(filter(None, [texts[place], f"{text} (after step {step})"]))
    return texts


def csv_of(table: dict[str, np.ndarray]) -> bytes:
    """Return a table as CSV; NaN becomes an empty field."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(table)
    for row in zip(*(column.tolist() for column in table.values()), strict=True):
        rows.writerow("" if value != value else value for value in row)
    return file.getvalue().encode()
