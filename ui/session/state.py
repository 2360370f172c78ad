"""The state of a visitor's session; the only user of session_state."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui.session import browser
from ui.session.visitors import VISITORS, Connection, VisitorState

VISITOR_KEY = "visitor"
SECRET_KEY = "browser_secret"
"""A test without a browser gives the secret here."""


def visitor() -> VisitorState:
    """Return the state of the visitor whose page is being drawn."""
    if VISITOR_KEY not in st.session_state:
        secret = st.session_state.get(SECRET_KEY) or browser.cookie_secret()
        st.session_state[VISITOR_KEY] = VisitorState(secret)
    return st.session_state[VISITOR_KEY]


def register_cleanup() -> None:
    """Let this visitor's runs be saved, and their memory given back, when the session ends."""
    _connection().visitors.add(visitor())


@st.cache_resource(scope="session", on_release=VISITORS.on_disconnect, show_spinner=False)
def _connection() -> Connection:
    """Return the object that Streamlit releases when the browser's tab is closed."""
    return VISITORS.connect()


def sent_value(key: str, name: str) -> Any:
    """Return what a component of our own has sent under a name; None if nothing."""
    return st.session_state[key].get(name)


def init_widget(key: str, value: Any) -> str:
    """Give a widget its first value, once, and return its key."""
    if key not in st.session_state:
        st.session_state[key] = value
    return key


def set_widget(key: str, value: Any) -> str:
    """Give a widget its value at every run of the page, and return its key.

    Streamlit takes no value for a disabled widget from the browser, and none from another page.
    """
    st.session_state[key] = value
    return key


def clamp_widget(key: str, most: int) -> None:
    """Bring the value of a widget down to `most`, the new end of its range."""
    if st.session_state.get(key, most) > most:
        st.session_state[key] = most


def widget_value(key: str) -> Any:
    """Return a widget's present value."""
    return st.session_state[key]


def peek_widget(key: str) -> Any:
    """Return the value of a widget that this run of the page may not have drawn; None if none."""
    return st.session_state.get(key)


def steps_per_frame() -> int | None:
    """Return the exact number of steps per frame that a test asked for, if any."""
    return st.session_state.get("steps_per_frame")
