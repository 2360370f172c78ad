"""The sidebar: the only maker of experiment widgets, all of them read from the registries."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from gan_core import ExperimentConfig
from gan_core.config import REGISTRIES, Architecture, default_knobs
from gan_core.data import DATASETS
from gan_core.registry import Knob, Registry, knobs
from ui import uploads
from ui.run import Run
from ui.session import widget

LINEAR_REACH = 20
"""A number whose bounds lie further apart than this is typed, not slid."""


def sidebar(run: Run) -> ExperimentConfig | None:
    """Show the set-up of the run's page; return what is chosen, or None if it is not possible.

    While the chosen data set is not there yet, the run's own one stands for it.
    """
    with st.sidebar:
        config = run.trainer.config
        chosen: dict[str, Any] = {}
        problem = st.container()
        with st.expander("**Target**: what G shall imitate", expanded=True):
            chosen["dataset"] = _dataset(run, config) or config.dataset.to_dict()
        with st.expander("**Noise prior**: what G is fed with"):
            chosen["prior"] = _component(run, "prior", config.prior)
            chosen["latent_dim"] = _field(run, ExperimentConfig, "latent_dim", config)
        with st.expander("**Architecture**: the two networks"):
            chosen["architecture"] = _architecture(run, config, chosen["dataset"])
        with st.expander("**Loss**: the game they play", expanded=True):
            chosen["loss"] = _component(run, "loss", config.loss)
        with st.expander("**Regularizer**: what keeps D smooth"):
            chosen["regularizer"] = _component(run, "regularizer", config.regularizer)
            chosen["instance_noise"] = _field(run, ExperimentConfig, "instance_noise", config)
        with st.expander("**Optimizers**: how the weights move"):
            for side, network in (("g", "Generator G"), ("d", "Discriminator D")):
                st.markdown(f"**{network}**")
                field = f"optimizer_{side}"
                chosen[field] = _component(run, field, getattr(config, field))
        with st.expander("**Training**: batch, D steps, average, precision, seed"):
            for field in ("batch_size", "n_critic", "ema_decay", "precision", "seed"):
                chosen[field] = _field(run, ExperimentConfig, field, config)
        st.caption(
            "Loss, regularizer, optimizers, batch, n_critic, averaging and precision change while "
            "training goes on. Target, prior, networks and seed begin a new run."
        )
        try:
            return ExperimentConfig.from_dict(chosen)
        except ValueError as error:
            problem.error(f"{error} The run goes on with its old set-up.")
            return None


def _architecture(run: Run, config: ExperimentConfig, dataset: dict[str, Any]) -> dict[str, Any]:
    """Let both networks be set; a new target starts with its own way to standardise."""
    target = dataset["name"]
    parts = config.architecture
    chosen = {}
    for key, network in (("generator", "Generator G"), ("discriminator", "Discriminator D")):
        st.markdown(f"**{network}**")
        chosen[key] = _component(run, key, getattr(parts, key), fits=config)
    if not config.dataset.pictures:
        own = DATASETS[target].default_standardise
        current = parts.standardise if target == config.dataset.name else own
        knob_ = knobs(Architecture)["standardise"]
        chosen["standardise"] = _knob(run, f"experiment.{target}", "standardise", knob_, current)
    if DATASETS.create(dataset).classes:
        chosen["conditional"] = _field(run, Architecture, "conditional", parts)
    return chosen


def _fitting(key: str, config: ExperimentConfig) -> list[str]:
    """Return the names of the networks that can make or read the data set's samples."""
    names = []
    for name in REGISTRIES[key].names():
        try:
            REGISTRIES[key].create(name).check_shape(config.dataset.sample_shape)
        except ValueError:
            continue
        names.append(name)
    return names


def _component(
    run: Run, section: str, current: Any, fits: ExperimentConfig | None = None
) -> dict[str, Any]:
    """Let one component be chosen and set; return it as in JSON."""
    registry = REGISTRIES[section]
    names = registry.names() if fits is None else _fitting(section, fits)
    return _choose(run, section, registry, names, current)


