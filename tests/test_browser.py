"""What only a browser shows: the real app in a real Chromium."""

import io
import json
import re
import time
import zipfile
from urllib.parse import quote, urlsplit

import numpy as np
import pytest
from PIL import Image

from benchmarks.live import CHAPTER, DRAWN, FRAMES, HIDE, ZOOM, zoom_in
from gan_core import ExperimentConfig, Trainer
from gan_core.data.mnist import bundled_digits
from gan_core.explain.step_recording import LINES
from gan_core.presets import PRESETS
from tests.laboratory import DRAWN as ALL_DRAWN
from tests.laboratory import Socket, open_page, press, step, tile
from ui.components import CODE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.timeout(180),
]
PATIENCE = 30.0
WINDOW = {"width": 1280, "height": 900}
PROBES = "/_stcore/"
SMALL_DIGITS = {
    "dataset": {"name": "mnist"},
    "architecture": {
        "generator": {"name": "mlp", "depth": 1, "width": 64},
        "discriminator": {"name": "mlp", "depth": 1, "width": 64},
    },
}
PIXELS = """
(name) => {
  const canvas = document.querySelector(`canvas[aria-label*="${name}"]`);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const red = [];
  for (let i = 0; i < data.length; i += 4) red.push(data[i]);
  return { red, width: canvas.width };
}
"""
CLICK_AT_EVERY_CHANGE = """
(clicks) => {
  const buttons = () => [...document.querySelectorAll("button")];
  const main = () => buttons().find((b) => /Train|Pause/.test(b.innerText));
  const label = () => main()?.innerText.match(/Train|Pause/)[0];
  window.labels = [];
  const look = () => {
    const now = label();
    if (now && now !== window.labels.at(-1)) {
      window.labels.push(now);
      if (window.labels.length <= clicks) main().click();
    }
    requestAnimationFrame(look);
  };
  look();
}
"""
MOVE = """
(slider, place) => {
  slider.value = place;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}
"""
TEXT_COLORS = """
() => {
  const shown = (e) => e.textContent.trim() && e.getBoundingClientRect().width > 0;
  const chart = [...document.querySelectorAll(".live-chart svg text")].filter(shown);
  const tiles = [...document.querySelectorAll(".tile .label, .tile .value, .tile .note")];
  const back = getComputedStyle(document.querySelector(".stApp")).backgroundColor;
  return {
    back,
    chart: chart.map((e) => [e.textContent, getComputedStyle(e).fill, 1]),
    tiles: tiles.filter(shown).map((e) => {
      const style = getComputedStyle(e);
      return [e.textContent, style.color, Number(style.opacity)];
    }),
  };
}
"""


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
        assert self.complaints == []
        assert self.page.locator(".stException").count() == 0


@pytest.fixture(scope="module")
def window(browser):
    context = browser.new_context(viewport=WINDOW)
    yield context
    context.close()


@pytest.fixture
def open_tab(browser, window, address):
    """Open pages of the app in new tabs, each a new session; complain at the end.

    With `options` the tab is in a browser window that shares nothing with the others.
    """
    tabs = []

    def opened(path, setup=None, options=None):
        own = None if options is None else browser.new_context(viewport=WINDOW, **options)
        tabs.append(Tab((own or window).new_page()))
        link = "" if setup is None else f"?setup={quote(json.dumps(setup))}"
        open_page(tabs[-1].page, f"{address}/{path}{link}")
        return tabs[-1].page

    yield opened
    for tab in tabs:
        tab.check()
        if tab.page.context is window:
            tab.page.close()
        else:
            tab.page.context.close()


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


def train_to(page, steps):
    press(page, "Train")
    eventually(page, lambda: step(page) >= steps)


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


def test_charts_draw_the_numbers_of_the_run(open_tab):
    page = open_tab("Distributions")
    press(page, "+10")
    eventually(page, lambda: step(page) == 10)
    settled(page)
    steady(page, frames)
    drawn = page.evaluate(CURVES)
    trainer = Trainer(ExperimentConfig.from_dict({"dataset": {"name": "normal"}}))
    trainer.step(10)
    snapshot = trainer.snapshot()
    for name, column in (
        ("loss of D", "loss_d"),
        ("loss of G", "loss_g"),
        ("D(x), real", "d_real"),
    ):
        x, y = drawn[name]
        assert x == list(range(1, 11))
        assert y == pytest.approx(snapshot.history[column].tolist(), rel=1e-4)
    for name, curve in (("target density", "p_real"), ("generated density", "p_fake")):
        x, y = drawn[name]
        assert x == pytest.approx(snapshot.density.x, rel=1e-6, abs=1e-6)
        assert y == pytest.approx(getattr(snapshot.density, curve), rel=1e-3, abs=1e-5)


