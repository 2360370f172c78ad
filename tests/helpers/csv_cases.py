"""Numbers in tables as the countries write them, with something beside them, or in doubt."""

import numpy as np

from tests.helpers.csv_layouts import LAYOUTS
from tests.helpers.csv_writing import (
    GAPS,
    LARGE,
    MILLIONS,
    MINUS,
    PLAIN,
    QUOTES,
    ROWS,
    SIGNED,
    WHOLE,
    C,
    Case,
    P,
    Refusal,
    column,
    comma,
    every,
    grouped,
    lakhs,
    quoted,
    table,
    text,
    without,
)

_DATES = [f"{1 + i % 28:02}.01.2024;{v:.2f}".replace(".0", ".0") for i, v in enumerate(PLAIN)]
_GERMAN_DATES = [f"{d.split(';')[0]};{comma(v)}" for d, v in zip(_DATES, PLAIN, strict=True)]
_MIXED = [comma(round(v) if i % 4 == 0 else v) for i, v in enumerate(PLAIN)]
_MIXED_VALUES = [float(round(v)) if i % 4 == 0 else v for i, v in enumerate(PLAIN)]
_GERMAN = [grouped(v, 2, ",", ".") for v in LARGE]
_FRENCH = {n: [grouped(v, 2, ",", m) for v in LARGE] for n, m in GAPS.items()}
_SWISS = {n: [grouped(v, 2, ".", m) for v in LARGE] for n, m in QUOTES.items()}
_AMERICAN = [grouped(v, 2, ".", ",") for v in LARGE]
_DOTS = [grouped(v, 0, ",", ".") for v in WHOLE]
_COMMAS = [grouped(v, 0, ".", ",") for v in WHOLE]
_ARABIC = str.maketrans("0123456789.", "٠١٢٣٤٥٦٧٨٩٫")
_FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９.")
NUMBERS = [
    Case("decimal comma, dates", text("Datum;Wert", *_GERMAN_DATES), "Wert", PLAIN, ("“,”",)),
    Case("decimal comma, some whole", table(_MIXED, "Wert"), "Wert", _MIXED_VALUES, ("“,”",)),
    Case("decimal comma, one column", column(C, "Wert"), "Wert", PLAIN, ("“,”",)),
    Case("decimal comma, one column, whole ones", column(_MIXED), "x", _MIXED_VALUES, ("“,”",)),
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
    Case("German thousands and decimals", table(_GERMAN), "x", LARGE, ("“.”", "“,”")),
    Case("German thousands", table(_DOTS, "Preis"), "Preis", WHOLE, ("thousands",)),
    Case("German millions", table([grouped(v, 0, ",", ".") for v in MILLIONS]), "x", MILLIONS),
    *(Case(f"French, {n}", table(cells), "x", LARGE) for n, cells in _FRENCH.items()),
    *(Case(f"Swiss, {n}", table(cells), "x", LARGE) for n, cells in _SWISS.items()),
    Case("American, quoted", table(quoted(_AMERICAN), sep=","), "x", LARGE, ("thousands",)),
    Case("American, tabs", table(_AMERICAN, sep="\t"), "x", LARGE, ("thousands",)),
    Case("American whole, quoted", table(quoted(_COMMAS), sep=","), "x", WHOLE),
    Case(
        "American millions",
        table(quoted(grouped(v, 0, ".", ",") for v in MILLIONS), sep=","),
        "x",
        MILLIONS,
    ),
    Case("Indian", table(quoted(map(lakhs, MILLIONS)), sep=","), "x", MILLIONS),
    Case("underscores", table([f"{int(v):_}" for v in WHOLE], sep=","), "x", WHOLE),
    Case("Arabic digits", table([f"{v:.2f}".translate(_ARABIC) for v in PLAIN]), "x", PLAIN),
    Case(
        "full-width digits",
        table([f"{v:.2f}".translate(_FULL_WIDTH) for v in PLAIN], sep=","),
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
    Case("Excel's apostrophes", column([f"'{v}" for v in PLAIN]), "x", PLAIN),
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
"""How the countries write numbers."""

_KEPT = without(8, PLAIN)
_LEFT = f"{ROWS - len(_KEPT)}"
MARKS = [
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
    Case("reais", table([f"R$ {grouped(v, 2, ',', '.')}" for v in LARGE]), "x", LARGE, ("“R$”",)),
    Case("centimetres", table([f"{c} cm" for c in P], sep=","), "x", PLAIN, ("“cm”",)),
    Case("degrees", table([f"{c}°C" for c in P], sep=","), "x", PLAIN, ("“°C”",)),
    Case("concentration", table([f"{c} µg/m³" for c in C]), "x", PLAIN, ("“µg/m³”",)),
    Case(
        "another unit on some rows",
        table(every(8, [f"{c} cm" for c in P], "0.1 m"), sep=","),
        "x",
        _KEPT,
        (_LEFT, "“0.1 m”"),
    ),
    Case(
        "a unit missing on some rows",
        table(every(8, [f"{c}%" for c in P], "0.5"), sep=","),
        "x",
        _KEPT,
        (_LEFT, "“0.5”"),
    ),
    Case("below a limit", column(every(8, P, "<5")), "x", _KEPT, (_LEFT, "“<5”")),
    Case(
        "below a limit, taken",
        column(every(8, P, "<5")),
        "x",
        [5.0 if not i % 8 else v for i, v in enumerate(PLAIN)],
        ("“<5”",),
        {"limits": "take"},
    ),
    Case("above a limit", column(every(8, C, "> 20,5")), "x", _KEPT, (_LEFT, "“> 20,5”")),
    Case("words among numbers", column(every(8, P, "broken")), "x", _KEPT, (_LEFT, "“broken”")),
    Case("gaps", table(every(8, P, "n/a"), sep=","), "x", _KEPT, (_LEFT, "“n/a”")),
    Case("empty entries", table(every(8, P, ""), sep=","), "x", _KEPT, (_LEFT, "empty")),
    Case("infinity", table(every(8, P, "inf"), sep=","), "x", _KEPT, (_LEFT, "“inf”")),
    Case("ranges", column(every(8, P, "5-7")), "x", _KEPT, (_LEFT, "“5-7”")),
    Case("fractions", column(every(8, P, "1/2")), "x", _KEPT, (_LEFT, "“1/2”")),
    Case("true and false", column(every(8, P, "True")), "x", _KEPT, (_LEFT, "“True”")),
    Case(
        "another country's number",
        table(every(8, [f"{v:.2f}".replace(".", ",") for v in PLAIN], "2.5")),
        "x",
        _KEPT,
        (_LEFT, "“2.5”"),
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
"""Numbers with something beside them."""

_THREE = ["1.234", "12.345", "3.456"] * 9
REFUSALS = [
    Refusal("three digits, semicolons", table(_THREE), "may be 1.234 or 1234", "x"),
    Refusal(
        "three digits, comma, quoted",
        table(quoted(c.replace(".", ",") for c in _THREE), sep=","),
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
    *(
        Refusal(name, column(cells), "no numbers")
        for name, cells in {
            "hexadecimal": [hex(7 * i) for i in range(ROWS)],
            "binary": [bin(i) for i in range(ROWS)],
            "weeks": [f"2024W{1 + i % 52:02}" for i in range(ROWS)],
            "hours": [f"{i % 24}h{i % 60:02}" for i in range(ROWS)],
            "clock": [f"{i % 24:02}:{i % 60:02}" for i in range(ROWS)],
            "yes and no": ["true", "false"] * 40,
            "from and to": [f"{v:.0f}-{v + 5:.0f}" for v in PLAIN],
        }.items()
    ),
]
"""Files of which no number may be taken without a question."""

CASES = [*NUMBERS, *MARKS, *LAYOUTS]
