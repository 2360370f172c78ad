"""Chapter 3: the gradients at every layer, and one derivative computed three ways."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gan_core.explain.derivative import ChainTerms, Derivative, derivative
from gan_core.explain.layer_gradients import layer_gradients
from gan_core.explain.narration import latex_number
from gan_core.training.gan import Batch
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.words import number_text
from ui import figures
from ui.components import live_chart
from ui.lessons.recording import record_if_due
from ui.run.page_run import PageRun
from ui.run.tutorial_state import ComputedDerivative
from ui.session import state

FEW_WEIGHTS = 20_000
"""Networks with fewer weights than this have the derivative computed while they train."""

DIGITS = 7
"""How many digits of the three results are shown."""

CHAIN = {
    "generator": r"\frac{\partial L_G}{\partial w} = \frac1m \sum_i"
    r"\frac{\partial \ell_i}{\partial a_i}\cdot\frac{\partial a_i}{\partial w},\qquad"
    r" a_i = a(G(z_i)) \text{ is D's logit}",
    "discriminator": r"\frac{\partial L_D}{\partial w} = \frac1m \sum_i"
    r"\frac{\partial \ell_i}{\partial a_i}\cdot\frac{\partial a_i}{\partial w}"
    r"\quad\text{over the logits } a_i \text{ of real and generated samples}",
}
"""The derivative of a mean loss with respect to one weight."""

NETWORKS = {"generator": "G", "discriminator": "D"}


def show_controls(run: PageRun) -> None:
    """Let a weight be chosen whose derivative is computed three ways."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = state.init_widget(f"{run.page}.lesson.network", "generator")
        network = st.segmented_control(
            "Derivative of the loss of",
            list(NETWORKS),
            format_func=NETWORKS.get,
            key=key,
            required=True,
        )
        rows = run.layers[network]
        with_weights = [i for i, row in enumerate(rows) if row.parameters]
        key = state.init_widget(f"{run.chart_revision}.{network}.layer", with_weights[0])
        layer = st.selectbox(
            "with respect to a weight of layer",
            with_weights,
            format_func=lambda i: f"{i + 1} · {rows[i].layer}",
            key=key,
            width=320,
        )
        most = rows[layer].parameters
        key = state.init_widget(f"{run.chart_revision}.{network}.{layer}.weight", 1)
        number = st.number_input(f"number (1 to {most:,})", 1, most, key=key, width=170)
    run.tutorial.weight = network, layer, int(number) - 1


def draw(run: PageRun, snapshot: Snapshot) -> None:
    """Draw the gradients of the next step's batch at every layer, and the chosen derivative."""
    if run.playback.running:
        record_if_due(run)
    gan = run.displayed.gan
    with run.displayed.lock:
        batch = gan.peek_batch()
        rows = layer_gradients(gan, batch)
        _refresh_derivative(run, batch)
    _show_three_ways(run)
    live_chart(figures.flow(rows, run.chart_revision), f"{run.page}.lesson.flow")
    st.markdown(_weight_movements(run))


def _refresh_derivative(run: PageRun, batch: Batch) -> None:
    """Compute the chosen derivative, unless it would slow the training of large networks."""
    tutorial, step = run.tutorial, run.displayed.step_count
    known = tutorial.derivative
    weights = sum(row.parameters for rows in run.layers.values() for row in rows)
    is_new_choice = known is None or known.weight != tutorial.weight
    is_affordable = not run.playback.running or weights < FEW_WEIGHTS
    if is_new_choice or (known.step != step and is_affordable):
        found = derivative(run.displayed.gan, batch, *tutorial.weight)
        tutorial.derivative = ComputedDerivative(tutorial.weight, step, found)


def _weight_movements(run: PageRun) -> str:
    """Return how far both networks moved at G's last recorded update."""
    recording = run.tutorial.recording
    if recording is None:
        return "Take a step, and it is measured here which weights move in G's turn."
    move = recording.records[-1].weight_update
    return (
        f"In G's turn of step {recording.step:,}, G's weights moved by "
        f"{number_text(move.length)} and D's by {move.of_the_other:g}."
    )


def _show_three_ways(run: PageRun) -> None:
    computed = run.tutorial.derivative
    found = computed.result
    name = NETWORKS[found.network]
    st.markdown(
        rf"**$\partial L_{name}/\partial w$ three ways**; w is "
        f"{_weight_text(found.layer, found.parameter)}, {number_text(found.weight, 4)} after step "
        f"{computed.step:,}; in double precision, without a penalty."
    )
    st.latex(CHAIN[found.network])
    difference = found.loss_plus - found.loss_minus
    ways = (
        (r"\text{backwards (autograd):}", latex_number(found.autograd, DIGITS)),
        (r"\text{chain rule, forwards:}", f"{_terms(found)} = {latex_number(found.chain, DIGITS)}"),
        (
            rf"\frac{{L_{name}(w+h)-L_{name}(w-h)}}{{2h}}:",
            rf"\frac{{{latex_number(difference, DIGITS)}}}{{2\cdot{latex_number(found.step, 1)}}}"
            rf" = {latex_number(found.differences, DIGITS)}",
        ),
    )
    rows = r" \\[8pt] ".join(rf"{way}\quad & {value}" for way, value in ways)
    st.latex(rf"\small\begin{{aligned}}{rows}\end{{aligned}}")
    with st.expander("The chain, layer by layer"):
        st.markdown(_links(found))


def _weight_text(layer: str, parameter: str) -> str:
    """Return in words which weight of a layer `parameter` is, such as `weight[3, 0]`; from 1."""
    name, _, rest = parameter.partition("[")
    at = [int(number) + 1 for number in rest.rstrip("]").split(",") if number.strip()]
    if name.endswith("bias") and len(at) == 1:
        return f"the bias of output {at[0]}"
    if not name.endswith("weight") or len(at) not in (2, 4):
        return f"number {', '.join(map(str, at))} of its {name.replace('_', ' ').replace('.', ' ')}"
    to, of = at[:2][::-1] if "ranspose" in layer else at[:2]
    place = f" at row {at[2]}, column {at[3]}" if len(at) == 4 else ""
    kind = "channel" if place else "number"
    return f"the weight from {kind} {of} to {kind} {to}{place}"


def _links(found: Derivative) -> str:
    """Return how much each layer's output changes for a unit of w, as a table in Markdown."""
    rows = [
        f"| {NETWORKS[link.network]} · {link.layer} | {number_text(link.norm, 4)} |"
        for link in found.sensitivities
    ]
    head = "| layer | length of ∂(its output)/∂w, over the batch |"
    return "\n".join([head, "| --- | ---: |", *rows])


def _terms(found: Derivative) -> str:
    """Return (1/n) Σ ∂ℓᵢ/∂aᵢ · ∂aᵢ/∂w with the first numbers of the batch, in LaTeX."""
    both = [terms for terms in (found.real, found.fake) if terms is not None]
    sums = [_sum(terms) for terms in both if np.any(terms.change)] or [_sum(found.fake)]
    return r" \\ & \quad + ".join(sums)


def _sum(terms: ChainTerms) -> str:
    first = " + ".join(
        rf"({latex_number(slope)})\cdot({latex_number(change)})"
        for slope, change in zip(terms.slope[:2], terms.change[:2], strict=True)
    )
    return rf"\frac{{{first} + \dots}}{{{len(terms.slope)}}}"