# What travels

LATE_CODE = f"""
(() => {{
  const code = Promise.withResolvers();
  const resolve = (modules) => (window.letCodeCome = () => code.resolve(modules));
  window.{CODE} = {{ promise: code.promise, resolve, reject: code.reject }};
}})()
"""


def test_a_frame_on_the_line_is_small_on_the_socket(open_tab):
    page = open_tab("Distributions")
    socket = Socket(page)
    train_to(page, 300)
    received, drawn = socket.bytes, frames(page)
    eventually(page, lambda: frames(page) >= drawn + 20)
    a_frame = (socket.bytes - received) / (frames(page) - drawn)
    assert 10_000 < a_frame <= 30_000


def test_what_came_before_the_code_is_drawn_when_it_comes(window, address):
    tab = Tab(window.new_page())
    page = tab.page
    page.add_init_script(LATE_CODE)
    page.goto(f"{address}/Distributions")
    label(page, "Train")
    for _ in range(3):
        press(page, "+10")
        page.wait_for_timeout(1000)
    settled(page)
    assert page.locator(".tile").count() == page.locator(".live-chart svg").count() == 0
    page.evaluate("() => window.letCodeCome()")
    eventually(page, lambda: page.locator(".tile").count() and step(page) == 30)
    eventually(page, lambda: page.evaluate(ALL_DRAWN))
    assert page.evaluate(CURVES)["loss of D"][0] == list(range(1, 31))
    tab.check()
    page.close()


# The controls


def test_training_moves_step_and_chart_and_a_pause_holds(open_tab):
    page = open_tab("Distributions")
    drawn = frames(page)
    train_to(page, 20)
    eventually(page, lambda: frames(page) >= drawn + 5)
    held = pause(page)
    drawn = steady(page, frames)
    page.wait_for_timeout(1500)
    assert step(page) == held
    assert frames(page) == drawn


def test_one_step_is_one_step(open_tab):
    page = open_tab("Distributions")
    for expected in (1, 2):
        press(page, "+1")
        eventually(page, lambda: step(page) == expected)  # noqa: B023 -- used at once
        page.wait_for_timeout(500)
        assert step(page) == expected
    press(page, "+100")
    eventually(page, lambda: step(page) == 102)
    page.wait_for_timeout(500)
    assert step(page) == 102


def test_space_trains_and_pauses(open_tab):
    page = open_tab("Distributions")
    page.get_by_role("heading", name="A generator learns").click()
    page.keyboard.press("Space")
    label(page, "Pause")
    eventually(page, lambda: step(page) > 5)
    page.keyboard.press("Space")
    label(page, "Train")
    settled(page)
    held = steady(page, step)
    page.wait_for_timeout(800)
    assert step(page) == held


def test_quick_clicks_are_neither_lost_nor_doubled(open_tab):
    page = open_tab("Distributions")
    page.evaluate(CLICK_AT_EVERY_CHANGE, 25)
    eventually(page, lambda: page.evaluate("() => window.labels.length") >= 26)
    page.wait_for_timeout(1000)
    assert page.evaluate("() => window.labels") == ["Train", "Pause"] * 13
    before = step(page)
    eventually(page, lambda: step(page) > before)


def test_zoom_and_legend_are_kept_while_training(open_tab):
    page = open_tab("Distributions")
    whole = page.evaluate(ZOOM)
    train_to(page, 20)
    zoom_in(page)
    kept, hidden = page.evaluate(ZOOM), page.evaluate(HIDE)
    assert kept != whole
    assert "legendonly" in hidden
    drawn = frames(page)
    eventually(page, lambda: frames(page) >= drawn + 5)
    assert page.evaluate(ZOOM) == kept
    assert page.evaluate(HIDE) == hidden


# The sidebar, links and pages


