"""The user's own data: kept under the hash of their content, and described beside each run.

A run's folder holds the description only. It is enough to open the run where the data are not: to
see it as it was saved, and to recognise the same data when they are chosen again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch

from gan_core.registry import Number
from gan_core.runtime.files import UPLOAD_ID
from gan_core.shapes import Classes, Samples

FORMAT = 1
MAX_TITLE, MAX_CLASSES, MAX_COUNT = 120, 1_000, 10**8
MOMENTS = ("mean", "std", "skew", "low", "high")
"""What is kept of numbers: their moments, and the ends of the axis that they are drawn on."""

RECORD_ERRORS = (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""Errors of `DataRecord.parse` for files that are not records."""


@dataclass(frozen=True)
class DataRecord:
    """What a run knows of its own data: enough to be opened where they are not.

    `title` is the name of the file they came from. `shape` is that of one sample. `factors` are the
    classes of pictures, `options` those of their import; `moments` are those of numbers.
    """

    upload: str
    title: str
    count: int
    shape: tuple[int, ...]
    factors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    note: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    moments: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """Return the record as JSON."""
        return json.dumps({"format": FORMAT} | asdict(self), ensure_ascii=False, indent=1).encode()

    @classmethod
    def parse(cls, content: bytes) -> DataRecord:
        """Return the record that `to_json` wrote.

        Raises:
            one of `RECORD_ERRORS`: if it is anything else.
        """
        given = json.loads(content)
        if given["format"] != FORMAT:
            raise ValueError("another format")
        shape = tuple(given["shape"])
        _check_numbers(given, shape)
        factors = {plain(name): _class_names(names) for name, names in given["factors"].items()}
        options = {
            plain(name): value if isinstance(value, int) else plain(value)
            for name, value in list(given["options"].items())[:10]
        }
        moments = {name: float(value) for name, value in given["moments"].items()}
        title, note = plain(given["title"]), plain(given["note"])
        return cls(given["upload"], title, given["count"], shape, factors, note, options, moments)


def _check_numbers(given: Mapping[str, Any], shape: tuple[Any, ...]) -> None:
    is_number = shape == (1,)
    is_picture = len(shape) == 3 and shape[0] in (1, 3) and shape[1] == shape[2]
    if not UPLOAD_ID.fullmatch(given["upload"]) or not (is_number or is_picture):
        raise ValueError("no hash, or a shape that no sample has")
    for value, high in ((given["count"], MAX_COUNT), *((side, 1024) for side in shape)):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= high:
            raise ValueError("a size that cannot be")
    moments = given["moments"]
    if set(moments) != (set(MOMENTS) if is_number else set()):
        raise ValueError("other moments")
    if not all(map(math.isfinite, moments.values())):
        raise ValueError("moments that are no numbers")
    if is_number and not (moments["std"] > 0 and moments["low"] < moments["high"]):
        raise ValueError("moments that no numbers have")


def _class_names(names: Any) -> tuple[str, ...]:
    if not isinstance(names, list) or not 1 <= len(names) <= MAX_CLASSES:
        raise ValueError("classes that are no list")
    return tuple(plain(name) for name in names)


def plain(text: Any) -> str:
    """Return a text as one line of printable characters, not too long.

    Raises:
        TypeError: if it is not a text.
    """
    if not isinstance(text, str):
        raise TypeError("not a text")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_TITLE]


class OwnData:
    """What a data set says of data of the user's own; the defaults are those of all others."""

    title: ClassVar[str]
    upload_format: ClassVar[str | None] = None
    """How the user uploads the data: "table" or "images"; None if no upload is needed."""

    @property
    def label(self) -> str:
        """Name for people: the title, or the name of the user's own file."""
        return self.title

    @property
    def axis_name(self) -> str:
        """What the values are: the name of the user's own column, or that they have units."""
        return "units of the data"

    @property
    def record(self) -> DataRecord | None:
        """What a run keeps of the user's own data; None for all other data."""
        return None

    @property
    def files(self) -> Mapping[str, Path]:
        """Files of the user's own data, by their names in an export; {} if there are none here."""
        return {}

    @property
    def is_missing(self) -> bool:
        """Whether the user's own data are not on this machine."""
        return self.upload_format is not None and not self.files


_KNOWN: dict[str, DataRecord] = {}
"""The records of the runs that this process has read, by hash; the data themselves come first."""


def remember(record: DataRecord) -> None:
    """Let data sets of this hash be opened without their data; the last record counts."""
    _KNOWN[record.upload] = record


def forget(record: DataRecord, before: DataRecord | None) -> None:
    """Take back what `remember` was given: what was known `before` is known again."""
    del _KNOWN[record.upload]
    if before is not None:
        remember(before)


def known(upload: str) -> DataRecord | None:
    """Return the record of a hash, if a run that was read has one."""
    return _KNOWN.get(upload)


class MissingDataError(ValueError):
    """The user's own data are not on this machine; `record` is None if nothing is known of them."""

    def __init__(self, sentence: str, record: DataRecord | None = None) -> None:
        super().__init__(sentence)
        self.record = record


def absence(record: DataRecord) -> MissingDataError:
    """Return the error that the data are not on this machine, with a sentence."""
    noun = "numbers" if record.shape == (1,) else "pictures"
    count = f"{record.count:,} {noun}"
    name = f"“{record.title}” ({count})" if record.title else f"{count} of your own"
    sentence = f"The data of this run, {name}, are not on this machine."
    return MissingDataError(sentence, record)


def check_hash(found: str, expected: str | None) -> None:
    """Raises: ValueError: if the hash of data is not the `expected` one."""
    if expected is not None and found != expected:
        raise ValueError(
            f"These are other data than the run's: their hash is {found}, not {expected}."
        )


@dataclass(frozen=True)
class AbsentSource:
    """Source of a run that was opened without its data; it can be looked at, not trained."""

    record: DataRecord

    def batch(self, n: int, rng: torch.Generator) -> Samples:
        """Raises: MissingDataError: always."""
        raise absence(self.record)

    labelled_batch = batch

    def batch_of_classes(self, labels: Classes, rng: torch.Generator) -> Samples:
        """Raises: MissingDataError: always."""
        raise absence(self.record)


def absent_source(dataset: OwnData) -> AbsentSource | None:
    """Return the source of a data set that is missing; None if it is there."""
    return AbsentSource(dataset.record) if dataset.is_missing else None


class AbsentLaw:
    """The law of numbers that are not on this machine: its moments alone; no density is known."""

    def __init__(self, record: DataRecord) -> None:
        self._moments = record.moments
        self.count = record.count

    def pdf(self, x: Any) -> Any:
        return torch.full((len(x),), math.nan).double().numpy()

    cdf = pdf

    def ppf(self, q: Any) -> Any:
        """Return points between the ends of the axis; there are no other quantiles."""
        low, high = self._moments["low"], self._moments["high"]
        return low + (high - low) * (q - q.min()) / (q.max() - q.min())

    def mean(self) -> float:
        return self._moments["mean"]

    def std(self) -> float:
        return self._moments["std"]

    def stats(self, moments: str = "mvs") -> tuple[Number, Number, Number]:
        return self.mean(), self.std() ** 2, self._moments["skew"]
