"""All runs that are kept: open, compare, rename, copy, export, import, delete."""

import streamlit as st

from ui import page

page.begin("Runs", charts=False)

from ui import stored

st.markdown("### All your runs")
st.markdown(
    "What has trained is kept on this machine, with all that it takes to go on from the very same "
    "bits. Choose a run to open it, or several to see in what they differ."
)
stored.show()
