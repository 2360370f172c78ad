"""The command line: `python -m gan_core train | runs | digest | evaluate | sample | …`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

from tqdm import tqdm

from gan_core.cli.evaluate import evaluate_run
from gan_core.cli.open_page import open_page
from gan_core.cli.output import check_file
from gan_core.cli.parser import PROGRAM, parser
from gan_core.cli.runs import (
    digest,
    export_zip,
    how_to_bring,
    import_zip,
    table,
    write_steps,
)
from gan_core.cli.sample import sample_picture
from gan_core.cli.terminal import prepare_streams, print_path
from gan_core.cli.train import BY_SIGNAL, train
from gan_core.data.csv_column import store_column
from gan_core.data.image_grid import FORMATS, encode
from gan_core.data.importing.decode import ImportOptions
from gan_core.data.importing.importer import import_pictures
from gan_core.data.own_data import MissingDataError
from gan_core.data.tables.column import column_numbers, preview
from gan_core.data.tables.table import TableOptions, read_table
from gan_core.explain import component_reference
from gan_core.registry import knobs
from gan_core.runtime.files import write_atomically
from gan_core.runtime.memory import is_oom
from gan_core.runtime.settings import check_settings
from gan_core.storage.runs_folder import resolve_run

NO_MEMORY = "There is not enough memory for this; ask for fewer samples, or end other programs."


def gan_lab() -> int:
    """Run the command `gan-lab`: without words it opens the pages, else it is this command line."""
    return main(sys.argv[1:] or ["run"], "gan-lab")


def main(arguments: list[str] | None = None, program: str = PROGRAM) -> int:
    """Return the exit status: 0, 2 after a sentence on standard error, 128 + n after a signal n."""
    prepare_streams()
    options = parser(__doc__, program).parse_args(arguments)
    try:
        check_settings()
        return _obey(options)
    except KeyboardInterrupt:
        print("gan_core: Interrupted.", file=sys.stderr)
        return BY_SIGNAL + signal.SIGINT
    except OSError as error:
        words = error.strerror or str(error)
        sentence = words if error.filename is None else f"{error.filename}: {words}"
        print(f"gan_core: {sentence.removesuffix('.')}.", file=sys.stderr)
    except MissingDataError as error:
        print(f"gan_core: {error} {how_to_bring(error.record)}".rstrip(), file=sys.stderr)
    except ValueError as error:
        print(f"gan_core: {error}", file=sys.stderr)
    except (MemoryError, RuntimeError) as error:
        if not is_oom(error):
            raise
        print(f"gan_core: {NO_MEMORY}", file=sys.stderr)
    return 2


def _obey(options: argparse.Namespace) -> int:
    """Run the command that was given; return the exit status."""
    if options.command == "run":
        return open_page(options.port, not options.no_browser)
    if options.command == "train":
        return train(options)
    if options.command == "digest":
        digest(options.run)
    elif options.command == "runs":
        print(table())
    elif options.command == "sample":
        _sample(options)
    elif options.command == "evaluate":
        run = resolve_run(options.run).path
        _evaluate(run, options.samples, options.device, options.json)
    elif options.command == "list":
        print(component_reference.markdown() if options.markdown else component_reference.text())
    elif options.command == "import-run":
        print_path(import_zip(options.path))
    elif options.command == "export-run":
        export_zip(options.run, options.out, options.all, not options.without_data)
    elif options.command == "steps":
        write_steps(options.run, options.out, options.first, options.last)
    elif options.command == "import-csv":
        _import_csv(options)
    else:
        chosen = ImportOptions(**{name: getattr(options, name) for name in knobs(ImportOptions)})
        _import_pictures(options.path, chosen, "celeba" if options.celeba else "folder")
    return 0


def _sample(options: argparse.Namespace) -> None:
    ending = check_file(options.out, FORMATS)
    run = _file_or_folder(options.run)
    picture = sample_picture(run, options.n, options.seed, options.device)
    write_atomically(options.out, encode(picture, ending))


def _file_or_folder(run: str) -> Path:
    return Path(run) if Path(run).is_file() else resolve_run(run).path


def _evaluate(run: Path, samples: int, device: str, as_json: bool) -> None:
    with tqdm(total=100, unit="%", leave=False) as bar:

        def note(share: float, words: str) -> None:
            bar.set_description(words, refresh=False)
            bar.update(100 * share - bar.n)

        quality = evaluate_run(run, samples, device, note)
    print(json.dumps(quality.to_dict()) if as_json else quality.table())


def _import_csv(given: argparse.Namespace) -> None:
    how = TableOptions(**{name: getattr(given, name) for name in knobs(TableOptions)})
    table = read_table(given.file.read_bytes(), how)
    print(table.understanding(), file=sys.stderr)
    if given.column in table.columns:
        read = column_numbers(table, given.column)
        print(preview(table, given.column, read).to_string(index=False), file=sys.stderr)
    dataset, note = store_column(table, given.column, given.file.name)
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
