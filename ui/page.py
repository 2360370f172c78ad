"""What every page begins with."""

from pathlib import Path

import streamlit as st

ICON = str(Path(__file__).with_name("icon.png"))


def begin(title: str) -> None:
    """Set the tab's title and the page's style.

    The charts get the room that margins would take, and Streamlit's own sign of work in progress,
    which would blink with every frame, is left out.
    """
    st.set_page_config(f"{title} · GAN laboratory", ICON, layout="wide")
    st.html(
        "<style>"
        ".stMainBlockContainer { padding: 2.6rem 2rem 3rem; }"
        ".stStatusWidget, [data-testid='stStatusWidget'] { display: none; }"
        ".stSidebar .katex-display { margin: 0.2rem 0; overflow-x: auto; overflow-y: hidden; }"
        ".stSidebar .stCaptionContainer p { margin-bottom: 0.2rem; }"
        "</style>"
    )
