"""Elements that change many times a second: charts, sample grids and tiles.

`st.plotly_chart` builds a new element whenever its data change, which loses the zoom and hides
the chart for a moment; these keep theirs. Each is mounted under a stable key and fed with bytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from plotly.offline import get_plotlyjs

if TYPE_CHECKING:
    from gan_core.timeline import Moment

_HERE = Path(__file__).parent


def _component(name: str, html: str) -> Any:
    css = _HERE / f"{name}.css"
    return st.components.v2.component(
        f"gan_laboratory_{name}",
        html=html,
        css=css.read_text() if css.exists() else None,
        js=(_HERE / f"{name}.js").read_text(),
        isolate_styles=False,
    )


_loader = _component("plotly_loader", "<span></span>")
_chart = _component("live_chart", '<div class="live-chart"></div>')
_samples = _component(
    "sample_canvas",
    '<div class="sample-canvas"><canvas role="img"></canvas><div class="words"></div></div>',
)
_timeline = _component("timeline", (_HERE / "timeline.html").read_text())
_tiles = _component("tiles", '<div class="lab-tiles"></div>')


def load_plotly() -> None:
    """Bring plotly.js into the browser; not in a fragment.

    Streamlit sends a large message once and then its hash. The browser does not answer that it has
    the library: an answer reruns the page, and a rerun that overtakes a page still on its way loses
    the first values of its widgets.
    """
    _loader(key="plotly_loader", data=_plotly())


@cache
def _plotly() -> bytes:
    return get_plotlyjs().encode()


def live_chart(figure: Mapping[str, Any], key: str) -> None:
    """Show a Plotly figure (`data` and `layout`); zoom and legend stay from frame to frame."""
    _chart(key=key, data=encode(figure))


def sample_canvas(
    pictures: np.ndarray, key: str, label: str, columns: int = 8, size: int = 560
) -> None:
    """Show bytes of shape (n, channels, height, width) as a grid, row by row.

    `channels` is 1 or 3; `label` is what a screen reader says; `size` is the largest width in
    CSS pixels. A click on a picture enlarges it, another one shows them all again.
    """
    n, channels, height, width = pictures.shape
    head = {"n": n, "channels": channels, "height": height, "width": width}
    head |= {"columns": columns, "label": label, "size": size}
    pixels = np.ascontiguousarray(pictures.transpose(0, 2, 3, 1)).tobytes()
    _samples(key=key, data=_with_header(_as_json(head), pixels))


def timeline(moments: Sequence[Moment], key: str, run: str, columns: int, size: int) -> None:
    """Show the grids that a run kept, with a slider and a button to play them.

    It stays where it was scrubbed to, unless it showed the newest one or `run` is another run.
    """
    start, rows = 0, []
    for moment in moments:
        length = len(moment.content)
        rows.append(
            {"n": moment.size, "caption": moment.caption(), "start": start, "length": length}
        )
        start += length
    head = {"moments": rows, "columns": columns, "size": size, "run": run}
    _timeline(key=key, data=_with_header(_as_json(head), b"".join(m.content for m in moments)))


def _with_header(head: str, content: bytes) -> bytes:
    text = head.encode()
    return struct.pack("<i", len(text)) + text + content


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def tiles(rows: Sequence[Mapping[str, Any]], key: str) -> None:
    """Show tiles with `label`, `value`, `note`, a `spark` line of numbers, and a `stamp`.

    The stamp, a time, is not shown; it stands in the element for whoever measures the page.
    """
    _tiles(key=key, data=_as_json(list(rows)).encode())


def encode(figure: Mapping[str, Any]) -> bytes:
    """Return a figure as a JSON header and, behind it, its arrays as 32-bit numbers.

    An array stands in the JSON as {"bytes": [kind, start, length]}; one that several curves share,
    such as the steps under both losses, is sent once. Every message is the whole figure:
    Streamlit replaces a message that still waits by the next one, so what builds on the last
    one could build on a message that was never sent.
    """
    places: dict[int, list[Any]] = {}
    content: list[bytes] = []

    def place(value: Any) -> Any:
        if isinstance(value, np.generic):
            return value.item()
        if not isinstance(value, np.ndarray):
            raise TypeError(f"{type(value).__name__} has no place in a figure")
        if id(value) not in places:
            kind = "i4" if value.dtype.kind in "iu" else "f4"
            start = sum(map(len, content))
            content.append(value.astype(f"<{kind}").tobytes())
            places[id(value)] = [kind, start, value.size]
        return {"bytes": places[id(value)]}

    text = json.dumps(figure, default=place, ensure_ascii=False, separators=(",", ":"))
    return _with_header(text, b"".join(content))
