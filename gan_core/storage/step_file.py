"""The statistics of every step of a run in one file, to which each save appends.

The file begins with a line that names its columns. Blocks follow: a header (a mark, the CRC-32 of
the content, the first step, the number of steps, the length of the content), then the content,
single precision, column by column, compressed with zlib. A block that was cut short, by the end of
a process in the middle of a write, is dropped at the next one.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from gan_core.runtime.files import write_atomically
from gan_core.training.monitoring.step_log import Steps, Unwritten

HEADER = struct.Struct("<4sIQII")
MARK = b"STEP"
MAX_BLOCK = 4_096
"""Steps of a block."""

MAX_BYTES = 64 * 2**20
"""Bytes, about three million steps; in a larger file the older half gives way."""

MAX_LINE = 10_000
NOTHING = Unwritten((), ())


class Block(NamedTuple):
    """Where a block's content lies in the file, and which steps it holds."""

    offset: int
    length: int
    crc: int
    first: int
    n: int

    @property
    def start(self) -> int:
        """Where the block's header begins."""
        return self.offset - HEADER.size

    @property
    def end(self) -> int:
        return self.offset + self.length

    @property
    def last(self) -> int:
        """The block's last step."""
        return self.first + self.n - 1


class StepFile:
    """Appends to the file of a run, and reads from it."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self._head = (json.dumps({"columns": list(columns)}) + "\n").encode()
        self._width = len(columns)

    def append(self, unwritten: Unwritten) -> None:
        """Write steps; those of the file that a run has gone back behind are dropped.

        Raises:
            OSError: if it cannot be written.
        """
        if not unwritten.cuts and not unwritten.parts:
            return
        new = _joined(unwritten.parts, self._width)
        cuts = [*unwritten.cuts, *(new.step[:1] - 1).tolist()]
        if not self._is_ours():
            self.path.write_bytes(self._head)
        with self.path.open("r+b") as file:
            blocks = self._blocks(file)
            kept = [block for block in blocks if block.last <= min(cuts)]
            split = [block for block in blocks if block.first <= min(cuts) < block.last]
            before = [self._content(file, b).between(0, min(cuts)) for b in split]
            file.seek(kept[-1].end if kept else len(self._head))
            file.truncate()
            for part in (*before, new):
                for run in _runs(part):
                    file.write(_block(run))
        if self.path.stat().st_size > MAX_BYTES:
            self._drop_older_half()

    def read(self, first: int, last: int, unwritten: Unwritten = NOTHING) -> Steps:
        """Return the steps from `first` to `last` that the file holds, and those yet `unwritten`.

        There are none from a damaged file.
        """
        written = self._read(first, min([last, *unwritten.cuts]))
        new = _joined(unwritten.parts, self._width).between(first, last)
        return _joined((written, new), self._width)

    def _read(self, first: int, last: int) -> Steps:
        if not self._is_ours():
            return _joined((), self._width)
        with self.path.open("rb") as file:
            blocks = [b for b in self._blocks(file) if b.first <= last and b.last >= first]
            return _joined([self._content(file, b) for b in blocks], self._width).between(
                first, last
            )

    def _is_ours(self) -> bool:
        try:
            with self.path.open("rb") as file:
                return file.readline(MAX_LINE) == self._head
        except OSError:
            return False

    def _blocks(self, file: BinaryIO) -> list[Block]:
        """Return the blocks up to the first that is not whole, in the order of their steps."""
        end, start, blocks = file.seek(0, 2), len(self._head), []
        while start + HEADER.size <= end:
            file.seek(start)
            mark, crc, first, n, length = HEADER.unpack(file.read(HEADER.size))
            block = Block(start + HEADER.size, length, crc, first, n)
            after = blocks[-1].last if blocks else -1
            if mark != MARK or block.end > end or not 0 < n <= MAX_BLOCK or first <= after:
                break
            blocks.append(block)
            start = block.end
        if blocks and _read(file, blocks[-1]) is None:  # the only one that a crash can have torn
            blocks.pop()
        return blocks

    def _content(self, file: BinaryIO, block: Block) -> Steps:
        """Return a block's steps; none if it is damaged."""
        packed, size = _read(file, block), 4 * block.n * self._width
        try:
            content = b"" if packed is None else zlib.decompressobj().decompress(packed, size)
        except zlib.error:
            content = b""
        if len(content) != size:
            return _joined((), self._width)
        table = np.frombuffer(content, np.uint8).reshape(4, -1).T.copy().view("<f4")
        steps = np.arange(block.first, block.last + 1)
        return Steps(steps, table.reshape(self._width, -1).T.astype(np.float32))

    def _drop_older_half(self) -> None:
        with self.path.open("rb") as file:
            blocks = self._blocks(file)
            middle = next(b for b in blocks if blocks[-1].end - b.start <= MAX_BYTES // 2)
            file.seek(middle.start)
            newer = file.read(blocks[-1].end - middle.start)
        write_atomically(self.path, self._head + newer)


def _read(file: BinaryIO, block: Block) -> bytes | None:
    """Return the content of a block as it stands in the file; None if it is damaged."""
    file.seek(block.offset)
    packed = file.read(block.length)
    return packed if zlib.crc32(packed) == block.crc else None


def _block(steps: Steps) -> bytes:
    """Return a block; the bytes of equal weight stand together, which compresses better."""
    columns = np.ascontiguousarray(steps.table.T, "<f4")
    shuffled = columns.view(np.uint8).reshape(-1, 4).T.tobytes()
    packed = zlib.compress(shuffled, 1)
    first, n = int(steps.step[0]), len(steps.step)
    return HEADER.pack(MARK, zlib.crc32(packed), first, n, len(packed)) + packed


def _runs(steps: Steps) -> Iterator[Steps]:
    """Yield stretches of consecutive steps, each no longer than a block."""
    gaps = np.flatnonzero(np.diff(steps.step) != 1) + 1
    for start, end in zip([0, *gaps], [*gaps, len(steps.step)], strict=True):
        for at in range(start, end, MAX_BLOCK):
            place = slice(at, min(at + MAX_BLOCK, end))
            yield Steps(steps.step[place], steps.table[place])


def _joined(parts: Sequence[Steps], width: int) -> Steps:
    if not parts:
        return Steps(np.empty(0, np.int64), np.empty((0, width), np.float32))
    return Steps(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
