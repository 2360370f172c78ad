"""The pages of pictures in a real Chromium: grids, timeline, panels, latent space."""

import io
import math
import re
import zipfile

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from gan_core.data.mnist import bundled_digits
from tests.helpers.tab import (
    PIXELS,
    SLOW_DIGITS,
    SMALL_DIGITS,
    eventually,
    link_of,
    pause,
    pictures,
    press,
    section,
    settled,
    step,
    train_to,
    visit_by_sidebar,
)

pytestmark = pytest.mark.timeout(180)

MOVE = """
(slider, place) => {
  slider.value = place;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}
"""


def test_the_grid_of_digits_moves_and_each_place_keeps_its_noise(open_tab):
    page = open_tab("Pictures", SMALL_DIGITS)
    page.locator("canvas").nth(1).wait_for()
    real, begun = pictures(page, "real"), pictures(page, "generated")
    assert real.shape == begun.shape == (64, 784)
    train_to(page, 30)
    pause(page)
    earlier, at = pictures(page, "generated"), step(page)
    press(page, "+10")
    eventually(page, lambda: step(page) == at + 10)
    settled(page)
    later = pictures(page, "generated")
    assert (np.abs(earlier - begun).max(1) > 0).all()
    assert (np.abs(later - earlier).max(1) > 0).all()
    gaps = np.linalg.norm(earlier[:, None] - later[None], axis=2)
    assert (gaps.argmin(1) == np.arange(64)).mean() > 0.9
    assert np.array_equal(pictures(page, "real"), real)


TOLD = SMALL_DIGITS | {"architecture": SMALL_DIGITS["architecture"] | {"conditional": True}}


def a_zip_of_digits(count):
    """Real picture files, two of which are none."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for i, image in enumerate(bundled_digits().images[:: 5000 // count]):
            picture = io.BytesIO()
            Image.fromarray(image[0].numpy()).convert("RGB").save(picture, "JPEG", quality=95)
            packed.writestr(f"digits/{i:04d}.jpg", picture.getvalue())
        packed.writestr("digits/readme.png", "this is text")
        packed.writestr("../outside.jpg", picture.getvalue())
    return file.getvalue()


def choose(page, title, name, option):
    """Choose an option of a selectbox in a section of the sidebar."""
    box = section(page, title).get_by_role("combobox", name=name).first
    box.click()
    page.get_by_role("option", name=option, exact=True).click()


def caption_of(page):
    return page.locator(".timeline .caption").inner_text()


def drawn_caption(page):
    """Return the timeline's caption once the picture that it names is drawn; else None."""
    caption = caption_of(page)
    label = page.locator(".timeline canvas").get_attribute("aria-label")
    return caption if caption in label else None


def frame_of(page):
    """Return what the timeline shows: its caption, and its canvas as a grey picture."""
    caption = eventually(page, lambda: drawn_caption(page))
    shown = page.evaluate(PIXELS, "timeline")
    return caption, np.array(shown["red"], dtype=float).reshape(-1, shown["width"])


def scrub(page, place):
    slider = page.get_by_role("slider", name="Moment of the run")
    slider.evaluate(MOVE, str(place))
    page.wait_for_timeout(200)
    return frame_of(page)


def test_an_uploaded_zip_is_trained_on_and_its_timeline_scrubbed(open_tab):
    page = open_tab("Pictures", SMALL_DIGITS | {"batch_size": 50})
    choose(page, "Target", "Dataset", "Pictures of my own")
    page.get_by_text("Choose pictures or a zip").wait_for()
    choose(page, "Target", "size", "28")
    page.locator("input[type=file]").first.set_input_files(
        {"name": "digits.zip", "mimeType": "application/zip", "buffer": a_zip_of_digits(200)}
    )
    page.get_by_role("button", name="Import").click()
    page.get_by_text("200 grey pictures").wait_for()
    assert page.get_by_text("Left out:").count()
    eventually(page, lambda: '"folder"' in link_of(page))
    train_to(page, 20)
    held = pause(page)
    assert page.locator(".stAlert").count() == 0

    caption, last = frame_of(page)
    newest = int(caption.split(" ")[1])
    assert int(caption.split("epoch ")[1]) == newest // 4
    kept = [0]
    while kept[-1] < newest:
        kept.append(max(1, 2 * kept[-1]) if kept[-1] < 32 else math.ceil(1.06 * kept[-1]))
    assert kept[-1] == newest >= 16
    first_caption, first = scrub(page, 0)
    assert first_caption == "step 0 · epoch 0"
    assert np.abs(first - last).max() > 30
    later_caption, _ = scrub(page, 3)
    assert later_caption == "step 4 · epoch 1"
    page.locator(".timeline").get_by_role("button", name="Play").click()
    eventually(page, lambda: caption_of(page) == caption)

    with page.expect_download() as waiting:
        page.get_by_role("button", name="All as GIF").click()
    assert waiting.value.suggested_filename == f"timeline-step-{held}.gif"
    movie = Image.open(waiting.value.path())
    assert movie.format == "GIF"
    assert movie.n_frames == len(kept)
    movie.seek(movie.n_frames - 1)
    shown = np.array(movie.convert("L"))
    enlarged = shown.shape[1] // (8 * 30 + 2)
    digit = shown[2 * enlarged :: enlarged, 2 * enlarged :: enlarged][:28, :28]
    assert np.abs(digit - last[:28, :28]).mean() < 6


