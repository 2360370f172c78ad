"""The latent space: walks, sheets, sums and truncation of the run on the page Pictures."""

import streamlit as st

from ui import page_setup

page_setup.begin("latent")

from ui.live import doctor, fragment, messages, toolbar
from ui.session import open_runs
from ui.views import latent_space

run = open_runs.open_run("pictures", {"dataset": {"name": "mnist"}})
st.markdown("### What lies between two samples?")
st.markdown(
    "Every picture here is made by the generator of the page **Pictures**, as you see it "
    "there: train it, and this page trains with it. Only the noise z is chosen, not drawn."
)
toolbar.show(run)
messages.show(run)
chosen = latent_space.choose_way(run)
fragment.draw_and_train(run, lambda run, snapshot: latent_space.draw(run, snapshot, chosen))
doctor.show(run)
with st.expander("What am I looking at?"):
    st.markdown(
        """
- **Walk**: if pictures change smoothly all the way, G has learnt more than a list of pictures.
  Gaussian noise in many dimensions lies near a sphere, so the walk follows its surface.
- **Sheet**: the plane through three samples. **Arithmetic**: mean noise vectors are added and
  subtracted, as in the DCGAN paper: what they have in common is added and subtracted with them.
- **Truncation**: noise near its mean gives typical pictures and little variety.
- **Classes**, where G is told one: G knows each class by a learnt vector. Between two samples of
  different classes it is told a mix of their vectors, with the shares of the walk or the
  sheet; a sum adds and subtracts them. Truncation leaves each sample its class.
- Before training G turns every z into much the same grey noise: train first.
"""
    )
