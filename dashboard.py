"""Home: what this is, where it runs, and experiments to begin with."""

import streamlit as st

from ui import page_setup

page_setup.begin("home", charts=False)

from ui.views import home

st.markdown("# GAN laboratory")
st.markdown(
    "Two networks play a game: a **generator** makes samples from noise, a **discriminator** tries "
    "to tell them from real ones, and both learn from the outcome (Goodfellow et al. 2014). "
    "Here you choose the data, the noise, the networks and the loss, and the game is played in "
    "front of you. Pause it, step it, change it while it runs."
)
home.show_device()
home.show_page_links()
home.show_presets()
