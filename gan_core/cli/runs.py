"""`runs`, `digest`, `steps`, `import-run` and `export-run`."""

from __future__ import annotations

import math
import sys
from datetime import datetime
from pathlib import Path

from gan_core.cli.output import check_file
from gan_core.data.importing.limits import Limits
from gan_core.data.own_data import DataRecord
from gan_core.runtime.files import PARTIAL, about_file, write_atomically
from gan_core.storage import checkpoint, run_zip
from gan_core.storage.metrics_table import csv_of, single_steps
from gan_core.storage.run_data import data_size
from gan_core.storage.run_folder import STEPS, RunFolder
from gan_core.storage.run_metadata import RunMetadata
from gan_core.storage.runs_folder import all_folders, resolve_run, runs_folder
from gan_core.storage.step_file import StepFile
from gan_core.training.monitoring.snapshot import STATISTICS

COLUMNS = ("id", "name", "data set", "step", "saved", "MB", "numbers of its latest step")
ZIP, CSV = (".zip",), (".csv",)
"""The endings of the files that are written."""


def digest(run: str) -> None:
    """Print a run's digest; messages about damaged checkpoints go to stderr.

    Raises:
        ValueError: if there is no such run, or none of its checkpoints is whole.
    """
    content, said = resolve_run(run).read()
    for sentence in said:
        print(f"gan_core: {sentence}", file=sys.stderr)
    print(checkpoint.digest(content))


def import_zip(path: Path) -> Path:
    """Return the folder of a run that was imported from a zip of any size.

    Raises:
        ValueError: if it is not the zip of a run, or the disk has no room for it.
    """
    with path.open("rb") as file:
        return run_zip.import_run(file, Limits(unpacked_gb=math.inf)).path


def export_zip(run: str, path: Path, everything: bool, with_data: bool = True) -> None:
    """Write a run into a zip; say its size on stderr, and what of it are the user's own data.

    Raises:
        ValueError: if there is no such run, or the zip cannot be written.
    """
    check_file(path, ZIP)
    folder, partial = resolve_run(run), path.with_name(f".{path.name}{PARTIAL}")
    try:
        with partial.open("wb") as file:
            run_zip.export_run(folder, file, everything, with_data)
        partial.replace(path)
    except OSError as error:
        raise about_file(error, partial, path) from None
    finally:
        partial.unlink(missing_ok=True)
    dataset, words = folder.metadata().config.dataset, ""
    if dataset.record is not None:
        size = data_size(dataset) * with_data
        words = f", {size / 1e6:,.1f} MB of it your data" if size else ", without your data"
    print(f"gan_core: {path.stat().st_size / 1e6:,.1f} MB{words}.", file=sys.stderr)


def how_to_bring(record: DataRecord | None) -> str:
    """Return a sentence: how data that are missing are brought to this machine again."""
    if record is None:
        return ""
    if record.shape == (1,):
        return "Bring the same column again: import-csv FILE --column NAME."
    options = "".join(f" --{name} {value}" for name, value in record.options.items())
    return f"Bring the same pictures again: import-pictures PATH{options}."


def write_steps(run: str, path: Path, first: int, last: int) -> None:
    """Write the statistics of every step from `first` to `last` as CSV; say on stderr how many.

    Raises:
        ValueError: if there is no such run, or it keeps none of these steps, or the file cannot be
            written.
    """
    check_file(path, CSV)
    folder = resolve_run(run)
    steps = StepFile(folder.path / STEPS, STATISTICS).read(first, last)
    if not len(steps.step):
        raise ValueError(f"{folder.id} keeps no single steps from {first:,} to {last:,}.")
    write_atomically(path, csv_of(single_steps(steps)))
    found = f"{len(steps.step):,} steps, {steps.step[0]:,} to {steps.step[-1]:,}"
    print(f"gan_core: {found}.", file=sys.stderr)


def table() -> str:
    """Return a table of all runs, last saved first."""
    known = [(folder, folder.metadata()) for folder in all_folders()]
    found = [(folder, about) for folder, about in known if about is not None]
    if not found:
        return f"There are no runs in {runs_folder()}."
    found.sort(key=lambda each: each[1].saved, reverse=True)
    rows = [COLUMNS, *(_row(folder, about) for folder, about in found)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    )


def _row(folder: RunFolder, about: RunMetadata) -> tuple[str, ...]:
    dataset = about.config.dataset
    numbers = [f"{name} {value:.3g}" for name, value in list(about.metrics.items())[:3]]
    return (
        folder.id,
        about.name,
        dataset.label if dataset.record else dataset.name,
        f"{about.step:,}",
        f"{datetime.fromtimestamp(about.saved):%Y-%m-%d %H:%M}",
        f"{folder.size / 1e6:,.1f}",
        ", ".join(numbers),
    )