def test_a_learning_rate_changes_while_training_goes_on(open_tab):
    page = open_tab("Distributions")
    train_to(page, 20)
    box = section(page, "Optimizers")
    before = step(page)
    box.get_by_role("slider", name="learning rate").first.focus()
    page.keyboard.press("ArrowRight")
    eventually(page, lambda: '"lr":0.005' in link_of(page))
    assert step(page) >= before
    eventually(page, lambda: step(page) > before + 20)


def test_switching_pages_leaves_a_run_as_it_was(open_tab):
    page = open_tab("Distributions")
    train_to(page, 20)
    held = pause(page)
    visit_by_sidebar(page, "Pictures")
    page.locator("canvas").first.wait_for()
    eventually(page, lambda: step(page) == 0)
    assert page.locator(".stAlert").count() == 0
    visit_by_sidebar(page, "Distributions")
    eventually(page, lambda: tile(page, "mean of 10,000 samples"))
    label(page, "Train")
    assert step(page) == held
    train_to(page, held + 20)
    seen = step(page)
    visit_by_sidebar(page, "Pictures")
    page.locator("canvas").first.wait_for()
    visit_by_sidebar(page, "Distributions")
    label(page, "Pause")
    eventually(page, lambda: step(page) > seen)


def test_a_link_in_another_browser_shows_its_setup(open_tab):
    setup = {
        "dataset": {"name": "exponential", "scale": 3.0},
        "loss": {"name": "hinge"},
        "optimizer_d": {"name": "sgd", "lr": 0.02},
        "n_critic": 3,
    }
    page = open_tab("Distributions", setup, options={})
    assert shown_in(page, "Target", "Dataset") == "Exponential"
    assert shown_in(page, "Loss", "Loss") == "Hinge"
    assert section(page, "Optimizers").get_by_role("combobox").last.input_value() == "SGD"
    n_critic = section(page, "Training").get_by_role("slider", name="D updates per G update")
    assert n_critic.input_value() == "3"
    assert page.locator(".stAlert").count() == 0
    assert ExperimentConfig.from_json(link_of(page)) == ExperimentConfig.from_dict(setup)


def test_a_broken_link_gets_a_sentence(open_tab):
    page = open_tab("Distributions", {"loss": {"name": "no_such_loss"}})
    assert "no_such_loss" in page.locator(".stAlert").inner_text()
    assert shown_in(page, "Loss", "Loss") == "Non-saturating"


