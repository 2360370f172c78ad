"""Export of a run to one zip file, and import of a zip file that may come from a stranger.

An import checks the checkpoints and the states in memory and keeps their files unchanged. It
writes all other files again from the checked content, so no unchecked byte of the zip stays.
"""

from __future__ import annotations

import io
import secrets
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gan_core.config import ExperimentConfig
from gan_core.data.importing.limits import Limits
from gan_core.data.importing.sources import ZIP_ERRORS, directory_entries
from gan_core.registry import error_text
from gan_core.runtime.files import write_atomically
from gan_core.storage import checkpoint, run_data
from gan_core.storage.evaluations import (
    EVALUATIONS,
    READ_ERRORS,
    parse_evaluations,
    write_evaluations,
)
from gan_core.storage.metrics_table import csv_of, table_of
from gan_core.storage.retention import newest_and_best
from gan_core.storage.run_folder import ABOUT, CONFIG, METRICS, PAST, STEPS, TIMELINE, RunFolder
from gan_core.storage.run_metadata import (
    METADATA_ERRORS,
    RunMetadata,
    format_metadata,
    parse_metadata,
    sanitize_name,
)
from gan_core.storage.runs_folder import new_folder, runs_folder
from gan_core.storage.step_file import StepFile
from gan_core.storage.unzip import MAX_ENTRIES, NAMES, reencoded, unpack
from gan_core.storage.validation import state as validation
from gan_core.training.monitoring.snapshot import STATISTICS
from gan_core.training.monitoring.step_log import Unwritten
from gan_core.training.trainer import Trainer

NO_WORDS = "the disk refused it"
CHUNK = 1 << 20
THUMBNAIL = "thumbnail.png"
BEGUN = ".import-"
STALE_SECONDS = 3_600.0


def export_run(
    folder: RunFolder, file: io.BufferedIOBase, everything: bool = False, with_data: bool = True
) -> None:
    """Write a run's folder into a zip file, piece by piece.

    Of its checkpoints it holds the newest and the best, or `everything`, and the user's own data,
    unless they are missing or `with_data` is false. The id of its parent run is left out: it is no
    business of whoever gets the zip.

    Raises:
        ValueError: if there is no run in the folder.
    """
    about = folder.metadata()
    if about is None:
        raise ValueError("There is no run in this folder any more.")
    with zipfile.ZipFile(file, "w") as archive:
        content = format_metadata(replace(about, parent=None))
        archive.writestr(ABOUT, content, zipfile.ZIP_DEFLATED)
        record = about.config.dataset.record
        if record is not None:
            archive.writestr(run_data.DATA, record.to_json(), zipfile.ZIP_DEFLATED)
        for name, path in _exported_files(folder, everything, with_data):
            if name not in (ABOUT, run_data.DATA):
                _put(archive, name, path)


def export_size(folder: RunFolder, everything: bool = False, with_data: bool = True) -> int:
    """Return the bytes of the files that `export_run` writes; the zip is about as large."""
    sizes = (path.stat().st_size for _, path in _exported_files(folder, everything, with_data))
    return sum(sizes)


def _exported_files(folder: RunFolder, everything: bool, with_data: bool) -> list[tuple[str, Path]]:
    about = folder.metadata()
    data = about.config.dataset.files if with_data and about is not None else {}
    own = [(f"{run_data.CONTENT}/{name}", path) for name, path in data.items()]
    kept = folder.checkpoints
    chosen = kept if everything or about is None else newest_and_best(kept, about.measured)
    left_out = {checkpoint.path for checkpoint in kept} - {checkpoint.path for checkpoint in chosen}
    return [*own, *((name, path) for name, path in _files(folder) if path not in left_out)]


def duplicate(folder: RunFolder) -> RunFolder:
    """Return a copy of a run, with a new id.

    Raises:
        ValueError: if there is no run in the folder, or no room for a second one.
    """
    about = folder.metadata()
    if about is None:
        raise ValueError("There is no run in this folder any more.")
    with _new_run() as made:
        for name, path in _files(folder):
            try:
                shutil.copyfile(path, made.path / name)
            except FileNotFoundError:  # deleted by the retention
                continue
        name = sanitize_name(f"Copy of {about.name}")
        made.write_metadata(replace(about, name=name, created=time.time(), parent=folder.id))
    return made


def import_run(file: io.BufferedIOBase, limits: Limits | None = None) -> RunFolder:
    """Return a new run from a zip that `export_run` wrote, perhaps on another machine.

    Raises:
        ValueError: if it is not such a zip, or exceeds the limits or the disk budget; no file is
            left then.
    """
    limits = limits or Limits.from_environment()
    try:
        if directory_entries(file, MAX_ENTRIES) > MAX_ENTRIES:
            raise ValueError(f"The zip has more than {MAX_ENTRIES} entries; no run has.")
        archive = zipfile.ZipFile(file)
    except ZIP_ERRORS as error:
        raise ValueError(f"This is not a whole zip file: {error_text(error)}") from None
    with archive, _new_run() as made:
        unpack(archive, made.path, limits)
        data = run_data.ImportedData(made.path)
        try:
            data.store(made.path, _validate(made).dataset)
        except BaseException:
            data.undo()
            raise
    return made


def _files(folder: RunFolder) -> Iterator[tuple[str, Path]]:
    """Yield the files of a run's zip: each name in the zip, and its path on the disk."""
    for path in sorted(folder.path.rglob("*")):
        name = path.relative_to(folder.path).as_posix()
        if NAMES.fullmatch(name) and path.is_file() and not path.is_symlink():
            yield name, path


