"""Pages open at their defaults, and presets at theirs."""

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import ExperimentConfig
from gan_core.presets import PRESETS
from tests.helpers.pages import PAGES, Visit, both_pages, setting, visit
from tests.helpers.paths import HOME

TITLES = {
    "distributions": "### A generator learns a distribution",
    "pictures": "### A generator learns to draw",
}


# Pages and presets


def test_home_opens():
    at = AppTest.from_file(str(HOME), default_timeout=60).run()
    assert not at.exception
    assert not at.error
    assert any(text.value == "# GAN laboratory" for text in at.main.markdown)
    assert "CPU" in at.caption[0].value or "GiB" in at.caption[0].value
    links = [link.label for link in at.main.get("page_link")]
    assert links[:3] == ["Distributions", "Pictures", "Latent space"]
    assert links[3:] == ["How it works", "Reference", "Runs"]
    assert len(at.get("button")) == len(PRESETS)


@both_pages
def test_page_opens_paused_at_its_defaults(page):
    opened = visit(page)
    assert opened.at.markdown[0].value.startswith(TITLES[page])
    assert opened.sentences() == []
    assert not opened.at.warning
    dataset = {"distributions": "normal", "pictures": "mnist"}[page]
    assert opened.config == ExperimentConfig.from_dict({"dataset": {"name": dataset}})
    assert not opened.run.playback.running
    assert opened.trainer.step_count == 0


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
@pytest.mark.parametrize("seen_before", [False, True])
def test_preset_opens_its_page_and_trains(preset, seen_before):
    page = preset.config.dataset.kind.page
    at = AppTest.from_file(str(HOME), default_timeout=60)
    if seen_before:
        at.switch_page(PAGES[page]).run()
        at.switch_page("dashboard.py")
    at.session_state["steps_per_frame"] = 1
    at.run()
    at.button(key=f"preset.{preset.name}").click().run()
    assert not at.exception
    assert not at.error
    opened = Visit(at, page)
    assert at.markdown[0].value.startswith(TITLES[page])
    assert opened.config == preset.config
    assert opened.run.playback.running
    assert opened.trainer.step_count == 1
    shown = {name: opened.widget(name).value for name in opened.widgets()}
    assert shown == {name: setting(preset.config, name) for name in shown}
