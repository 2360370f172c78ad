"""How it works: five chapters, each told with the numbers of the run in front of the reader."""

import streamlit as st

from ui import page_setup

page_setup.begin("lessons")

from ui import lessons
from ui.live import doctor, messages, toolbar
from ui.session import open_runs, url
from ui.sidebar import controls

title, which = st.columns([2, 1], vertical_alignment="bottom")
title.markdown("### How it works")
with which:
    run = lessons.open_run()
toolbar.show(run)
open_runs.apply_sidebar(run, controls.choose_config(run))
url.write_link(run, own_page=False)
messages.show(run)
doctor.show(run)
chapter = lessons.choose_chapter()
WORDS = {
    "1 · The game": """
D wants V large: it should answer high on real samples and low on generated ones. G wants V small:
D should be wrong about its samples. They take turns, each with one step of gradient descent.
Press **Line ▶** and walk through one real step of this run, told with its numbers.""",
    "2 · The loss": """
D gives every sample one number, the **logit** a(x): the higher, the more real. A loss puts a price
on it. The dots are the next step's batch. G learns from the **slope** of its price. If D is sure of
itself, G's dots lie far left: minimax is flat there, so G gets nothing; non-saturating is steep.
($p_r$, $p_g$: densities of real and generated samples.)""",
    "3 · Backprop": """
A step computes from z through G and D to the loss, then walks back: each layer hands the gradient
on to the one before it, times its own slope. That product is the chain rule. In D's turn the
walk ends at x. In G's turn it goes on through D, whose weights stand still, into G.
Choose a weight below: its derivative is computed backwards, forwards, and by moving the weight a
little.""",
    "4 · The push": """
G never sees a real sample. All it learns is where D would rather have had each of its own samples:
the slope of its loss at x, which is the loss's slope at D's answer times D's slope at x. Samples
climb D's curve. Where D is flat, nothing pushes; where it is steep, samples jump. Choose a sample
to see the product with its numbers.""",
    "5 · Equilibrium": """
Against a fixed G there is a best D, called D\\*. With it, D's loss tells how far apart the
densities $p_r$ (real) and $p_g$ (generated) are. When G has reached the target, nobody can do
better than guessing, and V has its last value. A real D is never quite
D\\*, so the distance that its loss implies lies below the true one.""",
}
st.markdown(WORDS[chapter])
lessons.show_chapter(run, chapter)
