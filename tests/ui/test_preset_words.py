"""The words of a preset's card go with its run: what to look for, and the card beside it."""

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.presets import PRESETS, partners
from tests.helpers.pages import (
    BROWSER,
    OTHER_BROWSER,
    Visit,
    both_pages,
    opened_by,
    visit,
)
from tests.helpers.paths import HOME
from ui.live.introduction import card_words

BY_NAME = {preset.name: preset for preset in PRESETS}
GENERAL = {"distributions": "G turns noise z into numbers x.", "pictures": "G turns noise into"}


def texts(at):
    return [text.value for text in at.main.markdown]


def offered(at):
    return [button.label for button in at.main.button if "partner" in (button.key or "")]


def begun(name):
    """Return the visit of a page on which a preset was begun by its card, and rests."""
    preset = BY_NAME[name]
    page = preset.config.dataset.kind.page
    at = AppTest.from_file(str(HOME), default_timeout=60)
    at.session_state["browser_secret"] = BROWSER
    at.session_state["steps_per_frame"] = 1
    at.run()
    at.button(key=f"preset.{name}").click().run()
    assert not at.exception
    opened = Visit(at, page)
    opened.press("train")
    assert not opened.run.playback.running
    return opened


def has_words_of(at, name):
    page = BY_NAME[name].config.dataset.kind.page
    general = any(text.startswith(GENERAL[page]) for text in texts(at))
    assert general != (card_words(BY_NAME[name]) in texts(at))
    return not general


@pytest.mark.parametrize("name", ["first_normal", "saturated", "digits_dcgan"])
def test_the_cards_words_stand_on_the_page_of_its_run(name):
    opened = begun(name)
    assert has_words_of(opened.at, name)
    titles = [partner.title for partner in partners(BY_NAME[name])]
    assert [label.partition(": ")[2] for label in offered(opened.at)] == titles
    opened.press("new_seed")
    assert has_words_of(opened.at, name)


def test_the_next_card_begins_at_a_click():
    opened = begun("wobble")
    assert offered(opened.at) == ["Next: R1 stills the wobble"]
    opened.press("partner.wobble_stilled")
    assert opened.config == BY_NAME["wobble_stilled"].config
    assert opened.run.playback.running
    assert opened.run.storage.saver.about.name == "R1 stills the wobble"
    assert has_words_of(opened.at, "wobble_stilled")
    assert offered(opened.at) == ["Compare: The wobble without a penalty"]


@pytest.mark.parametrize("name", ["first_normal", "saturated"])
@pytest.mark.parametrize("forgotten", [False, True], ids=["same server", "from the disk"])
def test_the_words_are_there_after_a_reload(name, forgotten):
    """The default set-up has a card's words only if a card began it, which its name tells."""
    opened = begun(name)
    run = opened.run
    assert run.save()
    if forgotten:
        del opened.at.session_state["visitor"].runs[opened.page]
        run.storage.close()
    again = opened_by(run.id)
    assert has_words_of(again, name)
    assert Visit(again, "distributions").run.id == run.id
    Visit(again, "distributions").press("reset")
    assert has_words_of(again, name)


def test_the_words_go_when_a_setting_is_changed_on_the_way():
    opened = begun("saturated")
    opened.set("experiment.n_critic", 1)  # the set-up of another card, but not its run
    assert opened.config == BY_NAME["one_d_step"].config
    assert not has_words_of(opened.at, "one_d_step")
    assert not has_words_of(opened.at, "saturated")
    assert offered(opened.at) == []


def test_the_words_go_with_another_target():
    opened = begun("saturated")
    opened.set("dataset", "uniform")
    assert not has_words_of(opened.at, "saturated")


@both_pages
def test_a_page_that_opens_by_itself_has_its_own_words(page):
    opened = visit(page)
    assert not has_words_of(opened.at, {"distributions": "first_normal"}.get(page, "digits_dcgan"))
    assert offered(opened.at) == []


def test_a_watcher_reads_the_words_too():
    opened = begun("collapse")
    assert opened.run.save()
    at = opened_by(opened.run.id, "distributions", OTHER_BROWSER)
    assert card_words(BY_NAME["collapse"]) in texts(at)
    assert offered(at) == []
