"""A visitor's runs, one a page, and how time is spent on them; the only user of session_state."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from gan_core import ExperimentConfig, Trainer
from gan_core.config import LIVE
from gan_core.threads import CORES
from ui.background import Background
from ui.run import Run

LINK_KEY = "setup"
ASK_BEYOND = 1_000
"""A run of more steps than this is not dropped without asking."""


CORES.reserve_one()
gc.freeze()  # what is imported by now is never garbage, and need not be looked at again


@dataclass
class Lab:
    """All that one visitor has open."""

    runs: dict[str, Run] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    kept: dict[Any, Any] = field(default_factory=dict)
    background: dict[str, Background] = field(default_factory=dict)

    def remember(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what `make` made for this key before, or makes now; the last four are kept."""
        if key not in self.kept:
            self.kept[key] = make()
            while len(self.kept) > 4:
                self.kept.pop(next(iter(self.kept)))
        return self.kept[key]


def lab() -> Lab:
    if "lab" not in st.session_state:
        st.session_state["lab"] = Lab()
    return st.session_state["lab"]


def widget(key: str, value: Any) -> str:
    """Give a widget its first value, once, and return its key."""
    if key not in st.session_state:
        st.session_state[key] = value
    return key


def value(key: str) -> Any:
    """Return a widget's present value."""
    return st.session_state[key]


def steps_per_frame() -> int | None:
    """Return the exact number of steps a frame that a test asked for, if any."""
    return st.session_state.get("steps_per_frame")


def open_run(page: str, default: dict[str, Any], use_link: bool = True) -> Run:
    """Return the page's run, made from the link's set-up or from `default`.

    `default` is an experiment as `ExperimentConfig.from_dict` reads it; a link is taken only if
    its data set is of the same kind.
    """
    here = lab()
    if page not in here.runs:
        config = ExperimentConfig.from_dict(default)
        if use_link and LINK_KEY in st.query_params:
            try:
                config = _from_link(st.query_params[LINK_KEY], config)
            except ValueError as error:
                here.messages.append(f"The set-up in the link was not used. {error}")
        here.runs[page] = _new_run(page, config, config.from_dict(default))
    run = here.runs[page]
    run.turn += 1
    return run


def link_is_of_pictures() -> bool | None:
    """Say of which kind the set-up in the link is; None without a link that can be read."""
    try:
        return ExperimentConfig.from_json(st.query_params[LINK_KEY]).dataset.pictures
    except (KeyError, ValueError):
        return None


def busiest_page() -> str | None:
    """Return the page whose run is training, or has trained longest; None if none is open."""
    runs = lab().runs.values()
    longest = max(runs, key=lambda run: (run.running, run.trainer.step_count), default=None)
    return None if longest is None else longest.page


def _new_run(page: str, config: ExperimentConfig, fallback: ExperimentConfig) -> Run:
    try:
        trainer = Trainer(config, device="auto")
    except ValueError as error:
        lab().messages.append(f"{error} The page opened with its own set-up instead.")
        trainer = Trainer(fallback, device="auto")
    return Run(page, trainer, layers=trainer.layers())


def _from_link(text: str, default: ExperimentConfig) -> ExperimentConfig:
    config = ExperimentConfig.from_json(text)
    if config.dataset.pictures != default.dataset.pictures:
        kind = "pictures" if config.dataset.pictures else "numbers"
        raise ValueError(f"Its data set, {config.dataset.name}, is made of {kind}.")
    return config


def write_link(run: Run) -> None:
    """Put the run's set-up into the page's address."""
    setup = json.dumps(run.trainer.config.short_dict(), separators=(",", ":"))
    if st.query_params.get(LINK_KEY) != setup:
        st.query_params[LINK_KEY] = setup


def start(page: str, experiment: dict[str, Any]) -> None:
    """Begin an experiment on a page, at once training."""
    config = ExperimentConfig.from_dict(experiment)
    run = lab().runs.get(page)
    if run is None:
        run = lab().runs[page] = _new_run(page, config, config)
    else:
        run.restart(config)
        run.show_config()
    run.go()


def follow(run: Run, wanted: ExperimentConfig | None) -> None:
    """Bring the run to what the sidebar says: at once, by a new run, or after a question."""
    run.proposed = None
    if wanted is None:
        return
    changed = run.trainer.config.differences(wanted)
    if not changed:
        return
    if LIVE.issuperset(changed):
        run.trainer.update(wanted)
    elif run.trainer.step_count > ASK_BEYOND:
        run.proposed = wanted
    else:
        begin(run, wanted)


def begin(run: Run, config: ExperimentConfig) -> None:
    """Begin a new run, going on if the old one was; a refusal leaves the old one."""
    try:
        run.restart(config)
    except ValueError as error:
        lab().messages.append(str(error))
        run.show_config()
