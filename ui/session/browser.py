"""The browser of a visitor: the secret in its cookie, by which the owner of a run is recognised."""

from __future__ import annotations

import re
import secrets

import streamlit as st

COOKIE = "gan_browser"
SECRET = re.compile(r"[0-9a-f]{32}")


def cookie_secret() -> str:
    """Return the secret that the browser sent, or a new one for a browser without the cookie."""
    return valid_secret(st.context.cookies.get(COOKIE)) or secrets.token_hex(16)


def valid_secret(text: object) -> str | None:
    """Return the text if it has the form of a secret, else None."""
    return text if isinstance(text, str) and SECRET.fullmatch(text) else None
