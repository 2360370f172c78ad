"""Elements that change many times a second: charts, sample grids and tiles.

`st.plotly_chart` builds a new element whenever its data change, which loses the zoom and hides
the chart for a moment; these keep theirs. Each is mounted under a stable key and fed with bytes.

Streamlit puts a component's JavaScript, CSS and HTML into each of its messages, so what it knows
is a stub: a line that hands its arguments to code that `load_code` brings to the page once.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from plotly.offline import get_plotlyjs

if TYPE_CHECKING:
    from gan_core.training.monitoring.sample_timeline import TimelineFrame

EVEN = 1e-6
"""How far evenly spaced numbers may be off their places, as a share of their stride."""

_HERE = Path(__file__).parent
_BODIES = {
    "live_chart": "",
    "column_names": "",
    "sample_canvas": '<canvas role="img" tabindex="0"></canvas>',
    "timeline": (_HERE / "timeline.html").read_text(),
    "tiles": "",
    "copy_links": "",
    "file_saver": "",
}
"""Every component with code of its own, and the HTML that stands in its root; `column_names` is no
component, but what two of them call."""

_MODULES = {name: (_HERE / f"{name}.js").read_text() for name in _BODIES}
_CSS = "".join((_HERE / f"{name}.css").read_text() for name in _BODIES)
CODE = "gan_" + hashlib.sha256(repr((_BODIES, _MODULES, _CSS)).encode()).hexdigest()[:8]
"""Where the code waits on the browser's `window`; another code has another name.

A page that stays open while the server is restarted with changed code so gets the new one, and new
roots, in which nothing is left over from the old one.
"""


def stub(name: str) -> tuple[str, str]:
    """Return the HTML and JavaScript that each message of a component has in it.

    What comes before the code waits on one promise, so it is drawn in its order, the newest last.
    """
    html = f'<div class="{name.replace("_", "-")}" data-code="{CODE}">{_BODIES[name]}</div>'
    code = f"(window.{CODE} ??= Promise.withResolvers()).promise"
    # Streamlit takes a single line for the path of a file.
    return html, f"export default (a) =>\n{code}.then((code) => code.{name}(a));"


def _component(name: str, html: str, js: str) -> Any:
    name = f"gan_laboratory_{name}"
    return st.components.v2.component(name, html=html, js=js, isolate_styles=False)


def _loader(name: str) -> Any:
    return _component(name, "<span></span>", (_HERE / f"{name}.js").read_text())


_code, _plotly = _loader("code_loader"), _loader("plotly_loader")
_chart = _component("live_chart", *stub("live_chart"))
_samples = _component("sample_canvas", *stub("sample_canvas"))
_timeline = _component("timeline", *stub("timeline"))
_tiles = _component("tiles", *stub("tiles"))
_links = _component("copy_links", *stub("copy_links"))
_saver = _component("file_saver", *stub("file_saver"))
_secret = _loader("browser_secret")


def load_code() -> None:
    """Bring the components' code into the browser; not in a fragment."""
    _code(key="code_loader", data={"name": CODE, "css": _CSS, "modules": _MODULES})


def load_plotly() -> None:
    """Bring plotly.js into the browser; not in a fragment.

    Streamlit sends a large message once and then its hash. The browser does not answer that it has
    the library: an answer reruns the page, and a rerun that overtakes a page still on its way loses
    the first values of its widgets.
    """
    _plotly(key="plotly_loader", data=_library())


@cache
def _library() -> bytes:
    return get_plotlyjs().encode()


def remember_browser(cookie: str, secret: str) -> str | None:
    """Let the browser keep its secret; return another one that it has already, or None."""
    data = {"cookie": cookie, "secret": secret}
    found = _secret(key="browser_secret", data=data, on_secret_change=lambda: None)
    return found.get("secret")


def copy_links(rows: Sequence[Mapping[str, str]], key: str) -> None:
    """Show buttons that copy links to this page, each with `label`, `help` and `query`."""
    _links(key=key, data=list(rows))


def save_file(file_id: str, name: str, mime: str, content: bytes) -> None:
    """Let the browser save a file; it does so once for each id."""
    head = {"id": file_id, "name": name, "mime": mime}
    _saver(key="file_saver", data=_with_header(_as_json(head), content))


def live_chart(
    figure: Mapping[str, Any],
    key: str,
    on_zoom: Callable[[], None] | None = None,
) -> None:
    """Show a Plotly figure (`data` and `layout`); zoom and legend stay from frame to frame.

    `on_zoom` is called when a visitor zooms; the component's `zoom` is then the ends of the x axis,
    or None for all of it.
    """
    if on_zoom is None:
        _chart(key=key, data=encode(figure))
        return
    layout = figure["layout"] | {"meta": "zoom"}
    _chart(key=key, data=encode({**figure, "layout": layout}), on_zoom_change=on_zoom)


