"""The first lines of a page: what is to be seen there, in the words of the run's preset if any."""

from __future__ import annotations

import streamlit as st

from gan_core.presets import PRESETS, Preset, partners, preset_of
from ui.run.page_run import PageRun
from ui.run.time_travel import BACK_TO_HERE
from ui.run.watched_run import WatchedRun
from ui.session import open_runs


def show(run: PageRun, heading: str, words: str) -> None:
    """Show the page's heading, and `words`, or those of the preset that the run is.

    Beside the heading stand the presets that it is compared with, each to begin at a click. A run
    of the page's default experiment has the words of a preset only if it was begun as that one:
    its title is the run's.
    """
    preset = preset_of_run(run)
    if preset is not None and preset.config.is_default and preset.title != run.title:
        preset = None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.markdown(f"### {heading}", width="content")
        if preset is not None:
            for partner in partners(preset):
                _show_partner(run, preset, partner)
    st.markdown(words if preset is None else card_words(preset))


def card_words(preset: Preset) -> str:
    """Return a preset's title and what to look for, as one paragraph."""
    return f"**{preset.title}.** {preset.look_for}"


def preset_of_run(run: PageRun | WatchedRun) -> Preset | None:
    """Return the preset whose words hold for the displayed step; None if there is none.

    A run whose settings were changed on the way has none, even if they came to be a preset's.
    """
    trainer = run.displayed
    changes = [step for step, text in trainer.config_changes if step and text != BACK_TO_HERE]
    return None if changes else preset_of(trainer.config)


def _show_partner(run: PageRun, preset: Preset, partner: Preset) -> None:
    later = PRESETS.index(partner) > PRESETS.index(preset)
    changes = ", ".join(f"`{name}`" for name in preset.config.differences(partner.config))
    st.button(
        f"{'Next' if later else 'Compare'}: {partner.title}",
        icon=":material/arrow_forward:" if later else ":material/arrow_back:",
        type="tertiary",
        help=f"Begins this preset here. It differs in {changes} alone.",
        on_click=_begin,
        args=(run, partner),
        key=f"{run.page}.partner.{partner.name}",
    )


def _begin(run: PageRun, preset: Preset) -> None:
    """Begin a preset in the place of the run, which is saved if it is worth keeping."""
    try:
        open_runs.start_experiment(run.page, preset.experiment, preset.title)
    except ValueError as error:
        run.notice = str(error)
