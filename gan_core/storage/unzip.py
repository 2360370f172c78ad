"""Unpacks a zip that should hold a run into an empty folder, under limits."""

from __future__ import annotations

import io
import math
import os
import re
import shutil
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from gan_core.data.image_grid import png
from gan_core.data.importing.limits import Limits
from gan_core.registry import Number, short_repr
from gan_core.runtime.files import data_folder
from gan_core.storage.retention import budget
from gan_core.storage.runs_folder import all_folders, runs_folder

NAMES = re.compile(
    r"(run|config|evaluations|data)\.json|metrics\.csv|steps\.bin|thumbnail\.png"
    r"|(past|timeline)\.safetensors|data/(images\.npy|factors\.npy|values\.f64)"
    r"|checkpoints/step-\d{8,12}\.safetensors|samples/step-\d{8,12}\.png"
)
"""Names that a zip of a run may hold; files that can be rebuilt are not in it."""

FOLDERS = ("checkpoints/", "samples/", "data/")
DATA_SUFFIXES = (".npy", ".f64")
MAX_ENTRIES = 500
MAX_TEXT, MAX_PICTURE = 20_000_000, 20_000_000

MAX_RATIO, FREE_BYTES = 100, 1_000_000
"""An entry may unpack to `MAX_RATIO` times its compressed size, plus `FREE_BYTES`."""

MAX_PIXELS = 4_000_000
"""Pixels of a picture in the zip; the laboratory's own have at most 1,200 × 600."""

CHUNK = 1 << 20


@dataclass
class Room:
    """Bytes that may still be unpacked from a zip, and the error message when none are left."""

    left: Number
    words: str

    @classmethod
    def of(cls, limits: Limits) -> Room:
        if math.isinf(limits.unpacked_bytes):
            free = shutil.disk_usage(runs_folder()).free
            return cls(free, "The disk has no room for the run.")
        free = budget() - sum(folder.size for folder in all_folders())
        if free < limits.unpacked_bytes:
            words = f"The run needs more than the {max(free, 0) / 1e6:,.0f} MB that the disk budget"
            return cls(free, f"{words} for runs leaves; delete runs, or raise the budget.")
        return cls(limits.unpacked_bytes, _too_much(limits))

    @classmethod
    def of_data(cls, limits: Limits) -> Room:
        """Return the room for the user's own data, which lie in the data folder."""
        free = shutil.disk_usage(data_folder()).free
        if free < limits.unpacked_bytes:
            return cls(free, "The disk has no room for the run's data.")
        return cls(limits.unpacked_bytes, _too_much(limits))

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise ValueError(self.words)


def _too_much(limits: Limits) -> str:
    return f"The zip unpacks to more than {limits.unpacked_gb:g} GB."


def unpack(archive: zipfile.ZipFile, place: Path, limits: Limits) -> None:
    """Unpack the entries into a new folder: only known names, and no more bytes than allowed.

    Raises:
        ValueError: if there is anything else in the zip.
    """
    seen: set[str] = set()
    room, data_room = Room.of(limits), Room.of_data(limits)
    for info in archive.infolist():
        name = info.filename
        if name in FOLDERS and not info.file_size:
            continue
        if not NAMES.fullmatch(name):
            raise ValueError(f"The zip holds {short_repr(name)}, which no run's folder holds.")
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
        is_data = name.endswith(DATA_SUFFIXES)
        (place / name).parent.mkdir(exist_ok=True)
        _unpack_one(archive, info, place / name, data_room if is_data else room)


def _unpack_one(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, room: Room) -> None:
    most = FREE_BYTES + MAX_RATIO * info.compress_size
    if not path.name.endswith((".safetensors", *DATA_SUFFIXES)):
        most = min(most, MAX_PICTURE if path.suffix == ".png" else MAX_TEXT)
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
        if error.errno:  # an error of the disk, not of the zip
            raise
        raise ValueError(f"{info.filename} cannot be unpacked.") from None
    except Exception:  # damaged zips raise errors of many kinds
        raise ValueError(f"{info.filename} cannot be unpacked; the zip is damaged.") from None


def reencoded(path: Path) -> bytes:
    """Decode a picture and encode its pixels as a new PNG.

    Raises:
        ValueError: if it is not a picture, or too large.
    """
    try:
        with Image.open(io.BytesIO(path.read_bytes()), formats=("PNG",)) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise ValueError("too large")
            return png(image.convert("RGB"))
    except Exception:  # damaged pictures raise errors of many kinds
        raise ValueError(f"{path.name} is not a picture of a run.") from None
