"""The paper's Figure 1, alive: a generator on the line."""

import streamlit as st

from ui import page_setup

page_setup.begin("distributions")

from ui.live import doctor, fragment, history_slider, introduction, messages, toolbar, watch
from ui.session import open_runs, url, watching
from ui.sidebar import controls, missing_data
from ui.views import distributions, network_tables

DEFAULT = {"dataset": {"name": "normal"}}
watched = watching.watched_run("distributions", DEFAULT)
if watched is not None:
    watch.show(watched, distributions.draw, missing_data.choose)
    st.stop()
run = open_runs.open_run("distributions", DEFAULT)
history_slider.follow(run)
top = st.container()
toolbar.show(run)
open_runs.apply_sidebar(run, controls.choose_config(run))
with top:  # only now: the sidebar may have changed what the run is
    introduction.show(
        run,
        "A generator learns a distribution",
        "G turns noise z into numbers x. D sees real and generated numbers and says which are "
        "real. Press **Train**: if all goes well, the orange hill travels onto the blue one.",
    )
url.write_link(run)
messages.show(run)
doctor.show(run)
charts = st.container()
history_slider.show(run)
with charts:
    fragment.draw_and_train(run, distributions.draw)
network_tables.show(run)
with st.expander("What am I looking at?"):
    st.markdown(
        """
- **Blue** is real, **orange** is generated, on every page. The orange curve is a smoothed
  histogram of 10,000 samples made from the same noise all along.
- **Green** is D's answer at each x: the probability that a sample found there is real. The
  **dashed** line is the best answer anybody could give against this generator,
  D*(x) = p_real / (p_real + p_generated). When the hills match, both lie at ½.
- **Lines** run from noise z, below, to the sample G makes of it, above: G stretches and bends
  the noise into the target. The grey shape is the noise's own density.
- **Losses** do not fall to 0 when a GAN is doing well: they meet at the dotted line, where D can
  no longer tell real from generated.
- **Distances** compare 10,000 samples with the true law. Even a perfect sampler does not score 0;
  the dotted line is the median of 40 such samplers, each drawing 10,000 numbers.
"""
    )
