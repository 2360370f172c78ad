"""How it works: five chapters, each told with the numbers of the run in front of the reader."""

import streamlit as st

from ui import controls, lessons, live, page, session

page.begin("How it works")
title, which = st.columns([2, 1], vertical_alignment="bottom")
title.markdown("### How it works")
with which:
    run = lessons.open_run()
live.toolbar(run)
session.follow(run, controls.sidebar(run))
session.write_link(run)
live.messages(run)
chapter = lessons.choose(run)
WORDS = {
    "1 · The game": """
D wants V large: it should answer 1 on real samples and 0 on generated ones. G wants V small: D
should be wrong about its samples. They take turns, each with one step of gradient descent.
Press **Line ▶** and walk through one real step of this run; the formula below is filled with its
numbers.""",
    "2 · The loss": """
D answers with one number a sample, the **logit**: above 0 it means "real". A loss turns logits
into a price. The dots are the next step's batch, at the logits that D gives it now.
G learns from the **slope** of its price, at its own samples. If D is sure of itself, they lie far
to the left: there minimax is flat, and G gets next to nothing; non-saturating is steep.""",
}
st.markdown(WORDS[chapter])
lessons.show(run, chapter)
