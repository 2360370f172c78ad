"""The parser of the command line, and of its values."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from pathlib import Path

from gan_core.cli.stop_condition import StopCondition
from gan_core.data.importing.decode import ImportOptions
from gan_core.data.tables.table import TableOptions
from gan_core.evaluation.evaluate import SAMPLES
from gan_core.registry import knobs, short_repr
from gan_core.runtime.settings import ENGINES
from gan_core.storage.run_saver import AUTOSAVE_SECONDS
from gan_core.storage.validation.require import MAX_STEPS

WHOLE = re.compile(r"[-+]?[0-9][0-9_]{0,40}")
DURATION = re.compile(r"([0-9]*\.?[0-9]+)\s*(s|m|h|)")
UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
PROGRAM = "python -m gan_core"
A_RUN = "the folder of a run, or its id"
MAX_SAMPLES, MAX_PICTURES, MAX_SEED = 1_000_000, 10_000, 2**63 - 1


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a function that reads a whole number from `low` to `high`."""

    def read(text: str) -> int:
        number = int(text) if WHOLE.fullmatch(text.strip()) else None
        if number is None or not low <= number <= high:
            shown = f"{short_repr(text)} is not a whole number from {low:,} to {high:,}"
            raise argparse.ArgumentTypeError(shown)
        return number

    return read


STEP = whole(1, MAX_STEPS)


def parser(about: str | None, program: str = PROGRAM) -> argparse.ArgumentParser:
    """Return the parser of `python -m gan_core`, or of another `program` with the same commands."""
    made = argparse.ArgumentParser(program, description=about)
    commands = made.add_subparsers(dest="command", required=True)
    page = commands.add_parser("run", help="open the laboratory's pages in a browser")
    page.add_argument("--port", type=whole(1, 65_535), help="8501, or the next one that is free")
    page.add_argument("--no-browser", action="store_true", help="only serve the pages")
    _add_train(commands.add_parser("train", help="train an experiment and keep it in a folder"))
    digest = commands.add_parser("digest", help="print a run's fingerprint, as 64 hex digits")
    digest.add_argument("run", help=A_RUN)
    commands.add_parser("runs", help="print a table of all runs")
    evaluate = commands.add_parser("evaluate", help="say how good a trained generator is")
    evaluate.add_argument("run", help=A_RUN)
    evaluate.add_argument(
        "--samples", type=whole(1, MAX_SAMPLES), default=SAMPLES, help="samples to judge by"
    )
    evaluate.add_argument("--device", default="auto", help="auto, cpu or cuda")
    evaluate.add_argument("--json", action="store_true", help="as one JSON object")
    listing = commands.add_parser("list", help="print every component that can be chosen")
    listing.add_argument("--markdown", action="store_true", help="as the README's tables")
    sample = commands.add_parser("sample", help="draw new pictures from a run or a generator file")
    sample.add_argument("run", help=f"{A_RUN}, or a generator file")
    sample.add_argument("--n", type=whole(1, MAX_PICTURES), default=64, help="how many")
    sample.add_argument("--seed", type=whole(0, MAX_SEED), default=0, help="of the noise")
    sample.add_argument("--out", type=Path, required=True, help="a PNG or JPEG file")
    sample.add_argument("--device", default="auto", help="auto, cpu or cuda")
    _add_imports(commands)
    run = commands.add_parser("import-run", help="import an exported run of any size")
    run.add_argument("path", type=Path, help="a zip that was exported on the page Runs")
    export = commands.add_parser("export-run", help="write a run into a zip")
    export.add_argument("run", help=A_RUN)
    export.add_argument("--out", type=Path, required=True, help="a zip file")
    export.add_argument("--all", action="store_true", help="with all checkpoints")
    export.add_argument(
        "--without-data", action="store_true", help="without the pictures or numbers of your own"
    )
    steps = commands.add_parser("steps", help="write the numbers of every single step as CSV")
    steps.add_argument("run", help=A_RUN)
    steps.add_argument("--out", type=Path, required=True, help="a CSV file")
    steps.add_argument("--first", type=STEP, default=1, help="the first step")
    steps.add_argument("--last", type=STEP, default=MAX_STEPS, help="the last step")
    return made


def _add_train(train: argparse.ArgumentParser) -> None:
    begun = train.add_mutually_exclusive_group(required=True)
    begun.add_argument("--config", type=Path, help="begin with an experiment as JSON")
    begun.add_argument("--resume", metavar="RUN", help=f"go on with a run: {A_RUN}")
    train.add_argument("--steps", type=STEP, help="the step to reach")
    train.add_argument("--max-time", type=duration, help="stop after that time, such as 10m")
    train.add_argument("--stop-when", metavar="CONDITION", help="such as 'wasserstein_1<0.05'")
    train.add_argument("--autosave", type=duration, default=AUTOSAVE_SECONDS, help="such as 30s")
    train.add_argument("--out", type=Path, help="a new folder; without it one among all runs")
    train.add_argument("--device", default="auto", help="auto, cpu or cuda")
    train.add_argument("--engine", default="auto", help=", ".join(ENGINES))


def _add_imports(commands: argparse._SubParsersAction) -> None:
    column = commands.add_parser("import-csv", help="store a column; print it as a data set")
    column.add_argument("file", type=Path)
    column.add_argument("--column", required=True, help="the column's name")
    for name, made in knobs(TableOptions).items():
        column.add_argument(f"--{name}", default=made.default, help=made.help)
    pictures = commands.add_parser("import-pictures", help="store pictures; print a data set")
    pictures.add_argument("path", type=Path, help="a folder or a zip")
    for name, made in knobs(ImportOptions).items():
        pictures.add_argument(
            f"--{name}", type=type(made.default), default=made.default, help=made.help
        )
    pictures.add_argument("--celeba", action="store_true", help="they are CelebA's faces")


def duration(text: str) -> float:
    """Return the seconds of a time such as 30s, 10m or 1.5h."""
    match = DURATION.fullmatch(text.strip())
    seconds = float(match[1]) * UNITS[match[2]] if match else math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a time such as 30s, 10m or 1.5h")
    return seconds


def condition(text: str | None) -> StopCondition | None:
    """Return a condition, or None. Raises: ValueError: names what is possible."""
    return None if text is None else StopCondition.parse(text)
