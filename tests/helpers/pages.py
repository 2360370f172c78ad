"""The pages without a browser: one visitor on one page, under Streamlit's AppTest."""

import json
import time
from dataclasses import dataclass

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.config import REGISTRIES
from gan_core.words import CHOICES
from tests.helpers.paths import HOME

PAGES = {"distributions": "pages/1_Distributions.py", "pictures": "pages/2_Pictures.py"}
FRAME = 3
BROWSER, OTHER_BROWSER = "0" * 32, "1" * 32
"""The secrets of two browsers."""
KINDS = ("selectbox", "slider", "number_input", "select_slider", "toggle", "text_input")
SMALL_MLP = {"name": "mlp", "depth": 1, "width": 16}
QUICK = {
    "distributions": {},
    "pictures": {
        "dataset": {"name": "mnist"},
        "architecture": {"generator": SMALL_MLP, "discriminator": SMALL_MLP},
    },
}
both_pages = pytest.mark.parametrize("page", PAGES)


@dataclass
class Visit:
    """One visitor on one page."""

    at: AppTest
    page: str

    @property
    def run(self):
        return self.at.session_state["visitor"].runs[self.page]

    @property
    def trainer(self):
        return self.run.trainer

    @property
    def config(self):
        return self.trainer.config

    def look(self):
        """Let one frame pass."""
        self.at.run()
        assert not self.at.exception

    def press(self, name):
        self.at.button(key=f"{self.page}.{name}").click()
        self.look()

    def answer(self, label):
        next(button for button in self.at.button if button.label == label).click()
        self.look()

    def widget(self, name):
        return self.at.get_by_key(f"{self.page}.{self.run.revision}.{name}")

    def set(self, name, value):
        self.widget(name).set_value(value)
        self.look()

    def widgets(self):
        """Return the names of the experiment's widgets that can be given another value."""
        prefix = f"{self.page}.{self.run.revision}."
        return [
            w.key.removeprefix(prefix)
            for kind in KINDS
            for w in getattr(self.at.sidebar, kind)
            if w.key.startswith(prefix) and other_values(w)
        ]

    def sentences(self):
        """Return what stands on the page in red or blue."""
        return [box.value for box in [*self.at.error, *self.at.info]]

    def verdict(self):
        """Return the doctor's line."""
        return next(m.value for m in self.at.markdown if "-badge[" in m.value)

    def remedies(self):
        """Return the doctor's buttons."""
        return [b for b in self.at.button if b.key.startswith(f"{self.page}.remedy.")]

    def wait(self, condition, seconds=60):
        """Let frames pass until something is true that a thread works on."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "It did not happen in time."
            time.sleep(0.05)
            self.look()

    def train_until_paused(self, most_frames):
        for _ in range(most_frames):
            if not self.run.playback.running:
                return
            self.look()
        pytest.fail(f"The run did not pause within {most_frames} frames.")


def opened_by(link, page="distributions", browser=BROWSER):
    """Open a page by the link to a run."""
    at = AppTest.from_file(str(HOME), default_timeout=60).switch_page(PAGES[page])
    at.session_state["browser_secret"] = browser
    at.query_params["run"] = link
    return at.run()


def visit(page, setup=None, frame=FRAME):
    """Open a page, `frame` steps to each of its frames, with or without a set-up in its link."""
    at = AppTest.from_file(str(HOME), default_timeout=60).switch_page(PAGES[page])
    at.session_state["browser_secret"] = BROWSER
    at.session_state["steps_per_frame"] = frame
    if setup is not None:
        at.query_params["setup"] = setup if isinstance(setup, str) else json.dumps(setup)
    at.run()
    assert not at.exception
    assert not at.error
    return Visit(at, page)


def quick(page, frame=FRAME):
    return visit(page, QUICK[page], frame)


def other_values(widget):
    """Return values of a widget that it does not have now: all choices, or both ends."""
    now = widget.value
    if widget.type == "selectbox":
        section = widget.key.split(".")[-1]
        names = {words: choice for choice, words in CHOICES.items()}
        names |= {cls.title: cls.name for cls in REGISTRIES.get(section, ())}
        values = [names.get(option, type(now)(option)) for option in widget.options]
    elif widget.type == "select_slider":
        values = [type(now)(float(option)) for option in (widget.options[0], widget.options[-1])]
    elif widget.type == "toggle":
        values = [not now]
    elif widget.type == "text_input":
        values = [now + "x"]
    elif widget.min is None:
        values = [now + 1, -1000, 10**12]
    else:
        values = [type(now)(widget.min), type(now)(widget.max)]
    return [value for value in values if value != now]


def setting(config, name):
    """Return what the config says about the widget of that name."""
    whole = config.to_dict()
    whole |= whole["architecture"]
    section, *rest = name.split(".")
    if section == "experiment":
        return whole[rest[-1]]
    if not rest:
        return whole[section]["name"]
    return whole[section][rest[1]]
