"""A visitor's session: its state, its open runs, the page's address, and who else is here.

May import `ui.run`, `ui.confirmation` and `gan_core`; no other room. `state.py` alone touches
Streamlit's own store.
"""
