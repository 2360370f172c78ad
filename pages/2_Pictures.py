"""Pictures: a generator learns to write digits, or to draw what you bring."""

import streamlit as st

from ui import page_setup

page_setup.begin("pictures")

from ui.live import doctor, fragment, history_slider, introduction, messages, toolbar, watch
from ui.session import open_runs, url, watching
from ui.sidebar import controls, missing_data
from ui.views import network_tables, pictures

DEFAULT = {"dataset": {"name": "mnist"}}
watched = watching.watched_run("pictures", DEFAULT)
if watched is not None:
    watch.show(watched, pictures.draw, missing_data.choose)
    pictures.show_watched_panels(watched)
    st.stop()
run = open_runs.open_run("pictures", DEFAULT)
history_slider.follow(run)
top = st.container()
controls_row = toolbar.show(run)
open_runs.apply_sidebar(run, controls.choose_config(run))
with top:  # only now: the sidebar may have changed what the run is
    introduction.show(
        run,
        "A generator learns to draw",
        "G turns noise into pictures; D sees real and generated ones and says which are real. "
        "Each place in the left grid keeps its noise for the whole run, so you can watch one "
        "picture take shape.",
    )
with controls_row:
    pictures.show_view_options(run)  # only now: the sidebar decides whether there are classes
url.write_link(run)
messages.show(run)
doctor.show(run)
charts = st.container()
history_slider.show(run)
with charts:
    fragment.draw_and_train(run, pictures.draw)
pictures.show_panels(run)
network_tables.show(run)
with st.expander("What am I looking at?"):
    st.markdown(
        """
- **Left**: pictures made by the averaged generator (EMA) from noise that never changes.
  **Right**: pictures from the data set, the ones D learns from.
- **Losses** do not tell how good the pictures are. They show the balance: if D's loss goes to 0,
  D has won and G learns little; the dotted lines are where a perfect generator would hold them.
- **D(x)** is D's mean answer on real pictures, **D(G(z))** on generated ones, before and after
  G's update with the same noise: the gap is what the update gained.
- An **epoch** is as many real pictures as the data set has. They are drawn at random.
- **Quality** compares samples with real pictures in the features of a small network. No such
  number reaches its ideal even for real pictures; what they score stands beside each.
"""
    )