def sample_canvas(
    pictures: np.ndarray,
    key: str,
    label: str,
    columns: int = 8,
    size: int = 560,
    titles: Sequence[str] | None = None,
    heads: Sequence[str] = (),
) -> None:
    """Show bytes of shape (n, channels, height, width) as a grid, row by row.

    `channels` is 1 or 3; `label` is what a screen reader says; `size` is the largest width in
    CSS pixels. A click on a picture enlarges it, another one shows them all again. `titles` are the
    words beside each enlarged picture, if not its number; `heads` are names above the columns.
    """
    n, channels, height, width = pictures.shape
    head = {"n": n, "channels": channels, "height": height, "width": width}
    head |= {"columns": columns, "label": label, "size": size}
    head |= {"titles": titles, "heads": heads}
    pixels = np.ascontiguousarray(pictures.transpose(0, 2, 3, 1)).tobytes()
    _samples(key=key, data=_with_header(_as_json(head), pixels))


def timeline(
    moments: Sequence[TimelineFrame],
    key: str,
    run: str,
    columns: int,
    size: int,
    heads: Sequence[str] = (),
) -> None:
    """Show the grids that a run kept, with a slider and a button to play them.

    It stays where it was scrubbed to, unless it showed the newest one or `run` is another run.
    `heads` are names above the columns.
    """
    start, rows = 0, []
    for moment in moments:
        length = len(moment.content)
        rows.append(
            {"n": moment.size, "caption": moment.caption(), "start": start, "length": length}
        )
        start += length
    head = {"moments": rows, "columns": columns, "size": size, "run": run, "heads": heads}
    _timeline(key=key, data=_with_header(_as_json(head), b"".join(m.content for m in moments)))


def _with_header(head: str, content: bytes) -> bytes:
    text = head.encode()
    return struct.pack("<i", len(text)) + text + content


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def tiles(rows: Sequence[Mapping[str, Any]], key: str) -> None:
    """Show tiles with `label`, `value`, `note`, a `spark` line of numbers, a `clock`, a `stamp`.

    A clock, with the seconds `after` and `usual` (or None), says in the place of the note how long
    the step takes, if no newer tiles come after so many seconds.

    The stamp, a time, is not shown; it stands in the element for whoever measures the page.
    """
    _tiles(key=key, data=_as_json(list(rows)).encode())


def encode(figure: Mapping[str, Any]) -> bytes:
    """Return a figure as a JSON header and, behind it, its arrays as 32-bit numbers.

    An array stands in the JSON as {"bytes": [kind, start, length]}; one that several curves share,
    such as the steps under both losses, is sent once. Evenly spaced numbers, as steps and axes
    are, need no bytes: they stand there as {"even": [first, stride, length]}. Every message is the
    whole figure: Streamlit replaces a message that still waits by the next one, so what builds on
    the last one could build on a message that was never sent.
    """
    places: dict[int, Any] = {}
    content: list[bytes] = []

    def place(value: Any) -> Any:
        if isinstance(value, np.generic):
            return value.item()
        if not isinstance(value, np.ndarray):
            raise TypeError(f"{type(value).__name__} has no place in a figure")
        if id(value) not in places:
            places[id(value)] = _even(value) or _bytes(value, content)
        return places[id(value)]

    text = json.dumps(figure, default=place, ensure_ascii=False, separators=(",", ":"))
    return _with_header(text, b"".join(content))


def _bytes(values: np.ndarray, content: list[bytes]) -> dict[str, list[Any]]:
    kind = "i4" if values.dtype.kind in "iu" else "f4"
    start = sum(map(len, content))
    content.append(values.astype(f"<{kind}").tobytes())
    return {"bytes": [kind, start, values.size]}


def _even(values: np.ndarray) -> dict[str, list[Any]] | None:
    """Return first value, stride and length of numbers that are spaced evenly, else None.

    They may be off by a millionth of the stride, less than 32 bits would make of most of them.
    """
    n = values.size
    if n < 4:
        return None
    first, second, last = (values[i].item() for i in (0, 1, -1))
    stride = (last - first) / (n - 1)
    allowed = EVEN * abs(stride)
    # Most curves end at the first comparison; a NaN or an infinity at either.
    if stride == 0 or not abs(second - first - stride) <= allowed:
        return None
    if not np.abs(first + stride * np.arange(n) - values).max() <= allowed:
        return None
    return {"even": [first, stride, n]}