def _put(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    packs = path.suffix in (".json", ".csv")
    how = zipfile.ZIP_DEFLATED if packs else zipfile.ZIP_STORED
    try:
        with path.open("rb") as source:
            info = zipfile.ZipInfo(name)
            info.compress_type = how
            with archive.open(info, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, CHUNK)
    except FileNotFoundError:  # deleted by the retention
        return


@contextmanager
def _new_run() -> Iterator[RunFolder]:
    """Give a folder to fill; it becomes a run at the end of the block, or is deleted on an error.

    Raises:
        ValueError: if the disk refuses it.
    """
    made = new_folder()
    try:
        runs_folder().mkdir(parents=True, exist_ok=True)
        _remove_stale()
        filling = RunFolder(runs_folder() / f"{BEGUN}{secrets.token_hex(8)}")
    except OSError as error:
        raise ValueError(f"The run could not be stored: {error.strerror or NO_WORDS}.") from None
    try:
        filling.create()
        target, made.path = made.path, filling.path
        yield made
        filling.path.rename(target)
        made.path = target
    except OSError as error:
        raise ValueError(f"The run could not be stored: {error.strerror or NO_WORDS}.") from None
    finally:
        shutil.rmtree(filling.path, ignore_errors=True)


def _remove_stale() -> None:
    """Delete incomplete imports of processes that were killed."""
    for left in runs_folder().glob(f"{BEGUN}*"):
        if time.time() - left.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _validate(folder: RunFolder) -> ExperimentConfig:
    """Check an unpacked run; write all files but its states again; return its experiment.

    Raises:
        ValueError: if it is not a run, or one of its parts is of another run.
    """
    if not folder.checkpoints:
        raise ValueError("The zip holds no run: there is no checkpoint in it.")
    trainer = _check_checkpoints(folder)
    _check_history(folder, trainer)
    about = _corrected_metadata(folder, trainer)
    config = trainer.config
    (folder.path / CONFIG).write_text(config.to_json(), encoding="utf-8")
    write_atomically(folder.path / METRICS, csv_of(table_of(trainer)))
    _check_evaluations(folder, trainer)
    _check_steps(folder, trainer)
    for picture in [*folder.path.glob(THUMBNAIL), *folder.path.glob("samples/*.png")]:
        write_atomically(picture, reencoded(picture))
    folder.write_metadata(about)
    return config


def _check_checkpoints(folder: RunFolder) -> Trainer:
    """Return the run at its newest checkpoint, after a check of all the others.

    Raises:
        ValueError: if one is damaged or of another run; names it.
    """
    *others, newest = folder.checkpoints
    try:
        trainer = checkpoint.load(newest.path, "cpu", "eager", needs_data=False)
        if trainer.step_count != newest.step:
            raise ValueError(f"{newest.path.name} is of another step than its name says.")
        for kept in others:
            content = checkpoint.read(kept.path)
            validation.check_envelope(content)
            config = ExperimentConfig.from_dict(content["config"])
            validation.check_same_run(trainer.config, config)
            state = checkpoint.state_to_device(trainer, content["state"])
            validation.check_state(trainer, config, state)
            if state["counters"]["step"] != kept.step:
                raise ValueError(f"{kept.path.name} is of another step than its name says.")
    except checkpoint.RESTORE_ERRORS as error:
        raise ValueError(f"The zip was not imported: {error_text(error)}") from None
    return trainer


def _check_history(folder: RunFolder, trainer: Trainer) -> None:
    """Check the states in memory and the grids, where the zip has them."""
    for name, load in ((PAST, checkpoint.load_state_history), (TIMELINE, checkpoint.load_timeline)):
        if (folder.path / name).exists():
            try:
                load(trainer, folder.path / name)
            except ValueError as error:
                raise ValueError(f"The zip was not imported: {error_text(error)}") from None


def _check_evaluations(folder: RunFolder, trainer: Trainer) -> None:
    path = folder.path / EVALUATIONS
    if path.exists():
        try:
            reports = parse_evaluations(path.read_bytes())
        except READ_ERRORS:
            raise ValueError(
                f"The zip was not imported: {EVALUATIONS} is not what a run has."
            ) from None
        steps = trainer.step_count
        write_evaluations(folder.path, [kept for kept in reports if kept.step <= steps])


def _check_steps(folder: RunFolder, trainer: Trainer) -> None:
    """Write the file of single steps again, from what can be read of it."""
    path = folder.path / STEPS
    if path.exists():
        steps = StepFile(path, STATISTICS).read(1, trainer.step_count)
        path.unlink()
        StepFile(path, STATISTICS).append(Unwritten((), (steps,)))


def _corrected_metadata(folder: RunFolder, trainer: Trainer) -> RunMetadata:
    """Return the metadata in the zip, corrected by the checked checkpoints."""
    try:
        about = parse_metadata((folder.path / ABOUT).read_bytes())
    except METADATA_ERRORS:
        about = RunMetadata("an imported run", 0.0, 0.0, 0, {})
    now = time.time()
    steps = {str(kept.step) for kept in folder.checkpoints}
    return replace(
        about,
        created=now,
        saved=now,
        step=trainer.step_count,
        experiment=trainer.config.to_dict(),
        metrics=dict(list(about.metrics.items())[:50]),
        parent=None,
        measured={step: value for step, value in about.measured.items() if step in steps},
    )
