"""The command line: `python -m gan_core train | evaluate | sample | list | import-…`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tqdm import tqdm

from gan_core import ExperimentConfig, catalogue, runs
from gan_core.data.csv_column import read_table, store_column
from gan_core.data.decode import ImportOptions
from gan_core.data.importing import import_pictures
from gan_core.data.store import write_atomically
from gan_core.engines.switch import ENGINES
from gan_core.evaluation import SAMPLES, evaluate_run
from gan_core.grids import png
from gan_core.registry import knobs
from gan_core.snapshot import Snapshot


def main(arguments: list[str] | None = None) -> int:
    """Return the exit status: 0, or 2 after a sentence on standard error."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "train":
            _train(options)
        elif options.command == "sample":
            picture = runs.sample_picture(options.run, options.n, options.seed, options.device)
            write_atomically(options.out, png(picture))
        elif options.command == "evaluate":
            _evaluate(options.run, options.samples, options.device, options.json)
        elif options.command == "list":
            print(catalogue.markdown() if options.markdown else catalogue.text())
        elif options.command == "import-csv":
            _import_csv(options.file, options.column)
        else:
            chosen = ImportOptions(options.size, options.fit, options.colour)
            _import_pictures(options.path, chosen, "celeba" if options.celeba else "folder")
    except (ValueError, OSError) as error:
        print(f"gan_core: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m gan_core", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train an experiment and keep it in a folder")
    train.add_argument("--config", type=Path, required=True, help="an experiment as JSON")
    train.add_argument("--steps", type=_positive, required=True, help="steps to train")
    train.add_argument("--out", type=Path, required=True, help="a new folder for the run")
    train.add_argument("--device", default="auto", help="auto, cpu or cuda")
    train.add_argument("--engine", default="auto", help=", ".join(ENGINES))
    evaluate = commands.add_parser("evaluate", help="say how good a trained generator is")
    evaluate.add_argument("run", type=Path, help="a folder that `train --out` wrote")
    evaluate.add_argument("--samples", type=_positive, default=SAMPLES, help="samples to judge by")
    evaluate.add_argument("--device", default="auto", help="auto, cpu or cuda")
    evaluate.add_argument("--json", action="store_true", help="as one JSON object")
    listing = commands.add_parser("list", help="print every component that can be chosen")
    listing.add_argument("--markdown", action="store_true", help="as the README's tables")
    column = commands.add_parser("import-csv", help="store a column; print it as a data set")
    column.add_argument("file", type=Path)
    column.add_argument("--column", required=True, help="the column's name")
    sample = commands.add_parser("sample", help="draw new pictures from a run or a generator file")
    sample.add_argument("run", type=Path, help="a folder that train wrote, or a generator file")
    sample.add_argument("--n", type=_positive, default=64, help="how many")
    sample.add_argument("--seed", type=int, default=0, help="of the noise")
    sample.add_argument("--out", type=Path, required=True, help="a PNG file")
    sample.add_argument("--device", default="auto", help="auto, cpu or cuda")
    pictures = commands.add_parser("import-pictures", help="store pictures; print a data set")
    pictures.add_argument("path", type=Path, help="a folder or a zip")
    for name, made in knobs(ImportOptions).items():
        pictures.add_argument(
            f"--{name}", type=type(made.default), default=made.default, help=made.help
        )
    pictures.add_argument("--celeba", action="store_true", help="they are CelebA's faces")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


def _train(options: argparse.Namespace) -> None:
    config = ExperimentConfig.from_json(options.config.read_text(encoding="utf-8"))
    if not runs.is_ready(config.dataset):
        with tqdm(total=100, desc=config.dataset.preparation.action, unit="%") as bar:
            runs.prepare(config.dataset, lambda share, words: bar.update(100 * share - bar.n))
    with tqdm(total=options.steps, unit="step") as bar:

        def note(snapshot: Snapshot) -> None:
            bar.update(snapshot.step - bar.n)
            shown = snapshot.metrics or snapshot.statistics
            words = {name: f"{value:.3g}" for name, value in list(shown.items())[:3]}
            bar.set_postfix(words, refresh=False)

        device, engine = options.device, options.engine
        runs.train(config, options.steps, options.out, device, note, engine)
    print(options.out)


def _evaluate(run: Path, samples: int, device: str, as_json: bool) -> None:
    with tqdm(total=100, unit="%", leave=False) as bar:

        def note(share: float, words: str) -> None:
            bar.set_description(words, refresh=False)
            bar.update(100 * share - bar.n)

        quality = evaluate_run(run, samples, device, note)
    print(json.dumps(quality.to_dict(), ensure_ascii=False) if as_json else quality.table())


def _import_csv(file: Path, column: str) -> None:
    dataset, note = store_column(read_table(file.read_bytes()), column)
    print(note, file=sys.stderr)
    print(json.dumps(dataset.to_dict()))


def _import_pictures(path: Path, options: ImportOptions, name: str) -> None:
    with tqdm(total=100, desc="import", unit="%") as bar:
        dataset, note = import_pictures(
            path,
            options,
            progress=lambda share, words: bar.update(100 * share - bar.n),
            dataset=name,
        )
    print(note, file=sys.stderr)
    print(json.dumps(dataset.to_dict()))


if __name__ == "__main__":
    sys.exit(main())