def test_an_uploaded_file_becomes_the_target(open_tab):
    page = open_tab("Distributions")
    train_to(page, 20)
    pause(page)
    target = section(page, "Target").get_by_role("combobox", name="Dataset")
    target.fill("A column")
    target.press("Enter")
    page.get_by_text("Choose a CSV file.").wait_for()
    numbers = np.random.default_rng(0).normal(70, 3, 500)
    content = "weight\n" + "\n".join(f"{number:.4f}" for number in numbers)
    page.locator("input[type=file]").set_input_files(
        {"name": "weights.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    page.get_by_text("500 numbers from column").wait_for()
    eventually(page, lambda: step(page) == 0)

    def axis_holds_the_target():
        low, high = (float(end) for end in page.evaluate(ZOOM).split(","))
        return low < numbers.min() < numbers.max() < high

    eventually(page, axis_holds_the_target)
    train_to(page, 20)
    assert page.locator(".stAlert").count() == 0


def test_home_and_a_preset(window, address):
    tab = Tab(window.new_page())
    page = tab.page
    page.goto(address)
    page.get_by_role("button", name="Open and train").last.wait_for()
    assert page.get_by_role("button", name="Open and train").count() == len(PRESETS)
    press(page, "Open and train")
    page.wait_for_url(re.compile("Distributions"))
    eventually(page, lambda: page.locator(".live-chart").count() and step(page) > 20)
    pause(page)
    tab.check()
    page.close()


# Pictures


def pictures(page, name):
    """Return a canvas's pictures as rows of pixels, once it is drawn."""
    page.locator(f"canvas[aria-label*='{name}']").first.wait_for()
    canvas = page.evaluate(PIXELS, name)
    grid = np.array(canvas["red"], dtype=float).reshape(-1, canvas["width"])
    rows, columns = range(0, grid.shape[0], 30), range(0, grid.shape[1], 30)
    return np.array([grid[y : y + 28, x : x + 28].ravel() for y in rows for x in columns])


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
    pause(page)
    assert page.locator(".stAlert").count() == 0

    caption, last = frame_of(page)
    epochs = int(caption.split("epoch ")[1])
    assert epochs >= 4
    first_caption, first = scrub(page, 0)
    assert first_caption == "step 0 · epoch 0"
    assert np.abs(first - last).max() > 30
    later_caption, _ = scrub(page, 3)
    assert later_caption == "step 4 · epoch 1"
    page.locator(".timeline").get_by_role("button", name="Play").click()
    eventually(page, lambda: caption_of(page) == caption)

    with page.expect_download() as waiting:
        page.get_by_role("button", name="All as GIF").click()
    movie = Image.open(waiting.value.path())
    assert movie.format == "GIF"
    assert movie.n_frames == 3 + epochs  # steps 0, 1 and 2, then every epoch
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
    canvas.click()
    eventually(page, lambda: canvas.evaluate("(c) => c.width") > 200)


def test_the_latent_space_of_the_run(open_tab):
    page = open_tab("Pictures", SMALL_DIGITS)
    train_to(page, 30)
    held = pause(page)
    visit_by_sidebar(page, "Latent")
    page.get_by_role("heading", name="What lies between").wait_for()
    eventually(page, lambda: step(page) == held)
    all_, way = pictures(page, "choose from"), pictures(page, "walk through")
    assert np.abs(way[0] - all_[0]).max() <= 2
    assert np.abs(way[15] - all_[1]).max() <= 2
    for kind, count in (("Sheet", 64), ("Arithmetic", 4), ("Truncation", 64)):
        page.get_by_role("radio", name=kind).click()
        name = {"Arithmetic": "three means"}.get(kind, f"{kind.lower()} through")
        page.locator(f"canvas[aria-label*='{name}']").wait_for()
        assert len(pictures(page, name)) == count
    train_to(page, held + 10)


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
        page.wait_for_function(ALL_DRAWN)  # no number of frames can be exceeded before the first
        seen, drawn = step(page), page.evaluate(DRAWN)
        eventually(page, lambda: step(page) > seen and page.evaluate(DRAWN) > drawn)  # noqa: B023
        assert page.locator(".katex-error").count() == 0


# Looks


# The doctor


def test_a_remedy_brings_a_starved_run_back(open_tab):
    adam = {"name": "adam", "lr": 0.01, "beta1": 0.5, "beta2": 0.999}
    setup = {
        "dataset": {"name": "normal", "mean": 10.0, "std": 1.0},
        "loss": {"name": "minimax"},
        "regularizer": {"name": "none"},
        "optimizer_g": {"name": "sgd", "lr": 0.05},
        "optimizer_d": adam,
        "n_critic": 3,
    }
    page = open_tab("Distributions", setup)

    def mean():
        return float(tile(page, "mean of 10,000 samples"))

    press(page, "Train")
    page.get_by_text("G is starved of gradient").first.wait_for()
    assert abs(mean()) < 2
    before = step(page)
    page.get_by_role("button", name="Use the non-saturating loss").click()
    eventually(page, lambda: '"loss"' not in link_of(page))  # the default of the page
    page.get_by_text("Nothing wrong").first.wait_for()
    eventually(page, lambda: abs(mean() - 10) < 1)
    label(page, "Pause")  # it trained on
    assert step(page) > before
    assert shown_in(page, "Loss", "loss") == "Non-saturating"
    pause(page)


def luminance(color):
    """Return WCAG 2.2's relative luminance."""
    linear = np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(front, back, opacity):
    """Return WCAG 2.2's contrast ratio of two CSS colours."""
    front, back = (np.array(re.findall(r"[\d.]+", c)[:3], float) / 255 for c in (front, back))
    lights = luminance(front * opacity + back * (1 - opacity)), luminance(back)
    return (max(lights) + 0.05) / (min(lights) + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_colour_schemes(open_tab, scheme):
    page = open_tab("Distributions", options={"color_scheme": scheme})
    settled(page)
    colors = page.evaluate(TEXT_COLORS)
    back = np.array(re.findall(r"[\d.]+", colors["back"])[:3], float).mean()
    assert (back > 128) == (scheme == "light")
    words = colors["chart"] + colors["tiles"]
    assert {"density, per unit of x", "target density", "step", "–"} <= {w[0] for w in words}
    faint = [w for w in words if contrast(w[1], colors["back"], w[2]) < 4.5]
    assert faint == []
