"""Every text on every page has the contrast that WCAG asks for, in the light and the dark theme."""

import re

import pytest

from tests.helpers.contrast import faint_texts
from tests.helpers.tab import SMALL_DIGITS, eventually, press, settled, step

pytestmark = pytest.mark.timeout(180)

TALL = {"width": 1280, "height": 3000}
"""Charts that are out of sight are not drawn anew."""

PAGES = (
    ("Distributions", "learns a distribution", 500),
    ("Latent", "What lies between", 50),
    ("How it works", "How", 300),
    ("Reference", "Everything", 2_000),
    ("Runs", "runs", 15),
    ("Home", "GAN laboratory", 150),
)
"""Pages, words of their headings, and fewer texts than each shows."""

AT_ONCE = "* { transition: none !important; animation: none !important; }"
FAINT_WORDS = """
() => {
  const words = document.createElement("p");
  words.id = "faint-words";
  words.style.color = "rgba(128, 128, 128, 0.9)";
  words.textContent = "faint words";
  document.querySelector(".stMain h3").after(words);
}
"""


def is_dark(page):
    back = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    return sum(map(int, re.findall(r"\d+", page.evaluate(back))[:3])) < 3 * 128


def assert_readable(page, texts):
    """Look at the page in both themes, at no fewer texts than that."""
    settled(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        eventually(page, lambda: is_dark(page) == (scheme == "dark"))  # noqa: B023 -- used at once
        eventually(page, lambda: faint_texts(page)[0] >= texts)
        try:
            eventually(page, lambda: not faint_texts(page)[1], seconds=5)
        except AssertionError:
            pytest.fail(f"{page.url} in {scheme}: {faint_texts(page)[1]}")


def test_every_text_can_be_read(open_tab):
    page = open_tab("Pictures", SMALL_DIGITS, {"color_scheme": "light"})
    page.set_viewport_size(TALL)
    page.add_style_tag(content=AT_ONCE)
    press(page, "+10")
    eventually(page, lambda: step(page) == 10)
    page.get_by_role("radio", name="Export").click()
    page.get_by_text("The generator's file").click()
    page.get_by_text("Anywhere else").wait_for()
    assert_readable(page, 500)
    page.evaluate(FAINT_WORDS)
    assert [words for words, _ in faint_texts(page)[1]] == ["faint words"]
    page.evaluate("() => document.getElementById('faint-words').remove()")
    links = page.get_by_test_id("stSidebar").get_by_test_id("stPageLink")
    for name, heading, texts in PAGES:
        links.filter(has_text=name).click()
        page.get_by_role("heading", name=heading).first.wait_for()
        assert_readable(page, texts)
