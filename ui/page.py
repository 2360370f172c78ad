"""What every page begins with."""

from pathlib import Path

import streamlit as st

ICON = str(Path(__file__).with_name("icon.png"))


def begin(title: str) -> None:
    """Set the tab's title and the page's style.

    The charts get the room that margins would take. Streamlit's own signs of work in progress are
    left out: they would blink with every frame, and grey the charts when one is late.
    """
    st.set_page_config(f"{title} · GAN laboratory", ICON, layout="wide")
    st.html(
        "<style>"
        ".stMainBlockContainer { padding: 2.6rem 2rem 3rem; }"
        ".stStatusWidget, [data-testid='stStatusWidget'] { display: none; }"
        "[data-stale='true'] { opacity: 1 !important; }"
        ".stSidebar .katex-display { margin: 0.2rem 0; overflow-x: auto; overflow-y: hidden; }"
        ".stSidebar .stCaptionContainer p { margin-bottom: 0.2rem; }"
        "</style>"
    )
