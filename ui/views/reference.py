"""The Reference page's parts: a card for each registered component."""

from __future__ import annotations

import inspect

import streamlit as st

from gan_core.explain import component_reference
from gan_core.registry import Component, Knob, Registry, knobs
from ui.markdown import escape_markdown, link_papers

SYMBOLS = (
    "$x$ a real sample · $z$ noise, $d_z$ its dimension · $p_z$ its density · $G(z)$ a "
    "generated sample · $a(x)$ D's output before any sigmoid (logit or score) · "
    "$D(x)=\\sigma(a(x))$ the probability of real, $\\sigma(t)=1/(1+e^{-t})$ · "
    "$D^*$ the best D against a fixed G · $V(D,G)=-L_D$ the game's value · "
    "$\\mathrm{JS}$ the Jensen–Shannon divergence · "
    "$p_r$, $p_g$ densities of real and generated samples · $N(m,s^2)$ the normal distribution · "
    "$\\mathbb E$ mean · $\\lVert v\\rVert$ length of a vector · "
    "`typewriter` a knob"
)
OF_KIND = {
    "dataset": "$w_k$ share of bell $k$ · $N(x;m,s^2)$ the normal density at $x$ · "
    "$x_1\\dots x_n$ the stored numbers, $\\hat s=\\min(\\text{std},\\text{IQR}/1.34)$ · "
    "$\\Gamma$ the gamma function, which makes the area 1. Pictures have no density to write down.",
    "prior": "$p(z)$ density of each coordinate of $z$, $P$ probability · $N(0,I)$ independent "
    "normal numbers · "
    "$\\Gamma$ the gamma function, which makes the area 1",
    "generator": "$h_l$ output of layer $l$ of $L$ · $W,b$ weights and biases · $\\phi$ activation "
    "· $\\psi$ last layer's · $\\mathrm{ReLU}(t)=\\max(t,0)$ · $*$ convolution, "
    "$*^{\\!\\top}$ transposed convolution · BN batch normalisation (where it is chosen) · up: "
    "each pixel becomes 2 × 2 · $F_l$ two convolutions, $S_l$ a shortcut around them",
    "discriminator": "$h_l$ output of layer $l$ of $L$ · $W,w,b$ weights and biases · $\\phi$ "
    "activation, such as $\\mathrm{ReLU}(t)=\\max(t,0)$ · $*$ convolution · BN batch "
    "normalisation · $F_l$ two convolutions, $S_l$ a shortcut around them · $ij$ a place in "
    "the map",
    "loss": "$L_D$, $L_G$ what D and G minimise, averaged over the batch",
    "regularizer": "$R$ what is added to D's loss, $\\lambda$, $\\gamma$ its strength · "
    "$\\nabla_x a$ D's slope in $x$ · $u$ random, uniform in 0 to 1 · $\\hat x$ a point in between "
    "or nearby · $s_x$ standard deviation of the batch · $\\varepsilon\\sim N(0,I)$ independent "
    "normal numbers · $w$ any weight of D, $\\mathrm{clip}(w,-c,c)$ the nearest number from $-c$ "
    "to $c$, the limit",
    "optimizer": "$w$ a weight, $g$ the loss's gradient in $w$ · $\\eta$ learning rate · $m$, $v$ "
    "running means of $g$, $g^2$ · $\\beta_1$, $\\beta_2$, $\\alpha$, $\\mu$ the share of the "
    "old mean that is kept · $t$ the step · $\\epsilon$ tiny, against division by 0",
    "condition": "$L_D(t)$ D's loss at step $t$, $E$ that of a D that guesses · $\\#$ how many "
    "different ones · $m_t$, $s_t$ mean and standard deviation of the samples, $S$ how far they go "
    "to and fro, in standard deviations of the target · $p_r(k)$ share of mode $k$, $\\hat p_g(k)$ "
    "counted among the samples · med the median · $y_i$ class of sample $i$, $c$ one class · "
    "$\\mu$, $\\sigma$ mean and standard deviation of the target · $e_t$ how far off step $t$ is, "
    "at the start and the end of the steps looked at · $F_r$, $F_g$ distribution functions",
    "metric": "$F_r$, $F_g$ distribution functions: share of real, generated numbers below $x$ · "
    "$\\mathrm{KL}(p\\Vert q)=\\mathbb E_p\\log(p/q)$",
    "picture metric": "$r_1\\dots r_N$ features of real pictures, $g_1\\dots g_M$ of samples, each "
    "$d$ numbers, with means $\\mu$ and covariances $\\Sigma$, $\\mathrm{Tr}$ the sum of the "
    "diagonal · $\\mathrm{KL}(p\\Vert q)=\\mathbb E_p\\log(p/q)$ · $B_k(r)$ ball around $r$ up "
    "to its $k$-th neighbour · $p_f(y|x)$ classifier's probability that factor $f$ of $x$ is $y$, "
    "$\\hat y$ its favourite · $m$ a combination of factors · $p$, $q$ shares among real "
    "pictures and samples",
}
"""Meanings of the symbols that only one kind's equations have."""


