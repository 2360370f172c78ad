"""Records docs/run.gif from the running app: `make gif`.

A run with the defaults on the page Distributions, at 10 steps a second, from step 0 until the
orange hill sits on the blue one.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from tests.helpers.app import app
from tests.helpers.browser import chromium
from tests.helpers.tab import open_page, press, step

GIF = Path(__file__).parent / "run.gif"
WINDOW = {"width": 1280, "height": 880}
WIDTH = 900
"""Pixels of the moving picture."""

LAST_STEP, MAX_FRAMES = 600, 60
"""The step to reach, and the most frames."""

FRAME_MS, FIRST_MS, LAST_MS = 140, 800, 2_500
COLORS, VIVID = 256, 60


def photograph(page: Page) -> Image.Image:
    """Return the window as it is now, scaled down."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    height = round(picture.height * WIDTH / picture.width)
    return picture.resize((WIDTH, height), Image.Resampling.LANCZOS)


def record(page: Page, address: str) -> list[Image.Image]:
    """Train from step 0 to the last one and return the frames."""
    open_page(page, f"{address}/Distributions")
    page.get_by_role("combobox", name="Speed").click()
    page.get_by_role("option", name="10 steps/s").click()
    page.wait_for_timeout(2_000)
    page.mouse.move(700, 300)
    frames, reached = [photograph(page)], 0
    press(page, "Train")
    while reached < LAST_STEP and len(frames) < MAX_FRAMES:
        now = step(page)
        if now < min(reached + spacing(reached), LAST_STEP):
            page.wait_for_timeout(20)
            continue
        frames.append(photograph(page))
        reached = now
    return frames


def spacing(reached: int) -> int:
    """Return the steps until the next frame: the hill moves fast at first, and settles slowly."""
    return 6 if reached < 200 else 18


def save(frames: list[Image.Image], path: Path) -> None:
    """Write the frames with one palette, so that what does not change is not stored again."""
    palette = common_palette([frames[0], frames[len(frames) // 2], frames[-1]])
    flat = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    times = [FIRST_MS, *[FRAME_MS] * (len(flat) - 2), LAST_MS]
    flat[0].save(path, save_all=True, append_images=flat[1:], duration=times, loop=0, optimize=True)


def common_palette(frames: list[Image.Image]) -> Image.Image:
    """Return a palette in which the curves' colors count as much as the large pale areas."""
    pixels = np.concatenate([np.asarray(frame).reshape(-1, 3) for frame in frames])
    colors = np.unique(pixels, axis=0)
    vivid = colors[np.ptp(colors.astype(int), axis=1) > VIVID]
    chosen = np.concatenate([colors, np.repeat(vivid, 3, axis=0)])
    return Image.fromarray(chosen[None]).quantize(COLORS, kmeans=3)


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as runs,
        app({"GAN_RUNS": runs}) as address,
        chromium() as browser,
    ):
        frames = record(browser.new_page(viewport=WINDOW, color_scheme="light"), address)
    save(frames, GIF)
    print(f"{GIF.name}: {len(frames)} frames, {GIF.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
