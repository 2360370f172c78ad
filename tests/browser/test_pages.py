"""The real app in a real Chromium."""

import re

import numpy as np
import pytest

from gan_core import ExperimentConfig, Trainer
from gan_core.presets import PRESETS
from tests.helpers.tab import (
    CURVES,
    DRAWN,
    HIDE,
    ZOOM,
    Socket,
    Tab,
    drag_across,
    eventually,
    frames,
    label,
    link_of,
    pause,
    press,
    section,
    settled,
    shown_in,
    steady,
    step,
    tile,
    train_to,
    visit_by_sidebar,
    zoom_in,
)
from ui.components import CODE

pytestmark = pytest.mark.timeout(180)
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
    socket = Socket(page, "distributions.distances")
    train_to(page, 300)
    bytes_before, frames_before = socket.bytes, socket.frames
    eventually(page, lambda: socket.frames >= frames_before + 20)
    a_frame = (socket.bytes - bytes_before) / (socket.frames - frames_before)
    assert 10_000 < a_frame <= 30_000
    held = pause(page)
    settled(page)
    steady(page, frames)
    whole = page.evaluate(CURVES)["loss of D"][0]
    assert max(np.diff(whole)) > 1  # so many steps are drawn in bins
    chart = page.locator(".live-chart", has_text="loss of D").locator(".nsewdrag").first
    box = drag_across(page, chart, 0.4, 0.5)
    middle = round(0.45 * held)
    eventually(
        page,
        lambda: {middle - 1, middle, middle + 1} <= set(page.evaluate(CURVES)["loss of D"][0]),
    )
    assert page.evaluate(CURVES)["D(x), real"][0] == whole  # another chart
    page.mouse.dblclick(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    eventually(page, lambda: page.evaluate(CURVES)["loss of D"][0] == whole)


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
    eventually(page, lambda: page.evaluate(DRAWN))
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
    press(page, "+10")
    eventually(page, lambda: step(page) == 10)
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
    press(page, "Use these numbers")
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
