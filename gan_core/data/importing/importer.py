"""Import of the user's pictures from a folder, a zip or uploads into a pack."""

from __future__ import annotations

import io
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from gan_core.data.base import DATASETS, ImageDataset, Progress
from gan_core.data.importing.class_folders import Classes, find_classes
from gan_core.data.importing.decode import Decoded, ImportOptions, decode
from gan_core.data.importing.formats import is_picture, name_kind
from gan_core.data.importing.limits import Limits
from gan_core.data.importing.packs import PackWriter, new_pack
from gan_core.data.importing.sources import (
    Entry,
    Listing,
    Reader,
    UnusableFileError,
    Upload,
    readable,
)
from gan_core.registry import short_repr
from gan_core.runtime.files import data_folder

Source = Path | io.BufferedIOBase | list[Upload]
"""Path of a folder or zip, an opened zip, or uploaded files, which may be zips."""

WORKERS = min(4, os.cpu_count() or 1)
MAX_WAITING = 4 * WORKERS
MAX_WAITING_BYTES = 256_000_000
REPORT_EVERY = 50


@dataclass
class ImportState:
    """Counts of an import so far."""

    entries: list[Entry]
    left_out: Counter[str]
    taken: list[Entry] = field(default_factory=list)
    grey: list[bool] = field(default_factory=list)
    """Whether each picture that was taken is grey."""
    remarks: Counter[str] = field(default_factory=Counter)
    """What was done with pictures that their owner may not expect, with their number."""

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Skip and count a file that is found to be unusable in the block."""
        try:
            yield
        except UnusableFileError as why:
            self.left_out[str(why)] += 1

    def told(self) -> str:
        """Return a sentence on what was done with some pictures, or an empty text."""
        counted = ", ".join(f"{words} ({n:,})" for words, n in self.remarks.most_common() if words)
        return f"{counted[:1].upper()}{counted[1:]}." if counted else ""

    def reasons(self) -> str:
        """Return a sentence on the files that were left out, or an empty text."""
        counted = ", ".join(f"{why} ({n:,})" for why, n in self.left_out.most_common())
        return f"Left out: {counted}." if counted else ""


def import_pictures(
    source: Source,
    options: ImportOptions | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    dataset: str = "folder",
    expected: str | None = None,
) -> tuple[ImageDataset, str]:
    """Store all pictures of a source as a pack; return the data set and a summary.

    `dataset` is `folder` or `celeba`. May run in any thread; `progress` may raise to cancel.
    Only a few pictures are in memory at a time.

    Raises:
        ValueError: if there are fewer than two pictures, if the source is damaged or encrypted,
            if it exceeds the limits, or if its hash is not the `expected` one; nothing is stored
            then.
    """
    limits = limits or Limits.from_environment()
    options = options or ImportOptions()
    report = progress or (lambda share, words: None)
    try:
        with ExitStack() as closing:
            listing = list_files(source, limits, closing)
            return _imported(listing, title_of(source), options, report, dataset, expected)
    except OSError as error:
        raise ValueError(f"The pictures could not be kept: {error}.") from None


def list_files(source: Source, limits: Limits, closing: ExitStack) -> Listing:
    """Return the files of a source.

    Raises:
        ValueError: if it is neither folder nor zip nor uploads, or as in `Listing`.
    """
    listing = Listing(limits, closing)
    if isinstance(source, list):
        listing.add_uploads(source)
    elif isinstance(source, Path) and source.is_dir():
        listing.add_folder(source)
    elif isinstance(source, Path) and not source.is_file():
        raise ValueError(f"{source} is neither a folder nor a zip file.")
    else:
        _refuse_no_zip(source)
        listing.add_zip(source, title_of(source))
    return listing


def _refuse_no_zip(source: Path | io.BufferedIOBase) -> None:
    """Raises: ValueError: if a file is something else than a zip, and can be named."""
    if not isinstance(source, Path):
        return
    with source.open("rb") as file:
        head = file.read(2048)
    if is_picture(head):
        raise ValueError(
            f"{short_repr(source.name)} is one picture; give a folder or a zip of pictures."
        )
    kind = name_kind(head)
    if not head.startswith(b"PK") and ": " in kind:
        raise ValueError(f"{short_repr(source.name)} is no folder and no zip, but {kind}.")


def title_of(source: Source) -> str:
    """Return the name of the source, for the data set."""
    if isinstance(source, list):
        return readable(source[0][0]) if len(source) == 1 else f"{len(source):,} files"
    return readable(Path(str(getattr(source, "name", "pictures"))).name)


def _imported(
    listing: Listing,
    title: str,
    options: ImportOptions,
    report: Callable[[float, str], None],
    dataset: str,
    expected: str | None,
) -> tuple[ImageDataset, str]:
    harvest = ImportState(listing.entries, listing.left_out)
    with ExitStack() as writing:
        channels = 1 if options.colour == "grey" else 3
        writer = writing.enter_context(new_pack(channels, options.size))
        for entry, decoded in decode_files(harvest, options, listing.limits, report):
            writer.append(decoded.pixels[None])
            harvest.taken.append(entry)
            harvest.remarks[decoded.remark] += 1
            harvest.grey.append(bool((decoded.pixels == decoded.pixels[:1]).all()))
        refuse_too_few(harvest, title)
        found = find_classes([entry.parts[:-1] for entry in harvest.taken], options.classes)
        is_grey = options.colour == "auto" and bool(np.array(harvest.grey)[found.kept].all())
        if is_grey or not found.kept.all():
            other = writing.enter_context(new_pack(1 if is_grey else channels, options.size))
            writer = rewrite(writer, other, found.kept)
        factors = {"folder": found.names} if found.names else {}
        note = sentence(harvest, found, writer, options)
        how = asdict(options)
        pack = writer.keep(title, factors, found.labels, note, options=how, expected=expected)
    return DATASETS.create({"name": dataset, "upload": pack}), note


def decode_files(
    harvest: ImportState,
    options: ImportOptions,
    limits: Limits,
    report: Callable[[float, str], None],
) -> Iterator[tuple[Entry, Decoded]]:
    """Read files in this thread, decode them in others, and yield pictures in order."""
    reader = Reader(limits)
    waiting: deque[tuple[Entry, int, Future]] = deque()

    def oldest() -> Iterator[tuple[Entry, Decoded]]:
        entry, _, picture = waiting.popleft()
        with harvest.counting():
            yield entry, picture.result()

    total = len(harvest.entries)
    with ThreadPoolExecutor(WORKERS) as pool:
        for number, entry in enumerate(harvest.entries):
            if number % REPORT_EVERY == 0:
                report(number / total, f"{number:,} of {total:,} files")
            with harvest.counting():
                content = reader.read(entry)
                picture = pool.submit(decode, content, options, limits.picture_pixels)
                waiting.append((entry, len(content), picture))
            while len(waiting) > MAX_WAITING or sum(n for _, n, _ in waiting) > MAX_WAITING_BYTES:
                yield from oldest()
        while waiting:
            yield from oldest()


def refuse_too_few(harvest: ImportState, title: str) -> None:
    """Raises: ValueError: if fewer than two pictures were found."""
    if len(harvest.taken) >= 2:
        return
    found = "no picture" if not harvest.taken else "only one picture"
    refusal = f"There is {found} in {short_repr(title)}; a data set needs at least two."
    raise ValueError(f"{refusal} {harvest.reasons()}".strip())


def rewrite(writer: PackWriter, other: PackWriter, kept: np.ndarray) -> PackWriter:
    """Write the pictures that are `kept` again, as `other` stores them; return `other`."""
    at = 0
    for pictures in writer.pictures():
        other.append(pictures[kept[at : at + len(pictures)], : other.shape[0]])
        at += len(pictures)
    return other


def sentence(
    harvest: ImportState, classes: Classes, writer: PackWriter, options: ImportOptions
) -> str:
    """Return a summary: number, size and kind of the pictures, classes, and files left out."""
    kind = "grey" if writer.shape[0] == 1 else "colour"
    fit = {"crop": "cropped to the middle", "squash": "squashed"}[options.fit]
    folders = f", in {len(classes.names):,} folders" if classes.names else ""
    side = options.size
    made = f"{writer.count:,} {kind} pictures, {fit}, {side} × {side} pixels{folders}."
    return " ".join(filter(None, (made, classes.words, harvest.told(), harvest.reasons())))


def picture_folders() -> dict[str, Path]:
    """Return the folders of pictures that the server offers to all visitors, by name.

    They are the subfolders of `pictures` in the data folder. A visitor's choice is looked up in
    this table and never becomes part of a path.
    """
    folder = data_folder() / "pictures"
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    return {path.name: path for path in inside if path.is_dir() and not path.is_symlink()}
