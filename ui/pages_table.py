"""The table of all pages; links, sidebar and tab titles come from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """A page's file, its title, and the icon of its links."""

    file: str
    title: str
    icon: str


PAGES = {
    "home": Page("dashboard.py", "Home", ":material/home:"),
    "distributions": Page("pages/1_Distributions.py", "Distributions", ":material/show_chart:"),
    "pictures": Page("pages/2_Pictures.py", "Pictures", ":material/grid_view:"),
    "latent": Page("pages/3_Latent_space.py", "Latent space", ":material/route:"),
    "lessons": Page("pages/4_How_it_works.py", "How it works", ":material/school:"),
    "reference": Page("pages/5_Reference.py", "Reference", ":material/menu_book:"),
    "runs": Page("pages/6_Runs.py", "Runs", ":material/folder_open:"),
}
"""All pages by their keys, in the order of the sidebar."""