def choose_kind() -> str:
    """Let one kind of component be chosen."""
    kinds = list(component_reference.registries())
    return st.segmented_control(
        "Kind",
        kinds,
        default=kinds[0],
        required=True,
        format_func=str.capitalize,
        key="kind",
        bind="query-params",
        label_visibility="collapsed",
    )


def choose_search() -> str:
    """Let words be typed that are looked for in every kind."""
    return st.text_input(
        "Search",
        key="find",
        placeholder="Search all kinds: a name, a word, an author, an arXiv number",
        icon=":material/search:",
        bind="query-params",
        label_visibility="collapsed",
    ).strip()


def show_kind(chosen: str) -> None:
    """Show a card for everything of one kind."""
    _show_legend([chosen])
    for cls in component_reference.registries()[chosen]:
        _show_card(cls)


def show_found(text: str) -> None:
    """Show a card for everything that `text` finds, each under its kind."""
    found = component_reference.search(text)
    if not found:
        st.info(f"Nothing has “{text}” in its name, description or paper.")
        return
    _show_legend(list(dict.fromkeys(registry.kind for registry, _ in found)))
    for registry, cls in found:
        _show_card(cls, registry)


def _show_legend(kinds: list[str]) -> None:
    parts = [SYMBOLS, *(OF_KIND[kind] for kind in kinds if kind in OF_KIND)]
    st.caption("  \n".join(parts))


def _show_card(cls: type[Component], registry: Registry | None = None) -> None:
    """Show one component; with `registry`, as in search results, also its kind."""
    with st.container(border=True):
        kind_ = f":gray-badge[{registry.kind}] " if registry else ""
        st.markdown(f"##### {cls.title} &nbsp; {kind_}`{cls.name}`")
        words, equation = st.columns(2, gap="medium", vertical_alignment="center")
        with words:
            st.markdown(describe(cls))
            if cls.paper:
                st.caption(link_papers(cls.paper))
        if cls.equation:
            equation.latex(rf"\begin{{gathered}}{cls.equation}\end{{gathered}}")
        if table := knob_table(cls):
            st.markdown(table)
        _show_code(cls)


def _show_code(cls: type[Component]) -> None:
    sources = component_reference.sources(cls)
    first = sources[0]
    with st.expander(f"Source: `{first.file}`, line {first.line}", icon=":material/code:"):
        for source in sources:
            if source is not first:
                st.caption(f"It extends `{source.file}`, line {source.line}:")
            st.code(source.code)


def describe(cls: type[Component]) -> str:
    """Return a component's docstring, its summary as a paragraph of its own."""
    return link_papers(_escape(inspect.cleandoc(cls.__doc__ or "")))


def _escape(text: str) -> str:
    return escape_markdown(text, docstring=True)


def knob_table(cls: type[Component]) -> str:
    """Return a component's knobs as a Markdown table, or nothing if it has none."""
    shown = {name: knob for name, knob in knobs(cls).items() if not knob.hidden}
    if not shown:
        return ""
    rows = ["| knob | default | bounds | scale | meaning |", "| --- | --- | --- | --- | --- |"]
    for name, knob in shown.items():
        scale = "" if knob.low is None else "logarithmic" if knob.log else "linear"
        meaning = link_papers(_escape(knob.help))
        cells = f"`{name}`", format_default(knob), format_bounds(knob), scale, meaning
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def format_default(knob: Knob) -> str:
    if isinstance(knob.default, bool):
        return "yes" if knob.default else "no"
    if isinstance(knob.default, str):
        return _escape(knob.default) or "empty"
    return f"{knob.default:g}" if isinstance(knob.default, float) else f"{knob.default:,}"


def format_bounds(knob: Knob) -> str:
    if knob.choices is not None:
        return _escape(", ".join(map(str, knob.choices)))
    if isinstance(knob.default, bool):
        return "yes, no"
    if isinstance(knob.default, str):
        return "text"
    return f"{knob.low:,g} to {knob.high:,g}"
