"""Text for terminals of any encoding: signs that one cannot print are written in others."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
import unicodedata
from pathlib import Path

NEAREST = "gan_core.nearest"
"""The name of the error handler by which a stream writes what its encoding has no sign for."""

SIGNS = {
    pair[0]: pair[1:]
    for pair in (
        *("−-", "–-", "—-", "×x", "·*", "÷/", "⊗(x)", "±+/-", "½1/2", "≈~", "≠!=", "≤<=", "≥>="),
        *("→->", "←<-", "√sqrt ", "∞inf", "∇grad ", "∂d", "∫integral ", "‖||", "ℓl", "° degrees"),
        *('“"', '”"', "‘'", "’'", "‹<", "›>", "…...", "\u00a0 ", "©(c)", "øo", "ØO", "ßss"),
    )
}
"""What stands for a sign where it cannot be printed."""

RAISED, LOWERED, GREEK = "<super> ", "<sub> ", "GREEK "
FIRST_BYTE, LAST_BYTE = 0xDC80, 0xDCFF
"""Code points by which Python keeps bytes of a file's name that are no text (PEP 383)."""


def prepare_streams() -> None:
    """Let standard output and standard error print any text, whatever their encoding."""
    codecs.register_error(NEAREST, _replace)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # a stream that only stands for one
            stream.reconfigure(errors=NEAREST)


def print_path(path: Path | str) -> None:
    """Print a path byte for byte, as another program may read it."""
    try:
        str(path).encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        sys.stdout.flush()
        sys.stdout.buffer.write(os.fsencode(path) + os.linesep.encode())
        sys.stdout.buffer.flush()
    else:
        print(path)


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    """Replace the first sign that cannot be encoded.

    Raises:
        UnicodeError: the given one, if a text was to be read, not written.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    if FIRST_BYTE <= ord(sign) <= LAST_BYTE:
        return bytes([ord(sign) - FIRST_BYTE + 0x80]), error.start + 1
    return in_ascii(sign), error.start + 1


def in_ascii(sign: str) -> str:
    """Return the nearest ASCII to one sign: x^2 for x², beta for β, e for é; its code if none."""
    if sign.isascii():
        return sign
    parts = unicodedata.decomposition(sign)
    for mark, form in ((RAISED, "^"), (LOWERED, "_")):
        if parts.startswith(mark):
            return form + in_ascii(chr(int(parts.removeprefix(mark).split()[0], 16)))
    name = unicodedata.name(sign, "")
    if name.startswith(GREEK):
        word = name.split()[-1].replace("LAMDA", "LAMBDA")
        return word.capitalize() if sign.isupper() else word.lower()
    plain = "".join(c for c in unicodedata.normalize("NFKD", sign) if c.isascii())
    return SIGNS.get(sign) or plain or sign.encode("ascii", "backslashreplace").decode()