def _choose(
    run: Run, section: str, registry: Registry, names: list[str], current: Any
) -> dict[str, Any]:
    """Let one of `names` be chosen and its knobs be set."""
    name = st.selectbox(
        registry.kind.capitalize(),
        names,
        format_func=lambda name: registry[name].title,
        key=widget(_key(run, section), current.name),
        label_visibility="collapsed",
    )
    cls = registry[name]
    _about(cls)
    pictures = run.trainer.config.dataset.pictures
    same = current.name == name
    values = current.to_dict() if same else default_knobs(section, name, pictures)
    chosen: dict[str, Any] = {"name": name}
    for option, knob_ in knobs(cls).items():
        chosen[option] = _knob(run, f"{section}.{name}", option, knob_, values[option])
    return chosen


def _about(cls: Any) -> None:
    words = [cls.summary()]
    if cls.paper:
        words.append(f"*{cls.paper}*")
    st.caption("  \n".join(words))
    if cls.equation:
        st.latex(rf"\footnotesize\begin{{gathered}}{cls.equation}\end{{gathered}}")


def _key(run: Run, name: str) -> str:
    return f"{run.page}.{run.revision}.{name}"


def _field(run: Run, owner: Any, name: str, current: Any) -> Any:
    """Let one plain field of the experiment be set."""
    return _knob(run, "experiment", name, knobs(owner)[name], getattr(current, name))


def _knob(run: Run, section: str, name: str, knob_: Knob, current: Any) -> Any:
    """Return the value of a widget that suits the knob."""
    key = widget(_key(run, f"{section}.{name}"), current)
    label, help_ = knob_.label or name.replace("_", " "), knob_.help or None
    if knob_.choices is not None:
        return st.selectbox(label, knob_.choices, key=key, help=help_)
    if isinstance(knob_.default, bool):
        return st.toggle(label, key=key, help=help_)
    if isinstance(knob_.default, str):
        return current if knob_.hidden else st.text_input(label, key=key, help=help_)
    if knob_.log:
        stops = _log_stops(knob_, current)
        return st.select_slider(label, stops, key=key, help=help_, format_func=lambda v: f"{v:g}")
    return _number(label, key, knob_, help_)


def _number(label: str, key: str, knob_: Knob, help_: str | None) -> int | float:
    reach = knob_.high - knob_.low
    bounded = f"{help_ or label} From {knob_.low:g} to {knob_.high:g}."
    if isinstance(knob_.default, int):
        if reach > LINEAR_REACH:  # no bounds: what lies beyond them gets a sentence
            return st.number_input(label, key=key, step=1, help=bounded)
        return st.slider(label, knob_.low, knob_.high, key=key, step=1, help=help_)
    low, high = float(knob_.low), float(knob_.high)
    if reach > LINEAR_REACH:
        return st.number_input(label, key=key, step=0.25, format="%g", help=bounded)
    step = 10.0 ** math.floor(math.log10(reach / 50))
    digits = max(0, -math.floor(math.log10(step)))
    if name_is_decay(knob_):
        step, digits = 0.0001, 4
    return st.slider(label, low, high, key=key, step=step, format=f"%.{digits}f", help=help_)


def name_is_decay(knob_: Knob) -> bool:
    """Say whether a knob runs up to nearly 1, where the last digits matter."""
    return 0.99 < knob_.high < 1


def _log_stops(knob_: Knob, current: float) -> list[float]:
    """Return 1, 1.5, 2, 3, 5, 7 in every decade, or powers of two, and the value in use."""
    whole = isinstance(knob_.default, int)
    stops = {knob_.low, knob_.high, knob_.default, current}
    if whole:
        stops |= {2**i for i in range(17)} | {3 * 2**i for i in range(16)}
    else:
        decades = range(math.floor(math.log10(knob_.low)), math.ceil(math.log10(knob_.high)) + 1)
        stops |= {float(f"{m}e{d}") for d in decades for m in (1, 1.5, 2, 3, 5, 7)}
    kind = int if whole else float
    return sorted({kind(s) for s in stops if knob_.low <= s <= knob_.high})


def _dataset(run: Run, config: ExperimentConfig) -> dict[str, Any] | None:
    """Let the data set be chosen; return None while it is not there yet."""
    pictures = config.dataset.pictures
    names = [cls.name for cls in DATASETS if cls.pictures == pictures]
    chosen = _choose(run, "dataset", DATASETS, names, config.dataset)
    if "upload" in chosen:
        current = chosen["upload"]
        if pictures:
            chosen["upload"] = uploads.pictures(run, chosen["name"], current)
        else:
            chosen["upload"] = uploads.column(run, current)
        if not chosen["upload"]:
            return None
    return chosen if uploads.prepared(chosen) else None
