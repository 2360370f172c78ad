"""The first lines of every page: tab, style, sidebar links, and the import of the core."""

import gc
from pathlib import Path

import streamlit as st

from ui.components import load_code, load_plotly, remember_browser
from ui.pages_table import PAGES

ICON = str(Path(__file__).with_name("icon.png"))

TOKENS = {
    "comment, punctuation": "#5b6070, #a9aebb",
    "keyword": "#0b5cad, #7cc0ff",
    "string, attr-value": "#0b6b2c, #6fdc8c",
    "number, boolean, constant": "#0a655a, #5fd7c4",
    "operator, decorator": "#8f4400, #ffb374",
    "function, class-name, builtin": "#6a3aa8, #c9a6ff",
}
"""Colours of code, in the light and in the dark theme."""

READABLE = (
    "[data-testid='stCaptionContainer'] { opacity: 0.8 !important; }"
    "[data-testid='stSliderThumbValue'], [data-testid='stSliderThumbValue'] p,"
    " button[data-variant='segmented_control'][data-selected='true']"
    " { color: light-dark(#0a5f8d, #6db6ee) !important; }"
) + "".join(
    ", ".join(f".stCode .token.{name}" for name in names.split(", "))
    + f" {{ color: light-dark({colors}) !important; }}"
    for names, colors in TOKENS.items()
)
"""Streamlit's own texts that have less contrast than 4.5 : 1."""

STYLE = (
    "<style>"
    f"{READABLE}"
    ".stMainBlockContainer { padding: 1.1rem 2rem 3rem; }"
    ".stApp:has([data-testid='stExpandSidebarButton']) .stMainBlockContainer"
    " { padding-top: 3.2rem; }"
    "[data-testid='stHeader'] { background: transparent; }"
    "[data-testid='stHeader'], [data-testid='stHeader'] :not(button, button *)"
    " { pointer-events: none; }"
    "[data-testid='stHeader'] button { pointer-events: auto; }"
    ".stMainBlockContainer > [data-testid='stVerticalBlock'] { gap: 0.4rem; }"
    ".stMain h3 { padding: 0 0 0.9rem; }"
    ".st-key-live_part { position: relative; }"
    "@media (min-width: 641px) { .st-key-live_part :has(> .st-key-live_message)"
    " { position: absolute; bottom: calc(100% + 0.5rem); right: 0; width: 42%;"
    " pointer-events: none; } }"
    "@media (max-width: 640px) { [class*='-doctor'], :has(> [class*='-doctor'])"
    " { height: auto !important; } }"
    ".stStatusWidget, [data-testid='stStatusWidget'] { display: none; }"
    "[data-stale='true'] { opacity: 1 !important; }"
    ".stSidebar .katex-display { margin: 0.2rem 0; overflow-x: auto; overflow-y: hidden; }"
    ".stSidebar .stCaptionContainer p { margin-bottom: 0.2rem; }"
    ".stMain .katex-display { margin: 0; padding: 0.3rem 0; overflow-x: auto;"
    " overflow-y: hidden; }"
    ".stMain .katex-display > .katex { font-size: 1.05em; }"
    ".algorithm { border: 1px solid #8884; border-radius: 0.5rem; padding: 0.6rem 0.9rem; }"
    ".algorithm div { padding: 0.1rem 0.5rem; border-left: 3px solid transparent; }"
    ".algorithm .lit { border-color: #009e73; background: #009e7333; }"
    ".algorithm i { display: block; margin-top: 0.45rem; opacity: 0.75; }"
    "button kbd { opacity: 1 !important; }"
    ".st-key-pictures_grids [data-testid='stMarkdownContainer'] p { white-space: nowrap;"
    " overflow: hidden; text-overflow: ellipsis; }"
    ".st-key-code_loader, .st-key-plotly_loader, .st-key-browser_secret { position: absolute; }"
    "</style>"
)
"""The charts get the room that margins would take. Streamlit's own signs of work in progress are
left out: they would blink with every frame, and grey the charts when one is late."""


def begin(page: str, charts: bool = True) -> None:
    """Set the tab's title and the page's style, link to all pages, and import the core.

    `page` is a key of `PAGES`. The first page of a server waits for seconds until torch and scipy
    are imported. So call this before any import that needs them: in that time the browser shows
    the links, and takes in plotly.js, for a page with `charts`.
    """
    st.set_page_config(f"{PAGES[page].title} · GAN laboratory", ICON, layout="wide")
    st.html(STYLE)
    _link_pages()
    load_code()
    if charts:
        load_plotly()
    _import_core()
    _check_settings()
    _recognize_browser()


def _link_pages() -> None:
    """Link to every page at the top of the sidebar."""
    with st.sidebar.container(gap="xsmall", key="page_links"):
        for page in PAGES.values():
            st.page_link(page.file, label=page.title, icon=page.icon)


def _import_core() -> None:
    """Import `gan_core` without looking for garbage: there is none, and it would take 0.7 s."""
    gc.disable()
    try:
        import gan_core  # noqa: F401
    finally:
        gc.enable()


def _recognize_browser() -> None:
    """Let the browser keep the secret by which its runs are its own."""
    from ui.session import browser, state

    found = browser.valid_secret(remember_browser(browser.COOKIE, state.visitor().secret))
    if found is not None:  # two tabs were the first ones of a browser at the same time
        state.visitor().secret = found


def _check_settings() -> None:
    """Draw nothing but a sentence if a setting from the environment cannot be used."""
    from gan_core.runtime.settings import check_settings

    try:
        check_settings()
    except ValueError as error:
        st.markdown("### The laboratory cannot start")
        st.error(f"{error} Set it right and start the laboratory again.")
        st.stop()
