"""The cost of one frame of a live page: the pages' functions, timed and weighed from outside."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

from streamlit.testing.v1 import AppTest

import ui.components
from gan_core import Trainer
from tests.helpers.paths import HOME
from ui import figures
from ui.run.frame_timer import FrameTimer
from ui.views import distributions, pictures

LOOKS = 600
"""Snapshots that a long history is made of: more than a chart shows."""
CASES = {
    "1-D, 300 steps": ("1_Distributions", "distributions", 300, 30),
    "1-D, 6,000 steps": ("1_Distributions", "distributions", 6_000, LOOKS),
    "digits, 64 pictures": ("2_Pictures", "pictures", 20, 5),
}
"""Page, its run, the steps to train before, and how often the run is looked at meanwhile."""
ELEMENTS = ("live_chart", "tiles", "sample_canvas")
MOUNTS = {"_chart": "live_chart", "_tiles": "tiles", "_samples": "sample_canvas"}


class Frame:
    """The seconds and bytes of one frame, by what they were spent on."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    def timed(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **more: Any) -> Any:
            began = time.perf_counter()
            try:
                return work(*args, **more)
            finally:
                self.spent[part] += time.perf_counter() - began

        return run

    def mounted(self, work: Callable[..., Any], name: str) -> Callable[..., Any]:
        """Count what an element is sent, and the time that Streamlit takes to send it."""
        timed = self.timed("mount", work)
        code = sum(map(len, ui.components.stub(name)))

        def run(*args: Any, data: bytes, **more: Any) -> Any:
            self.spent["bytes"] += len(data)
            self.spent["code"] += code
            return timed(*args, data=data, **more)

        return run

    def row(self) -> dict[str, float]:
        spent = self.spent
        made = {
            "snapshot_ms": spent["snapshot"],
            "figures_ms": spent["figures"],
            "bytes_ms": spent["elements"] - spent["mount"],
        }
        made["server_ms"] = sum(made.values())
        made |= {"streamlit_ms": spent["mount"], "page_ms": spent["page"]}
        return {name: 1000 * value for name, value in made.items()} | {
            "bytes": spent["bytes"],
            "code_bytes": spent["code"],
        }


def watched(frame: Frame) -> ExitStack:
    """Time the functions that the pages call to draw a frame."""
    stack = ExitStack()

    def replace(owner: Any, name: str, work: Any) -> None:
        stack.enter_context(patch.object(owner, name, work))

    replace(Trainer, "snapshot", frame.timed("snapshot", Trainer.snapshot))
    for name in figures.__all__:
        replace(figures, name, frame.timed("figures", getattr(figures, name)))
    for page in (distributions, pictures):
        for name in ELEMENTS:
            if hasattr(page, name):
                replace(page, name, frame.timed("elements", getattr(page, name)))
    for mount, name in MOUNTS.items():
        replace(ui.components, mount, frame.mounted(getattr(ui.components, mount), name))
    add = FrameTimer.add_frame

    def add_frame(timer: FrameTimer, now: float, drawing: float) -> None:
        frame.spent["page"] += drawing
        add(timer, now, drawing)

    replace(FrameTimer, "add_frame", add_frame)
    return stack


def rows(case: str, frames: int) -> Iterator[dict[str, float]]:
    """Train the page's default experiment, then draw it so many times."""
    file, name, steps, looks = CASES[case]
    page = AppTest.from_file(str(HOME), default_timeout=120)
    page.switch_page(f"pages/{file}.py")
    page.session_state["steps_per_frame"] = 1
    page.run()
    run = page.session_state["visitor"].runs[name]
    for _ in range(looks):
        run.trainer.step(steps // looks)
        run.refresh()
    page.button(key=f"{name}.train").click().run()
    for _ in range(frames):
        frame = Frame()
        with watched(frame):
            page.run()
        assert not page.exception
        yield frame.row()
