"""The real app in a real browser, for tests, benchmarks and screenshots.

`python tests/laboratory.py` finds a Chromium on this machine, or installs one.
"""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

DRAWN = """
() => {
  const charts = [...document.querySelectorAll(".live-chart, .sample-canvas")];
  return charts.length > 0 && charts.every((chart) => chart.dataset.frames > 0);
}
"""


def installed_browser() -> str | None:
    """Return the path of a browser on this machine, Playwright's own included, or None."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


def install_browser() -> None:
    """Try Debian's package where that is possible, then Playwright's download."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-q"], check=False)
        subprocess.run(["apt-get", "install", "-qy", "chromium"], check=False)
    if installed_browser() is None:
        playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
        subprocess.run(playwright, check=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def app(environment: Mapping[str, str] | None = None, log: Path | None = None) -> Iterator[str]:
    """Run `streamlit run dashboard.py` on a free port; yield its address.

    What the server prints goes to the file `log`.
    """
    with server(free_port(), environment, log) as (address, _):
        yield address


@contextmanager
def server(
    port: int, environment: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator[tuple[str, subprocess.Popen]]:
    """Run the app on that port, as `make run` does; yield its address and its process."""
    command = [sys.executable, "-m", "streamlit", "run", "dashboard.py"]
    command += ["--server.port", str(port), "--server.headless", "true"]
    output = log.open("wb") if log else subprocess.DEVNULL
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"MALLOC_ARENA_MAX": "2"} | dict(environment or {}),
        stdout=output,
        stderr=output,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(address, process)
        yield address, process
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_healthy(address: str, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"The server ended with status {server.returncode}.")
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError("The server did not answer within a minute.")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless browser.

    Raises:
        FileNotFoundError: if there is none.
    """
    path = installed_browser()
    if path is None:
        raise FileNotFoundError("There is no Chromium; run `python tests/laboratory.py`.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Socket:
    """The bytes that a tab's websocket has received, as the browser counts them."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        session = page.context.new_cdp_session(page)
        session.on("Network.webSocketFrameReceived", self._count)
        session.send("Network.enable")

    def _count(self, event: dict[str, Any]) -> None:
        content = event["response"]["payloadData"]
        is_text = event["response"]["opcode"] == 1  # anything else comes in base 64
        self.bytes += len(content.encode() if is_text else base64.b64decode(content))


def open_page(page: Page, address: str) -> None:
    """Go to a page of the app and wait until it can be used and every chart is drawn."""
    page.goto(address)
    page.get_by_role("button", name="Train").wait_for(timeout=60_000)
    page.wait_for_function(DRAWN, timeout=60_000)


def press(page: Page, name: str) -> None:
    """Click the button of that name."""
    page.get_by_role("button", name=name, exact=False).first.click()


def tile(page: Page, label: str) -> str:
    """Return a tile's value as it stands on the page.

    While the page is written anew a tile may stand twice: the new one above the one it replaces.
    """
    return page.locator(f".tile[data-name='{label}'] .value").first.inner_text()


def step(page: Page) -> int:
    """Return the step counter as it stands on the page."""
    return int(tile(page, "step").replace(",", ""))


def main() -> None:
    if installed_browser() is None:
        install_browser()
    found = installed_browser()
    print(f"browser: {found}" if found else "browser: none; its tests will be skipped")
    if found is None and os.environ.get("CI"):
        sys.exit("A browser is needed in CI.")


if __name__ == "__main__":
    main()