@pytest.mark.timeout(600)  # the classifier may have to be trained first
def test_census_and_nearest_pictures_on_the_page(open_tab, trained):
    page = open_tab("Pictures", SMALL_DIGITS)
    train_to(page, 30)
    held = pause(page)
    page.get_by_role("radio", name="Quality").click()
    page.get_by_role("button", name="Evaluate now").click()
    page.get_by_text("2,000 samples against 2,000 real pictures").wait_for(timeout=240_000)
    assert page.get_by_text("held-out").count()
    assert step(page) == held
    assert page.get_by_role("button", name="Evaluate now").is_enabled()
    bars = "() => [...document.querySelectorAll('.live-chart')].at(-1)._fullData?.map((t) => t.y)"
    real, generated = eventually(
        page, lambda: [b for b in page.evaluate(bars) or [] if len(b) == 10]
    )
    assert sum(real.values() if isinstance(real, dict) else real) == 2_000
    assert sum(generated.values() if isinstance(generated, dict) else generated) == 2_000
    page.get_by_role("radio", name="Memorised?").click()
    page.get_by_role("button", name="Find the nearest").click()
    page.get_by_text("Suspiciously close").first.wait_for(timeout=60_000)
    rows = pictures(page, "nearest real pictures in pixels")
    assert rows.shape == (24, 784)


def test_a_click_enlarges_a_picture(open_tab):
    page = open_tab("Pictures", SMALL_DIGITS)
    canvas = page.locator("canvas[aria-label*='generated pictures']").first
    canvas.click(position={"x": 5, "y": 5})
    eventually(page, lambda: "number 1" in canvas.get_attribute("aria-label"))
    assert canvas.evaluate("(c) => c.width") == 28
    train_to(page, 5)
    assert canvas.evaluate("(c) => c.width") == 28
    words = page.locator(".sample-canvas.zoomed .words")
    assert words.inner_text() == "number 1"
    canvas.focus()
    page.keyboard.press("ArrowDown")
    assert words.inner_text() == "number 9"
    for back in (
        lambda: canvas.click(),
        lambda: page.get_by_role("button", name="← All 64").click(),
        lambda: page.keyboard.press("Escape"),
    ):
        back()
        eventually(page, lambda: canvas.evaluate("(c) => c.width") > 200)
        canvas.focus()
        page.keyboard.press("Enter")
        eventually(page, lambda: words.inner_text() == "number 1")


def grids(page):
    """Return the boxes of the generated and of the real grid."""
    names = ("generated pictures", "real pictures")
    return [page.locator(f"canvas[aria-label*='{name}']").first.bounding_box() for name in names]


def test_both_grids_stand_level_and_their_columns_are_named(open_tab):
    page = open_tab("Pictures", TOLD)
    for width in (1600, 1280, 1000):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        fake, real = grids(page)
        assert (fake["y"], fake["height"]) == pytest.approx((real["y"], real["height"]), abs=0.5)
        names = page.locator(".sample-canvas .column-names").first.locator("span")
        assert names.all_inner_texts() == list("0123456789")
        for i, name in enumerate(names.all()):
            box = name.bounding_box()
            middle = (box["x"] + box["width"] / 2 - fake["x"]) / fake["width"]
            assert middle == pytest.approx((i + 0.5) / 10, abs=0.01)
            assert box["y"] + box["height"] <= fake["y"]


def test_the_latent_space_of_the_run(open_tab):
    page = open_tab("Pictures", SMALL_DIGITS)
    train_to(page, 30)
    held = pause(page)
    visit_by_sidebar(page, "Latent")
    page.get_by_role("heading", name="What lies between").wait_for()
    eventually(page, lambda: step(page) == held)
    all_, way = pictures(page, "choose from"), pictures(page, "walk through")
    assert np.array_equal(way[[0, 15]], all_[[0, 1]])
    for kind, count in (("Sheet", 64), ("Arithmetic", 4), ("Truncation", 64)):
        page.get_by_role("radio", name=kind).click()
        name = {"Arithmetic": "three means"}.get(kind, f"{kind.lower()} through")
        page.locator(f"canvas[aria-label*='{name}']").wait_for()
        assert len(pictures(page, name)) == count
    train_to(page, held + 10)


def test_a_long_step_says_how_long_it_runs_and_that_it_pauses(open_tab):
    page = open_tab("Pictures", SLOW_DIGITS)
    page.set_viewport_size({"width": 1280, "height": 800})
    tile = page.locator(".tiles .tile[data-name='step']")
    press(page, "Train")
    note = tile.locator(".note")
    expect(note).to_have_text(re.compile(r"this step \d+ s, none timed yet"), timeout=60_000)
    box = tile.bounding_box()
    assert box["y"] + box["height"] < 800
    press(page, "Pause")
    expect(note).to_have_text(re.compile("pausing after this half step"), timeout=10_000)
    expect(note).to_have_text(re.compile("paused"), timeout=60_000)
