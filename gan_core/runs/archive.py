"""A run as one zip: written from its folder, and read from a stranger without being believed.

What an imported run's folder holds is written anew from what was understood of the zip. Only the
checkpoints and the states in memory stay as they came, once each has been checked.
"""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import shutil
import stat
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from PIL import Image

from gan_core import checking, checkpoints
from gan_core.config import ExperimentConfig
from gan_core.data.archive import ZIP_ERRORS, directory_entries
from gan_core.data.limits import Limits
from gan_core.data.store import write_atomically
from gan_core.grids import png
from gan_core.registry import Number, shown
from gan_core.runs.folder import (
    ABOUT,
    CONFIG,
    FORMAT,
    METRICS,
    NO_ABOUT,
    PAST,
    About,
    RunFolder,
    about_of,
    all_folders,
    new_folder,
    runs_folder,
    tidy,
)
from gan_core.runs.keeper import csv_of, table_of
from gan_core.runs.thinning import budget
from gan_core.trainer import Trainer

NAMES = re.compile(
    r"run\.json|config\.json|metrics\.csv|thumbnail\.png|past\.safetensors"
    r"|checkpoints/step-\d{8,12}\.safetensors|samples/step-\d{8,12}\.png"
)
"""All that a zip of a run may hold. What can be made from it again is not among it."""

FOLDERS = ("checkpoints/", "samples/")
MOST_ENTRIES = 500
MOST_TEXT, MOST_PICTURE = 20_000_000, 20_000_000
MOST_PIXELS = 4_000_000
"""Of a picture in the zip: the laboratory's own have at most 640 × 640, some 1,200 × 600."""

MOST_RATIO, FREE_BYTES = 100, 1_000_000
"""An entry may unpack to this many times its size, and to the free bytes besides."""

CHUNK = 1 << 20
THUMBNAIL = "thumbnail.png"
BEGUN = ".import-"
STALE_SECONDS = 3_600.0


def export_run(folder: RunFolder, file: io.BufferedIOBase) -> None:
    """Write a run's folder into a zip file, piece by piece.

    The id of the run that it began in stays here: whoever knows it may open that run.

    Raises:
        ValueError: if there is no run in the folder.
    """
    about = folder.about()
    if about is None:
        raise ValueError("There is no run in this folder any more.")
    with zipfile.ZipFile(file, "w") as archive:
        told = {"format": FORMAT} | asdict(replace(about, parent=None))
        archive.writestr(ABOUT, json.dumps(told, indent=1), zipfile.ZIP_DEFLATED)
        for name, path in _files(folder):
            if name != ABOUT:
                _put(archive, name, path)


def duplicate(folder: RunFolder) -> RunFolder:
    """Return a copy of a run, under an id of its own.

    Raises:
        ValueError: if there is no run in the folder, or no room for a second one.
    """
    about = folder.about()
    if about is None:
        raise ValueError("There is no run in this folder any more.")
    with _new_run() as made:
        for name, path in _files(folder):
            try:
                shutil.copyfile(path, made.path / name)
            except FileNotFoundError:  # thinned meanwhile
                continue
        name = tidy(f"Copy of {about.name}")
        made.note(replace(about, name=name, created=time.time(), parent=folder.id))
    return made


def import_run(file: io.BufferedIOBase, limits: Limits | None = None) -> RunFolder:
    """Return a new run, made from a zip that `export_run` wrote, perhaps elsewhere.

    Raises:
        ValueError: if it is anything else, or more than the limits or the disk budget allow;
            nothing is left behind then.
    """
    limits = limits or Limits.from_environment()
    try:
        if directory_entries(file, MOST_ENTRIES) > MOST_ENTRIES:
            raise ValueError(f"The zip has more than {MOST_ENTRIES} entries; no run has.")
        archive = zipfile.ZipFile(file)
    except ZIP_ERRORS as error:
        raise ValueError(f"This is not a whole zip file: {error}.") from None
    with archive, _new_run() as made:
        _unpack(archive, made.path, limits)
        _believe(made)
    return made


def _files(folder: RunFolder) -> Iterator[tuple[str, Path]]:
    """Yield the files of a run that belong into its zip, by their names there."""
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
    except FileNotFoundError:  # thinned meanwhile
        return


@contextmanager
def _new_run() -> Iterator[RunFolder]:
    """Give a folder to fill that becomes a run when all went well, and goes when not.

    Raises:
        ValueError: if the disk does not take it.
    """
    made = new_folder()
    try:
        runs_folder().mkdir(parents=True, exist_ok=True)
        _sweep()
        filling = RunFolder(runs_folder() / f"{BEGUN}{secrets.token_hex(8)}")
    except OSError as error:
        raise ValueError(f"The run could not be stored: {error.strerror}.") from None
    try:
        filling.make()
        target, made.path = made.path, filling.path
        yield made
        filling.path.rename(target)
        made.path = target
    except OSError as error:
        raise ValueError(f"The run could not be stored: {error.strerror or error}.") from None
    finally:
        shutil.rmtree(filling.path, ignore_errors=True)


def _sweep() -> None:
    """Remove what a process that was killed had begun to import."""
    for left in runs_folder().glob(f"{BEGUN}*"):
        if time.time() - left.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


