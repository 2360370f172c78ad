"""Bytes of an uploaded file as text; other kinds of files are named for what they are."""

from __future__ import annotations

import codecs
import re

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Marks at the beginning of a text; that of UTF-32 begins with that of UTF-16."""

EXCEL = "an Excel file; save it there as CSV"
KINDS = (
    (b"PK\x03\x04", f"a zip, as {EXCEL.removeprefix('an ')}, or unpack it"),
    (b"\xd0\xcf\x11\xe0", EXCEL),
    (b"\x1f\x8b", "packed with gzip; unpack it first"),
    (b"BZh", "packed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "packed with xz; unpack it first"),
    (b"7z\xbc\xaf", "packed with 7-Zip; unpack it first"),
    (b"%PDF", "a PDF; copy its table into a spreadsheet and save it as CSV"),
    (b"PAR1", "a Parquet file; write it as CSV, for example with pandas"),
    (b"ARROW1", "an Arrow file; write it as CSV, for example with pandas"),
    (b"\x89HDF", "an HDF5 file; write one of its tables as CSV"),
    (b"\x93NUMPY", "an array of NumPy; write it with numpy.savetxt"),
    (b"SQLite format 3", "a database; write one of its tables as CSV"),
    (b"\x89PNG", "a picture; pictures are chosen on the page Pictures"),
    (b"\xff\xd8\xff", "a picture; pictures are chosen on the page Pictures"),
    (b"GIF8", "a picture; pictures are chosen on the page Pictures"),
)
"""First bytes of files that are no text, what they are, and what to do."""

TEXT_KINDS = (
    (re.compile(r"<(!doctype html|html|\?xml|table)", re.IGNORECASE), "a web page or XML"),
    (re.compile(r"[\[{]\s*[\[{\"}\]]"), "JSON"),
    (re.compile(r"\{\\rtf"), "a text document (RTF)"),
)
"""Beginnings of texts that are no tables, and what they are."""


def decode_text(content: bytes, encoding: str = "auto") -> tuple[str, str]:
    """Return the text of a file, and the name of its encoding.

    Found by the byte-order mark, else by zeros (UTF-16), else UTF-8 if the bytes are that, else
    cp1252 (Western Europe, which includes the letters of Latin-1).

    Raises:
        ValueError: if it is no text, or not in the given encoding; the message is a sentence.
    """
    if not content.strip():
        raise ValueError("This file is empty.")
    for start, what in KINDS:
        if content.startswith(start):
            raise ValueError(f"This file is not text: it is {what}.")
    name = _guess(content) if encoding == "auto" else encoding
    if encoding == "utf-8":
        name = "utf-8-sig"
    try:
        text = content.decode(name)
    except UnicodeError:
        if encoding == "auto":
            raise ValueError("This file is not text; a CSV file is needed.") from None
        raise ValueError(f"This file is not in the encoding {encoding}; choose another.") from None
    text = text.removeprefix("\ufeff")
    if "\x00" in text:
        raise ValueError("This file is not text; a CSV file is needed.")
    if not text.strip():
        raise ValueError("This file is empty.")
    for beginning, what in TEXT_KINDS:
        if beginning.match(text.lstrip()[:200]):
            raise ValueError(f"This file is {what}, not a table; a CSV file is needed.")
    return text, "utf-8" if name == "utf-8-sig" else name


def unicode_text(content: bytes) -> str:
    """Return a text in UTF-8 or UTF-16, with or without a mark at its beginning.

    Windows' PowerShell writes such marks.

    Raises:
        ValueError: if it is neither.
    """
    name = _guess(content)
    try:
        return content.decode("utf-8" if name == "cp1252" else name).removeprefix("\ufeff")
    except UnicodeError:
        raise ValueError("This file is neither UTF-8 nor UTF-16; save it as UTF-8.") from None


def _guess(content: bytes) -> str:
    for mark, name in BOMS:
        if content.startswith(mark):
            return name
    head = content[:4096]
    zeros = head[0::2].count(0), head[1::2].count(0)
    if max(zeros) > 0.3 * len(head) / 2 and not min(zeros):
        return "utf-16-be" if zeros[0] else "utf-16-le"
    try:
        content.decode("utf-8")
    except UnicodeError:
        return "cp1252"
    return "utf-8"
