"""What an uploaded file is, by its first bytes, and what to do with one that is no picture."""

from __future__ import annotations

import importlib.util
import re
from functools import lru_cache

from PIL import features

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Formats that are accepted; some other formats of Pillow start external programs."""

HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}
KINDS = (
    (re.compile(rb"PK\x03\x04"), "zip inside: unpack it, then import it by itself"),
    (re.compile(rb"\x1f\x8b|BZh|\xfd7zXZ"), "packed (such as tar.gz): unpack it, or make a zip"),
    (re.compile(rb"7z\xbc\xaf|Rar!"), "7-Zip or RAR: unpack it, or make a zip"),
    (re.compile(rb".{257}ustar", re.DOTALL), "tar: unpack it, or make a zip"),
    (re.compile(rb"%PDF"), "PDF: save its pages as PNG"),
    (re.compile(rb"%!PS|\xc5\xd0\xd3\xc6"), "PostScript drawing: save it as PNG"),
    (re.compile(rb"8BPS"), "Photoshop: save it as PNG"),
    (re.compile(rb"\x93NUMPY"), "array of NumPy: save its pictures as PNG"),
    (re.compile(rb"\x89HDF"), "HDF5: save its pictures as PNG"),
    (re.compile(rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51"), "JPEG 2000: save it as PNG"),
    (re.compile(rb"\x00\x00\x00\x0cJXL |\xff\x0a"), "JPEG XL: save it as PNG"),
    (re.compile(rb"....ftyp(qt|isom|mp4|M4V|avc|3gp)", re.DOTALL), "film: save its frames as PNG"),
    (re.compile(rb"\x1aE\xdf\xa3"), "film: save its frames as PNG"),
    (
        re.compile(
            rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!DOCTYPE svg[^>]*>\s*)?<svg",
            re.DOTALL,
        ),
        "SVG drawing: save it as PNG",
    ),
)
"""First bytes of files that are no pictures here, and what to do."""


@lru_cache(maxsize=1)
def readable_formats() -> tuple[str, ...]:
    """Return Pillow's names of the formats that are read here.

    AVIF if this Pillow has it; HEIC if the package pillow-heif is installed.
    """
    formats = FORMATS
    if features.check("avif"):
        formats += ("AVIF",)
    if importlib.util.find_spec("pillow_heif") is not None:
        import pillow_heif

        pillow_heif.register_heif_opener()
        formats += ("HEIF",)
    return formats


def is_picture(head: bytes) -> bool:
    """Return whether a file begins as a picture of a format that is read here."""
    starts = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    is_modern = head[4:8] == b"ftyp" and head[8:12] in {b"avif", b"avis", *HEIF_BRANDS}
    return head.startswith(starts) or is_webp or is_modern


def name_kind(content: bytes) -> str:
    """Return what a file is that Pillow does not open, and what to do; few words."""
    head = content[:2048]
    if not head:
        return "empty file"
    if head[4:8] == b"ftyp":
        brands = {head[8:12], *(head[i : i + 4] for i in range(16, min(len(head), 64), 4))}
        if brands & {b"avif", b"avis"}:
            return _known("AVIF", "AVIF: save it as PNG, or install a newer Pillow")
        if brands & HEIF_BRANDS:
            return _known("HEIF", "HEIC: save it as JPEG, or install pillow-heif")
    for start, words in KINDS:
        if start.match(head):
            return words
    try:
        text = head.decode("utf-8")
    except UnicodeError:
        return "not a picture"
    if "\x00" not in text and "\n" in text and len(re.findall(r"[,;\t]", text)) >= 2:
        return "table: numbers are imported on the page Distributions"
    return "not a picture"


def _known(format_: str, words: str) -> str:
    return "damaged" if format_ in readable_formats() else words
