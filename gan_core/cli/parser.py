"""The parser of the command line, and of its values."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path

from gan_core.cli.stop_condition import StopCondition
from gan_core.data.importing.decode import ImportOptions
from gan_core.data.tables.table import TableOptions
from gan_core.evaluation.evaluate import SAMPLES
from gan_core.registry import knobs
from gan_core.runtime.settings import ENGINES
from gan_core.storage.run_saver import AUTOSAVE_SECONDS
from gan_core.storage.validation.require import MAX_STEPS

DURATION = re.compile(r"([0-9]*\.?[0-9]+)\s*(s|m|h|)")
UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
A_RUN = "the folder of a run, or its id"


def parser(about: str | None) -> argparse.ArgumentParser:
    """Return the parser of `python -m gan_core`."""
    made = argparse.ArgumentParser("python -m gan_core", description=about)
    commands = made.add_subparsers(dest="command", required=True)
    _add_train(commands.add_parser("train", help="train an experiment and keep it in a folder"))
    digest = commands.add_parser("digest", help="print a run's fingerprint, as 64 hex digits")
    digest.add_argument("run", help=A_RUN)
    commands.add_parser("runs", help="print a table of all runs")
    evaluate = commands.add_parser("evaluate", help="say how good a trained generator is")
    evaluate.add_argument("run", help=A_RUN)
    evaluate.add_argument("--samples", type=positive, default=SAMPLES, help="samples to judge by")
    evaluate.add_argument("--device", default="auto", help="auto, cpu or cuda")
    evaluate.add_argument("--json", action="store_true", help="as one JSON object")
    listing = commands.add_parser("list", help="print every component that can be chosen")
    listing.add_argument("--markdown", action="store_true", help="as the README's tables")
    sample = commands.add_parser("sample", help="draw new pictures from a run or a generator file")
    sample.add_argument("run", help=f"{A_RUN}, or a generator file")
    sample.add_argument("--n", type=positive, default=64, help="how many")
    sample.add_argument("--seed", type=int, default=0, help="of the noise")
    sample.add_argument("--out", type=Path, required=True, help="a PNG file")
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
    steps.add_argument("--first", type=positive, default=1, help="the first step")
    steps.add_argument("--last", type=positive, default=MAX_STEPS, help="the last step")
    return made


def _add_train(train: argparse.ArgumentParser) -> None:
    begun = train.add_mutually_exclusive_group(required=True)
    begun.add_argument("--config", type=Path, help="begin with an experiment as JSON")
    begun.add_argument("--resume", metavar="RUN", help=f"go on with a run: {A_RUN}")
    train.add_argument("--steps", type=positive, help="the step to reach")
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


def positive(text: str) -> int:
    """Return a whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


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
