"""Where things stand on the pages: what is in sight, what stays in its place, what overprints."""

import pytest

from tests.helpers.tab import (
    CHAPTER,
    WINDOW,
    eventually,
    label,
    pause,
    press,
    settled,
    step,
    train_to,
)

pytestmark = pytest.mark.timeout(180)

PHONE = {"width": 390, "height": 844}

BOXES = """
() => {
  const controls = "button, input:not([type=range]), summary";
  const chosen = `${controls}, h3, .live-chart, .tiles, [class*='-doctor']`;
  return [...document.querySelectorAll(".stMain, .stSidebar")].flatMap((part) =>
    [...part.querySelectorAll(chosen)].map((e) => {
      const { left, top, width, height } = e.getBoundingClientRect();
      const plot = e._fullLayout ? Object.values(e._fullLayout._size).slice(0, 4) : [];
      return [left, top, width, height, ...plot].map(Math.round).join(" ");
    }),
  );
}
"""
"""The places of all controls, and of each chart's plot within it."""

OVERPRINTS = """
() => {
  const found = [];
  let count = 0;
  for (const chart of document.querySelectorAll(".live-chart")) {
    const shown = [...chart.querySelectorAll("text")].filter((e) => {
      const box = e.getBoundingClientRect();
      return box.width && e.textContent.trim() && getComputedStyle(e).visibility !== "hidden";
    });
    const boxes = shown.map((e) => [e.textContent, e.getBoundingClientRect()]);
    count += boxes.length;
    boxes.forEach(([words, a], i) => {
      for (const [others, b] of boxes.slice(i + 1)) {
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 2 && high > 3) found.push(`${words} | ${others}`);
      }
    });
  }
  return { count, found };
}
"""
"""Texts in charts that lie on one another."""


def bottom(page, words):
    """Return where the chart with those words ends, in pixels from the window's upper edge."""
    box = page.locator(".live-chart", has_text=words).first.bounding_box()
    return box["y"] + box["height"]


def assert_no_overprints(page, texts):
    seen = eventually(page, lambda: page.evaluate(OVERPRINTS))
    assert seen["count"] >= texts
    assert seen["found"] == []


def test_all_of_a_distribution_is_in_sight_without_scrolling(open_tab):
    page = open_tab("Distributions")
    press(page, "+10")
    eventually(page, lambda: step(page) == 10)
    settled(page)
    for words in ("x = G(z)", "loss of G", "½: cannot tell", "Wasserstein-1"):
        assert 0 < bottom(page, words) <= WINDOW["height"], words
    verdict = page.get_by_text("so far there are 10").bounding_box()
    evidence = page.get_by_role("button", name="Evidence").bounding_box()
    assert abs(evidence["y"] - verdict["y"]) < verdict["height"]
    assert evidence["x"] > verdict["x"]
    assert_no_overprints(page, 60)
    page.set_viewport_size(PHONE)
    eventually(
        page, lambda: page.evaluate("() => document.querySelector('.live-chart').clientWidth < 390")
    )
    page.wait_for_timeout(500)
    assert_no_overprints(page, 60)


def test_nothing_moves_when_a_run_trains_and_pauses(open_tab):
    page = open_tab("Distributions")
    settled(page)
    before = page.evaluate(BOXES)
    assert len(before) > 40
    train_to(page, 300)
    label(page, "Pause")
    assert page.evaluate(BOXES) == before
    pause(page)
    assert page.evaluate(BOXES) == before


def test_the_doctor_is_in_sight_in_every_chapter(open_tab):
    page = open_tab("How_it_works")
    press(page, "+10")
    eventually(page, lambda: step(page) == 10)
    for name in page.get_by_role("radio", name=CHAPTER).all_inner_texts():
        page.get_by_role("radio", name=name).click()
        settled(page)
        evidence = page.get_by_role("button", name="Evidence").bounding_box()
        assert (
            evidence["y"] + evidence["height"]
            < page.get_by_role("radio", name=name).bounding_box()["y"]
        )
        page.wait_for_timeout(700)
        assert_no_overprints(page, 10)
        page.set_viewport_size(PHONE)
        page.wait_for_timeout(700)
        assert_no_overprints(page, 10)
        page.set_viewport_size(WINDOW)
