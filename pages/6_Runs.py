"""All runs that are kept: open, compare, rename, copy, export, import, delete."""

import streamlit as st

from ui import page_setup

page_setup.begin("runs", charts=False)

from ui.views import runs_table

st.markdown("### All your runs")
st.markdown(
    "What has trained is kept on this machine, with all that it takes to go on from the very same "
    "bits. Choose a run to open it, or several to see in what they differ."
)
runs_table.show()
