"""Everything that can be chosen, with its equation, its knobs, its paper and its code."""

import streamlit as st

from ui import page_setup

page_setup.begin("reference", charts=False)

from ui.views import reference

st.markdown("### Everything that can be chosen")
st.markdown(
    "Each component with its equation, its knobs as they are called in JSON, where it comes from, "
    "and the code that runs. An experiment may start a knob elsewhere than at the default here."
)
text = reference.choose_search()
if text:
    reference.show_found(text)
else:
    reference.show_kind(reference.choose_kind())
