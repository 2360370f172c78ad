"""Runs of the user's own pictures and numbers, and machines that have or lack these data."""

import io
import shutil
import zipfile

import numpy as np
import pandas as pd
from PIL import Image

from gan_core.data.csv_column import _law, store_column
from gan_core.data.importing.decode import ImportOptions
from gan_core.data.importing.importer import import_pictures
from gan_core.data.own_data import _KNOWN
from gan_core.runtime.files import data_folder

TITLES = {"pictures": "blobs.zip", "numbers": "heights.csv, height"}
KINDS = tuple(TITLES)


def blob(number: int, side: int = 28) -> bytes:
    """Return a PNG of a bright disc somewhere on a dark ground."""
    rng = np.random.default_rng(number)
    x, y = rng.uniform(0.3 * side, 0.7 * side, 2)
    across = np.arange(side)
    inside = (across[None, :] - x) ** 2 + (across[:, None] - y) ** 2 < (0.2 * side) ** 2
    pixels = np.where(inside[..., None], rng.integers(120, 255, 3), rng.integers(0, 60, 3))
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def zip_of_blobs(count: int = 12, side: int = 28, first: int = 0) -> bytes:
    """Return a zip of pictures in two folders, which become classes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(first, first + count):
            folder = "left" if number % 2 else "right"
            archive.writestr(f"{folder}/{number:04d}.png", blob(number, side))
    return file.getvalue()


def csv_of_heights(seed: int = 0) -> bytes:
    """Return a table with one column of 200 numbers."""
    values = np.random.default_rng(seed).normal(170, 9, 200)
    return ("height\n" + "\n".join(map(str, values))).encode()


def own_dataset(kind: str, count: int = 12, side: int = 28):
    """Store data of the user's own; return the data set."""
    if kind == "pictures":
        uploads = [(TITLES[kind], zip_of_blobs(count, side))]
        return import_pictures(uploads, ImportOptions(side))[0]
    table = pd.read_csv(io.BytesIO(csv_of_heights()))
    return store_column(table, "height", "heights.csv")[0]


def lose_data() -> None:
    """Take the data from this machine, and from the memory of this process, as a new one is."""
    for folder in ("packs", "uploads"):
        shutil.rmtree(data_folder() / folder, ignore_errors=True)
    _law.cache_clear()
    _KNOWN.clear()
