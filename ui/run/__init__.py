"""A page's run: its trainer, its playback, its way back, its storage and its measurements.

Imports `gan_core` and `ui.confirmation` only: no Streamlit, and no other room.
"""
