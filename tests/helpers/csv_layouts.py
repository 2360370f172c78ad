"""Tables in other encodings, with other separators and headers, and lines that are no rows."""

from tests.helpers.csv_writing import (
    PLAIN,
    ROWS,
    C,
    Case,
    P,
    column,
    text,
    without,
)

_SIZE = "Größe"
_HEADER = f"{_SIZE};n"
_ROWS = [f"{c};{i}" for i, c in enumerate(P)]
_XY = [f"{c},{i}" for i, c in enumerate(P)]
_SIGNS = ("cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig")
LAYOUTS = [
    *(Case(f"encoding {e}", text(_HEADER, *_ROWS, encoding=e), _SIZE, PLAIN) for e in _SIGNS),
    Case(
        "encoding Latin-1 said",
        text(_HEADER, *_ROWS, encoding="latin-1"),
        _SIZE,
        PLAIN,
        ("cp1252",),
    ),
    Case("encoding UTF-32", text(_HEADER, *_ROWS, encoding="utf-32"), _SIZE, PLAIN),
    Case(
        "encoding given",
        text("Рост;n", *_ROWS, encoding="cp1251"),
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
        text("# made by sensor 7", "# units: cm", "x,y", *_XY),
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
    Case("numpy's header", text("# x,y", *_XY), "x", PLAIN),
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
    Case("no header", text(*_XY), "column 1", PLAIN, ("no header",)),
    Case("header said to be there", text("1,2", *_XY), "1", PLAIN, (), {"header": "yes"}),
    Case(
        "header said to be none",
        text("x,y", *_XY),
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
    Case("old Mac's line ends", text("x,y", *_XY, end="\r"), "x", PLAIN),
    Case("Windows' line ends", text("x,y", *_XY, end="\r\n"), "x", PLAIN),
    Case("blanks after commas", text("x, y", *(f"{c}, {i}" for i, c in enumerate(P))), "x", PLAIN),
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
    Case("a separator too many at each end", text("x,y,", *(f"{row}," for row in _XY)), "x", PLAIN),
    Case(
        "a separator too many at the rows' ends",
        text("x,y", *(f"{row}," for row in _XY)),
        "x",
        PLAIN,
    ),
    Case(
        "R's row names",
        text('"x" "y"', *(f'"{i + 1}" {c} {i}' for i, c in enumerate(P))),
        "x",
        PLAIN,
    ),
    Case("two columns of one name", text("x,x", *_XY), "x (2)", [float(i) for i in range(ROWS)]),
    Case("a name is empty", text("x,", *_XY), "column 2", [float(i) for i in range(ROWS)]),
    Case(
        "short rows",
        text("n,x", *(f"{i},{c}" if i % 8 else f"{i}" for i, c in enumerate(P))),
        "x",
        without(8, PLAIN),
        ("empty",),
    ),
    Case(
        "names that look like Markdown",
        text('"![p](http://127.0.0.1/p.png)",$y$', *_XY),
        "![p](http://127.0.0.1/p.png)",
        PLAIN,
    ),
    Case("a line of units", text("x,y", "cm,s", *_XY), "x", PLAIN, ("“cm”",)),
    Case("empty lines", text("x,y", "", *_XY, "", ""), "x", PLAIN),
]
"""Encodings, separators, headers, and lines that are no rows."""
