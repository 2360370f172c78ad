"""Tables as people's programs write them: the bytes, and what must be read from them.

The numbers are drawn and written here, so what is expected is known without reading anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ROWS = 80
_RNG = np.random.default_rng(20240101)
PLAIN = tuple(_RNG.normal(10, 3, ROWS).round(2).tolist())
"""Numbers such as 10.38; some are written with one digit, some are below 10."""
SIGNED = tuple(_RNG.normal(0, 3, ROWS).round(2).tolist())
LARGE = tuple(_RNG.lognormal(7, 1, ROWS).round(2).tolist())
"""Numbers such as 1,234.50 and 564.80."""
WHOLE = tuple(float(int(v)) for v in _RNG.lognormal(7, 1, ROWS))
MILLIONS = tuple(float(v) for v in _RNG.integers(1_000_000, 90_000_000, ROWS))


@dataclass(frozen=True)
class Case:
    """A file, the column to take, its numbers, and words that must stand in what is said of it."""

    name: str
    content: bytes
    column: str
    values: Sequence[float]
    says: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 0.0


@dataclass(frozen=True)
class Refusal:
    """A file that must not become numbers, and words of the sentence that says why."""

    name: str
    content: bytes
    says: str
    column: str | None = None


def grouped(value: float, digits: int, point: str, mark: str) -> str:
    """Return a number with a mark between thousands."""
    whole = f"{abs(value):,.{digits}f}".replace(",", "g").replace(".", point).replace("g", mark)
    return "-" * (value < 0) + whole


def lakhs(value: float) -> str:
    """Return a number as India writes it: 12,34,567.80."""
    whole, rest = f"{value:.2f}".split(".")
    head, last = whole[:-3], whole[-3:]
    parts = []
    while head:
        head, part = head[:-2], head[-2:]
        parts.insert(0, part)
    return ",".join([*parts, last]) + "." + rest


def comma(value: float) -> str:
    """Return a number with a decimal comma: 10,38; 9,6; 8."""
    return f"{value:g}".replace(".", ",")


def text(*lines: str, end: str = "\n", encoding: str = "utf-8") -> bytes:
    return (end.join(lines) + end).encode(encoding)


def table(
    cells: Iterable[str], name: str = "x", sep: str = ";", first: str = "id", **how: str
) -> bytes:
    """Return a table of a counting column and a column of `cells`."""
    rows = (f"{number}{sep}{cell}" for number, cell in enumerate(cells))
    return text(f"{first}{sep}{name}", *rows, **how)


def column(cells: Iterable[str], name: str | None = "x", **how: str) -> bytes:
    return text(*([name] if name is not None else []), *cells, **how)


def quoted(cells: Iterable[str]) -> list[str]:
    return [f'"{cell}"' for cell in cells]


def every(step: int, cells: list[str], other: str) -> list[str]:
    """Return the cells with every `step`-th replaced."""
    return [other if not i % step else cell for i, cell in enumerate(cells)]


def without(step: int, values: Sequence[float]) -> list[float]:
    return [value for i, value in enumerate(values) if i % step]


P = [f"{v:g}" for v in PLAIN]
C = [comma(v) for v in PLAIN]
MINUS = {"true minus": "\u2212", "en dash": "\u2013", "full width": "\uff0d", "small": "\ufe63"}
GAPS = {"blank": " ", "no-break": "\xa0", "narrow": "\u202f", "thin": "\u2009"}
QUOTES = {"apostrophe": "'", "curly": "\u2019", "letter": "\u02bc"}


def number_cases() -> list[Case]:
    """Return how the countries write numbers."""
    dates = [f"{1 + i % 28:02}.01.2024;{v:.2f}".replace(".0", ".0") for i, v in enumerate(PLAIN)]
    german_dates = [f"{d.split(';')[0]};{comma(v)}" for d, v in zip(dates, PLAIN, strict=True)]
    mixed = [comma(round(v) if i % 4 == 0 else v) for i, v in enumerate(PLAIN)]
    mixed_values = [float(round(v)) if i % 4 == 0 else v for i, v in enumerate(PLAIN)]
    german = [grouped(v, 2, ",", ".") for v in LARGE]
    french = {n: [grouped(v, 2, ",", m) for v in LARGE] for n, m in GAPS.items()}
    swiss = {n: [grouped(v, 2, ".", m) for v in LARGE] for n, m in QUOTES.items()}
    american = [grouped(v, 2, ".", ",") for v in LARGE]
    dots = [grouped(v, 0, ",", ".") for v in WHOLE]
    commas = [grouped(v, 0, ".", ",") for v in WHOLE]
    arabic = str.maketrans("0123456789.", "٠١٢٣٤٥٦٧٨٩٫")
    full_width = str.maketrans("0123456789.", "０１２３４５６７８９.")
    return [
        Case("decimal comma, dates", text("Datum;Wert", *german_dates), "Wert", PLAIN, ("“,”",)),
        Case("decimal comma, some whole", table(mixed, "Wert"), "Wert", mixed_values, ("“,”",)),
        Case("decimal comma, one column", column(C, "Wert"), "Wert", PLAIN, ("“,”",)),
        Case("decimal comma, one column, whole ones", column(mixed), "x", mixed_values, ("“,”",)),
        Case("decimal comma, tabs", table(C, sep="\t"), "x", PLAIN),
        Case("decimal comma, quoted", table(quoted(C), sep=","), "x", PLAIN),
        Case(
            "decimal comma, two digits, no header",
            column([f"{v:.2f}".replace(".", ",") for v in PLAIN], None),
            "column 1",
            PLAIN,
        ),
        Case(
            "decimal comma, exponents",
            table([f"{v:.3e}".replace(".", ",") for v in PLAIN]),
            "x",
            PLAIN,
            tolerance=1e-3,
        ),
        Case("German thousands and decimals", table(german), "x", LARGE, ("“.”", "“,”")),
        Case("German thousands", table(dots, "Preis"), "Preis", WHOLE, ("thousands",)),
        Case("German millions", table([grouped(v, 0, ",", ".") for v in MILLIONS]), "x", MILLIONS),
        *(Case(f"French, {n}", table(cells), "x", LARGE) for n, cells in french.items()),
        *(Case(f"Swiss, {n}", table(cells), "x", LARGE) for n, cells in swiss.items()),
        Case("American, quoted", table(quoted(american), sep=","), "x", LARGE, ("thousands",)),
        Case("American, tabs", table(american, sep="\t"), "x", LARGE, ("thousands",)),
        Case("American whole, quoted", table(quoted(commas), sep=","), "x", WHOLE),
        Case(
            "American millions",
            table(quoted(grouped(v, 0, ".", ",") for v in MILLIONS), sep=","),
            "x",
            MILLIONS,
        ),
        Case("Indian", table(quoted(map(lakhs, MILLIONS)), sep=","), "x", MILLIONS),
        Case("underscores", table([f"{int(v):_}" for v in WHOLE], sep=","), "x", WHOLE),
        Case("Arabic digits", table([f"{v:.2f}".translate(arabic) for v in PLAIN]), "x", PLAIN),
        Case(
            "full-width digits",
            table([f"{v:.2f}".translate(full_width) for v in PLAIN], sep=","),
            "x",
            PLAIN,
        ),
        Case("raised point", table([f"{v:.2f}".replace(".", "·") for v in PLAIN]), "x", PLAIN),
        *(
            Case(
                f"minus: {n}",
                table([f"{v:g}".replace("-", m) for v in SIGNED], sep=","),
                "x",
                SIGNED,
            )
            for n, m in MINUS.items()
        ),
        Case(
            "minus behind",
            table([f"{abs(v):.2f}{'-' * (v < 0)}" for v in SIGNED]),
            "x",
            SIGNED,
            ("negative",),
        ),
        Case(
            "minus in brackets",
            table([f"({-v:.2f})" if v < 0 else f"{v:.2f}" for v in SIGNED]),
            "x",
            SIGNED,
            ("negative",),
        ),
        Case("plus signs", table([f"{v:+.2f}" for v in SIGNED], sep=","), "x", SIGNED),
        Case(
            "no zero before the point",
            table([f"{v:.2f}".replace("0.", ".", 1) for v in np.round(np.sin(PLAIN), 2)], sep=","),
            "x",
            np.round(np.sin(PLAIN), 2).tolist(),
        ),
        Case(
            "three digits and a comma in another column",
            text("a;b", *(f"{v:.3f};{v:.2f}".replace(".", ",") for v in PLAIN)),
            "a",
            PLAIN,
            ("“,”",),
        ),
    ]


def mark_cases() -> list[Case]:
    """Return numbers with something beside them."""
    kept = without(8, PLAIN)
    left = f"{ROWS - len(kept)}"
    return [
        Case("percent", table([f"{c}%" for c in P], sep=","), "x", PLAIN, ("“%”",)),
        Case("percent, German", table([f"{c} %" for c in C]), "x", PLAIN, ("“%”",)),
        Case("dollar", table([f"${v:.2f}" for v in PLAIN], sep=","), "x", PLAIN, ("“$”",)),
        Case(
            "dollar, negative",
            table([f"${v:.2f}".replace("$-", "-$") for v in SIGNED], sep=","),
            "x",
            SIGNED,
            ("“$”",),
        ),
        Case(
            "dollar, thousands",
            table(quoted("$" + grouped(v, 2, ".", ",") for v in LARGE), sep=","),
            "x",
            LARGE,
            ("“$”",),
        ),
        Case(
            "euro behind",
            table([grouped(v, 2, ",", ".") + " €" for v in LARGE]),
            "x",
            LARGE,
            ("“€”",),
        ),
        Case(
            "francs",
            table([f"CHF {grouped(v, 2, '.', chr(39))}" for v in LARGE]),
            "x",
            LARGE,
            ("“CHF”",),
        ),
        Case(
            "reais", table([f"R$ {grouped(v, 2, ',', '.')}" for v in LARGE]), "x", LARGE, ("“R$”",)
        ),
        Case("centimetres", table([f"{c} cm" for c in P], sep=","), "x", PLAIN, ("“cm”",)),
        Case("degrees", table([f"{c}°C" for c in P], sep=","), "x", PLAIN, ("“°C”",)),
        Case("concentration", table([f"{c} µg/m³" for c in C]), "x", PLAIN, ("“µg/m³”",)),
        Case(
            "another unit on some rows",
            table(every(8, [f"{c} cm" for c in P], "0.1 m"), sep=","),
            "x",
            kept,
            (left, "“0.1 m”"),
        ),
        Case(
            "a unit missing on some rows",
            table(every(8, [f"{c}%" for c in P], "0.5"), sep=","),
            "x",
            kept,
            (left, "“0.5”"),
        ),
        Case("below a limit", column(every(8, P, "<5")), "x", kept, (left, "“<5”")),
        Case(
            "below a limit, taken",
            column(every(8, P, "<5")),
            "x",
            [5.0 if not i % 8 else v for i, v in enumerate(PLAIN)],
            ("“<5”",),
            {"limits": "take"},
        ),
        Case("above a limit", column(every(8, C, "> 20,5")), "x", kept, (left, "“> 20,5”")),
        Case("words among numbers", column(every(8, P, "broken")), "x", kept, (left, "“broken”")),
        Case("gaps", table(every(8, P, "n/a"), sep=","), "x", kept, (left, "“n/a”")),
        Case("empty entries", table(every(8, P, ""), sep=","), "x", kept, (left, "empty")),
        Case("infinity", table(every(8, P, "inf"), sep=","), "x", kept, (left, "“inf”")),
        Case("ranges", column(every(8, P, "5-7")), "x", kept, (left, "“5-7”")),
        Case("fractions", column(every(8, P, "1/2")), "x", kept, (left, "“1/2”")),
        Case("true and false", column(every(8, P, "True")), "x", kept, (left, "“True”")),
        Case(
            "another country's number",
            table(every(8, [f"{v:.2f}".replace(".", ",") for v in PLAIN], "2.5")),
            "x",
            kept,
            (left, "“2.5”"),
        ),
        Case(
            "German thousands beside small ones",
            text("a;b", *(f"{i};{'950' if i % 2 else '1.200'}" for i in range(ROWS))),
            "b",
            [950.0 if i % 2 else 1200.0 for i in range(ROWS)],
            ("1200",),
        ),
        Case(
            "decimal mark given",
            column(["1.234", "2.345", "3.456"] * 9),
            "x",
            [1234.0, 2345.0, 3456.0] * 9,
            (),
            {"decimal": "comma"},
        ),
        Case(
            "decimal mark given, point",
            table(["1.234", "2.345", "3.456"] * 9),
            "x",
            [1.234, 2.345, 3.456] * 9,
            (),
            {"decimal": "point"},
        ),
        Case(
            "three digits, point",
            table(["1.234", "12.345", "3.456"] * 9, sep=","),
            "x",
            [1.234, 12.345, 3.456] * 9,
            ("“1.234” is read as 1.234",),
        ),
    ]


def layout_cases() -> list[Case]:
    """Return encodings, separators, headers, and lines that are no rows."""
    size = "Größe"
    header = f"{size};n"
    rows = [f"{c};{i}" for i, c in enumerate(P)]
    xy = [f"{c},{i}" for i, c in enumerate(P)]
    signs = ("cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig")
    return [
        *(Case(f"encoding {e}", text(header, *rows, encoding=e), size, PLAIN) for e in signs),
        Case(
            "encoding Latin-1 said",
            text(header, *rows, encoding="latin-1"),
            size,
            PLAIN,
            ("cp1252",),
        ),
        Case("encoding UTF-32", text(header, *rows, encoding="utf-32"), size, PLAIN),
        Case(
            "encoding given",
            text("Рост;n", *rows, encoding="cp1251"),
            "Рост",
            PLAIN,
            (),
            {"encoding": "cp1251"},
        ),
        Case(
            "Excel's Unicode text",
            text("x\ty", *(f"{c}\t{i}" for i, c in enumerate(C)), end="\r\n", encoding="utf-16"),
            "x",
            PLAIN,
        ),
        Case(
            "comments",
            text("# made by sensor 7", "# units: cm", "x,y", *xy),
            "x",
            PLAIN,
            ("“# made by sensor 7”",),
        ),
        Case(
            "title lines",
            text(
                "Report 2024",
                "Station: Bern",
                "",
                "time,temp",
                *(f"{i},{c}" for i, c in enumerate(P)),
            ),
            "temp",
            PLAIN,
            ("“Report 2024”",),
        ),
        Case("numpy's header", text("# x,y", *xy), "x", PLAIN),
        Case("Excel's sep line", text("sep=;", "x;y", *(f"{c};1" for c in C)), "x", PLAIN),
        Case(
            "aligned columns",
            text("x   y", *(f"{c:>8} {i:>6}" for i, c in enumerate(P))),
            "x",
            PLAIN,
        ),
        Case(
            "aligned columns, long names",
            text("first name   last one", *(f"{c:>10}   {i:>8}" for i, c in enumerate(P))),
            "first name",
            PLAIN,
        ),
        Case(
            "BOM, no header",
            column(P, None, encoding="utf-8-sig"),
            "column 1",
            PLAIN,
            ("no header",),
        ),
        Case("no header", text(*xy), "column 1", PLAIN, ("no header",)),
        Case("header said to be there", text("1,2", *xy), "1", PLAIN, (), {"header": "yes"}),
        Case(
            "header said to be none",
            text("x,y", *xy),
            "column 1",
            PLAIN,
            ("“x”",),
            {"header": "no"},
        ),
        Case(
            "years as names",
            text("land,1990,2000", *(f"A{i},{c},{i}" for i, c in enumerate(P))),
            "1990",
            PLAIN,
        ),
        Case(
            "separator given",
            text("a|b", *(f"{c}|{i}" for i, c in enumerate(P))),
            "a",
            PLAIN,
            (),
            {"separator": "pipe"},
        ),
        Case("pipes", text("a|b", *(f"{c}|{i}" for i, c in enumerate(P))), "a", PLAIN),
        Case("old Mac's line ends", text("x,y", *xy, end="\r"), "x", PLAIN),
        Case("Windows' line ends", text("x,y", *xy, end="\r\n"), "x", PLAIN),
        Case(
            "blanks after commas", text("x, y", *(f"{c}, {i}" for i, c in enumerate(P))), "x", PLAIN
        ),
        Case(
            "separators in quotes",
            text("name,x", *(f'"Doe, {i}; Jo",{c}' for i, c in enumerate(P))),
            "x",
            PLAIN,
        ),
        Case(
            "line ends in quotes",
            text("name,x", *(f'"line\n{i}",{c}' for i, c in enumerate(P))),
            "x",
            PLAIN,
        ),
        Case(
            "single quotes",
            text("'a','x'", *(f"'n, {i}','{c}'" for i, c in enumerate(P))),
            "x",
            PLAIN,
        ),
        Case(
            "a separator too many at each end", text("x,y,", *(f"{row}," for row in xy)), "x", PLAIN
        ),
        Case(
            "a separator too many at the rows' ends",
            text("x,y", *(f"{row}," for row in xy)),
            "x",
            PLAIN,
        ),
        Case(
            "R's row names",
            text('"x" "y"', *(f'"{i + 1}" {c} {i}' for i, c in enumerate(P))),
            "x",
            PLAIN,
        ),
        Case("two columns of one name", text("x,x", *xy), "x (2)", [float(i) for i in range(ROWS)]),
        Case("a name is empty", text("x,", *xy), "column 2", [float(i) for i in range(ROWS)]),
        Case(
            "short rows",
            text("n,x", *(f"{i},{c}" if i % 8 else f"{i}" for i, c in enumerate(P))),
            "x",
            without(8, PLAIN),
            ("empty",),
        ),
        Case(
            "names that look like Markdown",
            text('"![p](http://127.0.0.1/p.png)",$y$', *xy),
            "![p](http://127.0.0.1/p.png)",
            PLAIN,
        ),
        Case("a line of units", text("x,y", "cm,s", *xy), "x", PLAIN, ("“cm”",)),
        Case("empty lines", text("x,y", "", *xy, "", ""), "x", PLAIN),
    ]


def cases() -> list[Case]:
    return [*number_cases(), *mark_cases(), *layout_cases()]


def refusals() -> list[Refusal]:
    """Return files of which no number may be taken without a question."""
    three = ["1.234", "12.345", "3.456"] * 9
    return [
        Refusal("three digits, semicolons", table(three), "may be 1.234 or 1234", "x"),
        Refusal(
            "three digits, comma, quoted",
            table(quoted(c.replace(".", ",") for c in three), sep=","),
            "may be 1.234 or 1234",
            "x",
        ),
        Refusal(
            "decimal commas between commas",
            text(
                "a,b",
                *(f"{i},{c}" for i, c in enumerate(f"{v:.2f}".replace(".", ",") for v in PLAIN)),
            ),
            "line 2 has 3 entries, the header has 2",
        ),
        Refusal("a row too long", text("a,b", "1,2", "1,2,3,4"), "line 3 has 4 entries"),
        Refusal("Excel", b"PK\x03\x04" + bytes(60), "Excel"),
        Refusal("old Excel", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60), "Excel"),
        Refusal("gzip", b"\x1f\x8b\x08" + bytes(60), "packed"),
        Refusal("PDF", b"%PDF-1.7\n" + bytes(60), "PDF"),
        Refusal("parquet", b"PAR1" + bytes(60), "Parquet"),
        Refusal("a web page", b"<!DOCTYPE html><html><body>1,2</body></html>", "web page"),
        Refusal("JSON", b'{"a": [1, 2, 3]}', "JSON"),
        Refusal("a picture", b"\x89PNG\r\n\x1a\n" + bytes(20), "picture"),
        Refusal("bytes", bytes(range(256)) * 4, "not text"),
        Refusal("words", text("x", "red", "blue"), "no numbers"),
    ]
