"""A real browser for tests, benchmarks and screenshots.

`python -m tests.helpers.browser` finds a Chromium on this machine, or installs one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

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


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless browser.

    Raises:
        FileNotFoundError: if there is none.
    """
    path = installed_browser()
    if path is None:
        raise FileNotFoundError("There is no Chromium; run `python -m tests.helpers.browser`.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def main() -> None:
    if installed_browser() is None:
        install_browser()
    found = installed_browser()
    print(f"browser: {found}" if found else "browser: none; its tests will be skipped")
    if found is None and os.environ.get("CI"):
        sys.exit("A browser is needed in CI.")


if __name__ == "__main__":
    main()
