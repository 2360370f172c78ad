"""The app in a tab of a browser: what one does there, and what one sees."""

from __future__ import annotations

import base64
import re
import time
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from playwright.sync_api import Locator, Page

PATIENCE = 30.0
PROBES = "/_stcore/"
FRAMES = "() => Number(document.querySelector('.live-chart').dataset.frames)"
LIVE_FRAMES = """
() => {
  const live = [...document.querySelectorAll(".live-chart, .sample-canvas")];
  return Number(live.find((e) => e.getBoundingClientRect().top < innerHeight).dataset.frames);
}
"""
CHAPTER = re.compile(r"^\d · ")
WINDOW = {"width": 1280, "height": 900}
ZOOM = "() => document.querySelector('.live-chart')._fullLayout.xaxis.range.map(Number).join()"
HIDE = "() => document.querySelector('.live-chart')._fullData.map((t) => t.visible).join()"
DRAWN = """
() => {
  const charts = [...document.querySelectorAll(".live-chart, .sample-canvas")];
  return charts.length > 0 && charts.every((chart) => chart.dataset.frames > 0);
}
"""


class Socket:
    """The bytes that a tab's websocket has received, as the browser counts them.

    `frames` is how often the element of that key came: a busy browser leaves frames undrawn.
    """

    def __init__(self, page: Page, key: str) -> None:
        self.bytes = self.frames = 0
        self._key = key.encode()
        session = page.context.new_cdp_session(page)
        session.on("Network.webSocketFrameReceived", self._count)
        session.send("Network.enable")

    def _count(self, event: dict[str, Any]) -> None:
        content = event["response"]["payloadData"]
        is_text = event["response"]["opcode"] == 1  # anything else comes in base 64
        received = content.encode() if is_text else base64.b64decode(content)
        self.bytes += len(received)
        self.frames += self._key in received


def open_page(page: Page, address: str) -> None:
    """Go to a page of the app and wait until it can be used and every chart is drawn."""
    page.goto(address)
    page.get_by_role("button", name="Train").wait_for(timeout=60_000)
    page.wait_for_function(DRAWN, timeout=60_000)


def press(page: Page, name: str) -> None:
    """Click the button of that name."""
    page.get_by_role("button", name=name, exact=False).first.click()


def tile(page: Page, label: str) -> str:
    """Return a tile's value as it stands on the page, with a hyphen for a minus.

    While the page is written anew a tile may stand twice: the new one above the one it replaces.
    """
    return page.locator(f".tile[data-name='{label}'] .value").first.inner_text().replace("−", "-")


def step(page: Page) -> int:
    """Return the step counter as it stands on the page."""
    return int(tile(page, "step").replace(",", ""))


def drag_across(
    page: Page, chart: Locator, start: float, end: float, down: float = 0.0
) -> dict[str, float]:
    """Drag the mouse from `start` to `end`, shares of a chart's width; return where the chart is.

    `down` is the share of its height that the box is high.
    """
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    box = chart.bounding_box()
    top = box["y"] + 0.3 * box["height"]
    page.mouse.move(box["x"] + start * box["width"], top)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], top + down * box["height"], steps=4)
    page.mouse.up()
    return box


def zoom_in(page: Page) -> None:
    """Draw a box on the first chart and hide its first curve, with the mouse."""
    drag_across(page, page.locator(".live-chart .nsewdrag").first, 0.3, 0.7, 0.4)
    page.locator(".live-chart .legendtoggle").first.click()
    page.wait_for_timeout(900)


def eventually(page, what, seconds=PATIENCE):
    """Wait until `what()` is true and return it."""
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < deadline, "It did not happen in time."
        page.wait_for_timeout(50)
    return answer


def label(page, name):
    """Wait until the main button has that label."""
    page.get_by_role("button", name=name).first.wait_for()


def pause(page):
    """Pause, and return the step at which the run then stands."""
    press(page, "Pause")
    label(page, "Train")
    settled(page)
    return steady(page, step)


def steady(page, read):
    """Wait until `read(page)` has been the same for a second, and return it."""
    value, since = read(page), time.monotonic()
    while time.monotonic() - since < 1:
        page.wait_for_timeout(50)
        if (now := read(page)) != value:
            value, since = now, time.monotonic()
    return value


def settled(page):
    """Wait until Streamlit has nothing left to draw."""
    page.locator(".stApp[data-test-script-state='notRunning']").wait_for()


class Tab:
    """One browser tab, and what must never happen in it."""

    def __init__(self, page):
        self.page = page
        self.complaints = []
        page.set_default_timeout(1000 * PATIENCE)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("request", lambda request: self._address(request.url))
        page.on("websocket", lambda socket: self._address(socket.url))

    def _console(self, message):
        is_probe = "404" in message.text and PROBES in message.location["url"]
        if message.type == "error" and not is_probe:
            self.complaints.append(f"console: {message.text}")

    def _address(self, url):
        parts = urlsplit(url)
        if parts.scheme not in ("blob", "data") and parts.hostname != "127.0.0.1":
            self.complaints.append(f"asked {url}")

    def check(self):
        assert self.complaints == [], self.complaints
        assert self.page.locator(".stException").count() == 0


SMALL_DIGITS = {
    "dataset": {"name": "mnist"},
    "architecture": {
        "generator": {"name": "mlp", "depth": 1, "width": 64},
        "discriminator": {"name": "mlp", "depth": 1, "width": 64},
    },
}
WIDE = {"name": "dcgan", "channels": 128}
SLOW_DIGITS = {
    "dataset": {"name": "mnist"},
    "batch_size": 768,
    "architecture": {"generator": WIDE, "discriminator": WIDE},
}
"""One update of D or of G takes seconds on a core."""
PIXELS = """
(name) => {
  const canvas = document.querySelector(`canvas[aria-label*="${name}"]`);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const red = [];
  for (let i = 0; i < data.length; i += 4) red.push(data[i]);
  return { red, width: canvas.width };
}
"""


def train_to(page, steps):
    press(page, "Train")
    eventually(page, lambda: step(page) >= steps)


def frames(page):
    return page.evaluate(FRAMES)


def section(page, title):
    """Open a section of the sidebar."""
    box = page.get_by_test_id("stSidebar").get_by_test_id("stExpander").filter(has_text=title)
    if box.locator("details[open]").count() == 0:
        box.locator("summary").click()
    return box


def shown_in(page, title, name):
    """Return what the selectbox of that name in a section shows."""
    return section(page, title).get_by_role("combobox", name=name).first.input_value()


def link_of(page):
    """Return the set-up in the page's address."""
    return page.evaluate("() => new URL(location).searchParams.get('setup') ?? ''")


def visit_by_sidebar(page, name):
    page.get_by_test_id("stSidebar").get_by_test_id("stPageLink").filter(has_text=name).click()
    page.wait_for_url(re.compile(name))


CURVES = """
() => Object.fromEntries(
  [...document.querySelectorAll(".live-chart")]
    .flatMap((chart) => chart._fullData ?? [])
    .map((curve) => [curve.name, [[...curve.x], [...curve.y]]]),
)
"""


def pictures(page, name):
    """Return a canvas's pictures as rows of pixels, once it is drawn."""
    page.locator(f"canvas[aria-label*='{name}']").first.wait_for()
    canvas = page.evaluate(PIXELS, name)
    grid = np.array(canvas["red"], dtype=float).reshape(-1, canvas["width"])
    rows, columns = range(0, grid.shape[0], 30), range(0, grid.shape[1], 30)
    return np.array([grid[y : y + 28, x : x + 28].ravel() for y in rows for x in columns])
