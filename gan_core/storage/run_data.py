"""The user's own data of a run: their record in its folder, and the data themselves in its zip."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from gan_core.data import Dataset
from gan_core.data.csv_column import MAX_VALUES, check_values
from gan_core.data.importing.packs import new_pack
from gan_core.data.own_data import (
    RECORD_ERRORS,
    DataRecord,
    check_hash,
    forget,
    known,
    remember,
)
from gan_core.runtime.files import hash_of, store_values, write_atomically

DATA = "data.json"
"""Name of the record in the run's folder."""

CONTENT = "data"
"""Name of the folder of the data in a zip; on the disk they lie in the data folder, by hash."""

AT_ONCE = 1 << 24
"""Bytes of pictures that are read at once."""

OTHER_DATA = "The zip was not imported: its data are not those of its run."


def read_record(folder: Path) -> DataRecord | None:
    """Return the record in a run's folder, and let its data set be opened; None without one."""
    try:
        record = DataRecord.parse((folder / DATA).read_bytes())
    except RECORD_ERRORS:
        return None
    remember(record)
    return record


def write_record(folder: Path, dataset: Dataset) -> None:
    """Write the record of the user's own data into a run's folder, if it is not there.

    Data that were deleted before the run was first saved have none.
    """
    wants = dataset.upload_format is not None and not dataset.is_missing
    if wants and not (folder / DATA).exists():
        write_atomically(folder / DATA, dataset.record.to_json())


def data_size(dataset: Dataset) -> int:
    """Return the bytes of the user's own data that an export may hold; 0 if there are none."""
    return sum(path.stat().st_size for path in dataset.files.values())


class ImportedData:
    """The data in an unpacked zip: checked against their record, and stored at the end."""

    def __init__(self, folder: Path) -> None:
        """Read the record; the data set of its hash can be opened from now on.

        Raises:
            ValueError: if there are data without a record, or it is damaged.
        """
        self._place = folder / CONTENT
        has_data = self._place.is_dir() and any(self._place.iterdir())
        self._before: DataRecord | None = None
        self.record: DataRecord | None = None
        if (folder / DATA).exists():
            try:
                self.record = DataRecord.parse((folder / DATA).read_bytes())
            except RECORD_ERRORS:
                raise ValueError(
                    f"The zip was not imported: {DATA} is not what a run has."
                ) from None
            self._before = known(self.record.upload)
            remember(self.record)
        elif has_data:
            raise ValueError(OTHER_DATA)
        self._has_data = has_data

    def undo(self) -> None:
        """Forget the record: the zip is refused."""
        if self.record is not None:
            forget(self.record, self._before)

    def store(self, folder: Path, dataset: Dataset) -> None:
        """Check the data, move them to the data folder, and write the record again.

        Raises:
            ValueError: if they are not the data of the run.
        """
        if self.record is None:
            return
        if self.record.upload != getattr(dataset, "upload", None):
            raise ValueError(OTHER_DATA)
        if self._has_data:
            try:
                self._store(self.record)
            except (OSError, EOFError) as error:
                if isinstance(error, OSError) and error.errno:  # of the disk
                    raise
                raise ValueError(OTHER_DATA) from None
            shutil.rmtree(self._place)
        (folder / DATA).unlink()
        write_record(folder, dataset)

    def _store(self, record: DataRecord) -> None:
        names = {path.name for path in self._place.iterdir()}
        if record.shape == (1,):
            if names != {"values.f64"}:
                raise ValueError(OTHER_DATA)
            self._store_values(record)
        else:
            if names != {"images.npy"} | ({"factors.npy"} if record.factors else set()):
                raise ValueError(OTHER_DATA)
            self._store_pictures(record)

    def _store_values(self, record: DataRecord) -> None:
        path = self._place / "values.f64"
        size = path.stat().st_size
        if size != 8 * record.count or record.count > MAX_VALUES:
            raise ValueError(OTHER_DATA)
        values = np.frombuffer(path.read_bytes(), "<f8")
        _check_hash(hash_of(values), record)
        check_values(values, record.title or "of the zip")
        store_values(values, record.title)

    def _store_pictures(self, record: DataRecord) -> None:
        images = _array(self._place / "images.npy", np.uint8, (record.count, *record.shape))
        labels = None
        if record.factors:
            shape = record.count, len(record.factors)
            labels = np.array(_array(self._place / "factors.npy", np.int64, shape))
            most = np.array([len(names) for names in record.factors.values()])
            if (labels < 0).any() or (labels >= most).any():
                raise ValueError(OTHER_DATA)
        block = max(1, AT_ONCE // int(np.prod(record.shape)))
        with new_pack(record.shape[0], record.shape[1]) as writer:
            for start in range(0, record.count, block):
                writer.append(images[start : start + block])
            del images
            try:
                writer.keep(
                    *(record.title, record.factors, labels, record.note),
                    options=record.options,
                    expected=record.upload,
                )
            except ValueError:
                raise ValueError(OTHER_DATA) from None


def _check_hash(found: str, record: DataRecord) -> None:
    try:
        check_hash(found, record.upload)
    except ValueError:
        raise ValueError(OTHER_DATA) from None


def _array(path: Path, dtype: type, shape: tuple[int, ...]) -> np.ndarray:
    """Return the memory-mapped array in a file, which has to be of this type and shape.

    Raises:
        ValueError: if it is not.
    """
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, SyntaxError, TypeError):
        raise ValueError(OTHER_DATA) from None
    fits = isinstance(found, np.ndarray) and (found.dtype, found.shape) == (np.dtype(dtype), shape)
    if not fits or not found.flags.c_contiguous:
        raise ValueError(OTHER_DATA)
    return found
