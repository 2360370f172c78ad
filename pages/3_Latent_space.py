"""The latent space: walks, sheets, sums and truncation of the run on the page Pictures."""

import streamlit as st

from ui import page

page.begin("Latent space")

from ui import doctor, latent, live, session

run = session.open_run("pictures", {"dataset": {"name": "mnist"}})
st.markdown("### What lies between two samples?")
st.markdown(
    "Every picture here is made by the generator of the page **Pictures**, as it is now: "
    "train it, and this page trains with it. Only the noise z is chosen, not drawn."
)
live.toolbar(run)
live.messages(run)
chosen = latent.choose(run)
live.live(run, lambda run, snapshot: latent.draw(run, snapshot, chosen))
doctor.doctor(run)
with st.expander("What am I looking at?"):
    st.markdown(
        """
- **Walk**: if pictures change smoothly all the way, G has learnt more than a list of pictures.
  Gaussian noise in many dimensions lies near a sphere, so the walk follows its surface.
- **Sheet**: the plane through three samples. **Arithmetic**: mean noise vectors are added and
  subtracted, as in the DCGAN paper: what they have in common is added and subtracted with them.
- **Truncation**: noise near its mean gives typical pictures and little variety.
- Before training G turns every z into much the same grey noise: train first.
"""
    )