@dataclass
class _Room:
    """How many bytes may still come out of a zip, and what to say when they are used up."""

    left: Number
    words: str

    @classmethod
    def of(cls, limits: Limits) -> _Room:
        free = budget() - sum(folder.size for folder in all_folders())
        if free < limits.unpacked_bytes:
            words = f"The run needs more than the {max(free, 0) / 1e6:,.0f} MB that the disk budget"
            return cls(free, f"{words} for runs leaves; delete runs, or raise the budget.")
        return cls(
            limits.unpacked_bytes, f"The zip unpacks to more than {limits.unpacked_gb:g} GB."
        )

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise ValueError(self.words)


def _unpack(archive: zipfile.ZipFile, place: Path, limits: Limits) -> None:
    """Unpack the entries into a new folder: known names alone, and no more bytes than allowed.

    Raises:
        ValueError: if there is anything else in the zip.
    """
    seen: set[str] = set()
    room = _Room.of(limits)
    for info in archive.infolist():
        name = info.filename
        if name in FOLDERS and not info.file_size:
            continue
        if not NAMES.fullmatch(name):
            raise ValueError(f"The zip holds {shown(name)}, which no run's folder holds.")
        if name in seen:
            raise ValueError(f"The zip holds {name} twice.")
        seen.add(name)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise ValueError(f"The zip holds {name} as a link, or as something else than a file.")
        if info.flag_bits & 1:
            raise ValueError("The zip is encrypted; make one without a password.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"The zip holds {name} in a way of packing that is not read here.")
        _unpack_one(archive, info, place / name, room)


def _unpack_one(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, room: _Room) -> None:
    most = FREE_BYTES + MOST_RATIO * info.compress_size
    if not path.name.endswith(".safetensors"):
        most = min(most, MOST_PICTURE if path.suffix == ".png" else MOST_TEXT)
    taken = 0
    try:
        with archive.open(info) as source, path.open("xb") as target:
            while chunk := source.read(CHUNK):
                taken += len(chunk)
                room.take(len(chunk))
                if taken > most:
                    raise ValueError(f"{info.filename} unpacks to more than any such file has.")
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
    except ValueError:
        raise
    except OSError as error:
        if error.errno:  # the disk's, not the zip's
            raise
        raise ValueError(f"{info.filename} cannot be unpacked.") from None
    except Exception:  # each way to be damaged has an error of its own
        raise ValueError(f"{info.filename} cannot be unpacked; the zip is damaged.") from None


def _believe(folder: RunFolder) -> None:
    """Check an unpacked run, and write all but its states anew from what was understood.

    Raises:
        ValueError: if it is no run, or a part of it does not belong to it.
    """
    if not folder.checkpoints:
        raise ValueError("The zip holds no run: there is no checkpoint in it.")
    trainer = _check_checkpoints(folder)
    _check_past(folder, trainer)
    told = _told(folder, trainer)
    config = trainer.config
    (folder.path / CONFIG).write_text(config.to_json(), encoding="utf-8")
    write_atomically(folder.path / METRICS, csv_of(table_of(trainer)))
    for picture in [*folder.path.glob(THUMBNAIL), *folder.path.glob("samples/*.png")]:
        write_atomically(picture, _drawn_anew(picture))
    folder.note(told)


def _check_checkpoints(folder: RunFolder) -> Trainer:
    """Return the run at its newest checkpoint; every other one must fit it.

    Raises:
        ValueError: naming the one that does not.
    """
    *others, newest = folder.checkpoints
    try:
        trainer = checkpoints.load(newest.path, "cpu", "eager")
        if trainer.step_count != newest.step:
            raise ValueError(f"{newest.path.name} is of another step than its name says.")
        for kept in others:
            content = checkpoints.read(kept.path)
            checking.check_envelope(content)
            config = ExperimentConfig.from_dict(content["config"])
            checking.check_same_run(trainer.config, config)
            state = checkpoints.at_home(trainer, content["state"])
            checking.check_state(trainer, config, state)
            if state["counters"]["step"] != kept.step:
                raise ValueError(f"{kept.path.name} is of another step than its name says.")
    except checkpoints.UNUSABLE as error:
        words = str(error).split("\n")[0][:300]
        raise ValueError(f"The zip was not imported. {words}") from None
    return trainer


def _check_past(folder: RunFolder, trainer: Trainer) -> None:
    if (folder.path / PAST).exists():
        try:
            checkpoints.bring_past(trainer, folder.path / PAST)
        except ValueError as error:
            raise ValueError(f"The zip was not imported. {error}") from None


def _told(folder: RunFolder, trainer: Trainer) -> About:
    """Return what the zip says of the run, as far as it can be true."""
    try:
        about = about_of((folder.path / ABOUT).read_bytes())
    except NO_ABOUT:
        about = About("an imported run", 0.0, 0.0, 0, {})
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


def _drawn_anew(path: Path) -> bytes:
    """Return a picture's pixels as a PNG that was written here.

    Raises:
        ValueError: if it is none, or too large.
    """
    try:
        with Image.open(io.BytesIO(path.read_bytes()), formats=("PNG",)) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise ValueError("too large")
            return png(image.convert("RGB"))
    except Exception:  # damaged pictures raise errors of many kinds
        raise ValueError(f"{path.name} is not a picture of a run.") from None
