"""The page "How it works" in a real Chromium."""

import pytest

from gan_core.explain.step_recording import LINES
from tests.helpers.tab import (
    CHAPTER,
    DRAWN,
    LIVE_FRAMES,
    SMALL_DIGITS,
    eventually,
    frames,
    press,
    settled,
    step,
    train_to,
)

pytestmark = pytest.mark.timeout(180)

# How it works


def test_one_step_is_walked_line_by_line_and_back(open_tab):
    page = open_tab("How_it_works")
    lit = page.locator(".algorithm .lit")
    assert lit.count() == 0
    told = []
    for number, line in enumerate(LINES, 1):
        drawn = frames(page)
        press(page, "Line ▶")
        page.locator(".algorithm .lit", has_text=f"{number} {line.words}").wait_for()
        eventually(page, lambda: frames(page) > drawn)  # noqa: B023 -- used at once
        settled(page)
        told.append(page.locator(".stMain .katex-html").all_inner_texts())
        assert step(page) == 1
    assert len({str(formulas) for formulas in told}) == len(LINES)
    for number in range(len(LINES) - 1, 0, -1):
        press(page, "◀ Line")
        page.locator(".algorithm .lit", has_text=f"{number} {LINES[number - 1].words}").wait_for()
        settled(page)
        assert page.locator(".stMain .katex-html").all_inner_texts() == told[number - 1]
    assert step(page) == 1
    assert page.locator(".katex-error").count() == 0


@pytest.mark.parametrize("kind", ["Numbers", "Pictures"])
def test_every_chapter_moves_while_the_run_trains(open_tab, kind):
    page = open_tab("How_it_works", SMALL_DIGITS if kind == "Pictures" else None)
    train_to(page, 5)
    for name in page.get_by_role("radio", name=CHAPTER).all_inner_texts():
        page.get_by_role("radio", name=name).click()
        page.wait_for_timeout(1000)
        page.wait_for_function(DRAWN)  # no number of frames can be exceeded before the first
        seen, drawn = step(page), page.evaluate(LIVE_FRAMES)
        eventually(page, lambda: step(page) > seen and page.evaluate(LIVE_FRAMES) > drawn)  # noqa: B023
        assert page.locator(".katex-error").count() == 0
