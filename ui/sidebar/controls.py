"""The sidebar: the only maker of experiment widgets, all of them read from the registries."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import streamlit as st

from gan_core import ExperimentConfig
from gan_core.config import MUTABLE_FIELDS, REGISTRIES, Architecture, default_knobs
from gan_core.data import DATASETS
from gan_core.diagnosis.remarks import remarks
from gan_core.registry import Knob, Registry, knobs
from gan_core.words import choice_text
from ui.markdown import escape_markdown
from ui.run.page_run import PageRun
from ui.session.state import clamp_widget, init_widget, set_widget
from ui.sidebar import replacement, table_upload, uploads
from ui.sidebar.replacement import label_of

FIELD_IN_ERROR = re.compile(r"experiment: (\w+) = ")

MAX_SLIDER_RANGE = 20
"""A number whose bounds lie further apart than this is typed, not slid."""


def choose_config(run: PageRun) -> ExperimentConfig | None:
    """Show the set-up of the run's page; return the chosen one, or None if it is not possible.

    As long as the chosen data set is not available, the run's own one stands for it. While the
    page displays an earlier step, it shows that step's set-up, greyed, and None is chosen.
    """
    with st.sidebar:
        config = run.displayed.config
        if run.looks_back:
            st.caption(f"**The settings as they were.** {run.newest_only}")
        chosen: dict[str, Any] = {}
        notes: dict[str, Any] = {"": st.container()}  # where a refusal of a field is shown
        with st.expander("**Target**: what G shall imitate", expanded=True):
            chosen["dataset"] = _choose_dataset(run, config) or config.dataset.to_dict()
        with st.expander("**Noise prior**: what G is fed with"):
            chosen["prior"] = _choose_component(run, "prior", config.prior)
            chosen["latent_dim"] = _choose_field(run, ExperimentConfig, "latent_dim", config, notes)
        with st.expander("**Architecture**: the two networks"):
            chosen["architecture"] = _choose_architecture(run, config, chosen["dataset"], notes)
        with st.expander("**Loss**: the game they play", expanded=True):
            chosen["loss"] = _choose_component(run, "loss", config.loss)
        with st.expander("**Regularizer**: what keeps D smooth"):
            chosen["regularizer"] = _choose_component(run, "regularizer", config.regularizer)
            notes["regularizer"] = st.container()
            noise = "instance_noise"
            chosen[noise] = _choose_field(run, ExperimentConfig, noise, config, notes)
        with st.expander("**Optimizers**: how the weights move"):
            for side, network in (("g", "Generator G"), ("d", "Discriminator D")):
                st.markdown(f"**{network}**")
                field = f"optimizer_{side}"
                chosen[field] = _choose_component(run, field, getattr(config, field))
        with st.expander("**Training**: batch, D steps, average, precision, seed"):
            most = {"batch_size": DATASETS.create(chosen["dataset"]).size}
            fields = ("batch_size", "n_critic", "fresh_noise", "ema_decay", "precision", "seed")
            for field in fields:
                chosen[field] = _choose_field(
                    run, ExperimentConfig, field, config, notes, most.get(field)
                )
        st.caption(
            "Loss, regularizer, optimizers, batch, D updates, averaging and precision change while "
            "training goes on. Target, prior, networks and seed begin a new run."
        )
        try:
            made = None if run.looks_back else ExperimentConfig.from_dict(chosen)
        except ValueError as error:
            _show_refusal(str(error), notes)
            return None
        for remark in () if made is None else remarks(made):
            notes[remark.field].warning(remark.sentence)
        return made


def _show_refusal(reason: str, notes: dict[str, Any]) -> None:
    """Show why the set-up is refused, under the control of the field that is named."""
    named = FIELD_IN_ERROR.match(reason)
    if named is not None and named[1] in notes:
        place, words = notes[named[1]], named[1].replace("_", " ")
        reason = f"{words[:1].upper()}{words[1:]} = {reason[named.end() :]}"
    else:
        place = notes[""]
    place.error(f"{escape_markdown(reason)} The run goes on with its old set-up.")


def _choose_architecture(
    run: PageRun, config: ExperimentConfig, dataset: dict[str, Any], notes: dict[str, Any]
) -> dict[str, Any]:
    """Let both networks be set; a new target starts with its own way to standardise."""
    target = dataset["name"]
    parts = config.architecture
    chosen = {}
    for key, network in (("generator", "Generator G"), ("discriminator", "Discriminator D")):
        st.markdown(f"**{network}**")
        chosen[key] = _choose_component(run, key, getattr(parts, key), fits=config)
        notes[key] = st.container()
    if config.dataset.kind.may_standardize:
        own = DATASETS[target].default_standardise
        current = parts.standardise if target == config.dataset.name else own
        option = "standardise"
        knob_ = knobs(Architecture)[option]
        chosen[option] = _set_knob(run, f"experiment.{target}", option, knob_, current)
    if DATASETS.create(dataset).classes:
        chosen["conditional"] = _choose_field(run, Architecture, "conditional", parts, notes)
    return chosen


def _fitting_names(key: str, config: ExperimentConfig) -> list[str]:
    """Return the names of the networks that can make or read the data set's samples."""
    names = []
    for name in REGISTRIES[key].names():
        try:
            REGISTRIES[key].create(name).check_shape(config.dataset.sample_shape)
        except ValueError:
            continue
        names.append(name)
    return names


def _choose_component(
    run: PageRun, section: str, current: Any, fits: ExperimentConfig | None = None
) -> dict[str, Any]:
    """Let one component be chosen and set; return it as in JSON."""
    registry = REGISTRIES[section]
    names = registry.names() if fits is None else _fitting_names(section, fits)
    return _choose_named(run, section, registry, names, current)


def _choose_named(
    run: PageRun, section: str, registry: Registry, names: list[str], current: Any
) -> dict[str, Any]:
    """Let one of `names` be chosen and its knobs be set."""
    name = st.selectbox(
        registry.kind.capitalize(),
        names,
        format_func=lambda name: registry[name].title,
        key=_show_value(run, section, current.name),
        label_visibility="collapsed",
        disabled=run.looks_back,
    )
    cls = registry[name]
    _describe(cls)
    values = current.to_dict()
    if current.name != name:
        values = default_knobs(section, name, run.config.dataset.kind)
        if section in MUTABLE_FIELDS:
            values = replacement.keep_shared(section, current, cls, values)
    chosen: dict[str, Any] = {"name": name}
    for option, knob_ in knobs(cls).items():
        chosen[option] = _set_knob(run, f"{section}.{name}", option, knob_, values[option])
    return chosen


def _describe(cls: Any) -> None:
    words = [cls.summary()]
    if cls.paper:
        words.append(f"*{cls.paper}*")
    st.caption("  \n".join(words))
    if cls.equation:
        st.latex(rf"\footnotesize\begin{{gathered}}{cls.equation}\end{{gathered}}")


def _key(run: PageRun, name: str) -> str:
    return f"{run.page}.{run.revision}.{name}"


def _show_value(run: PageRun, name: str, current: Any) -> str:
    """Let a widget begin with this value; keep it there while it is grey. Return its key."""
    return (set_widget if run.looks_back else init_widget)(_key(run, name), current)


def _choose_field(
    run: PageRun,
    owner: Any,
    name: str,
    current: Any,
    notes: dict[str, Any],
    most: int | None = None,
) -> Any:
    """Let one plain field of the experiment be set, up to `most`; leave a place for a refusal."""
    knob_, value = knobs(owner)[name], getattr(current, name)
    if most is not None and most < knob_.high:
        knob_, value = replace(knob_, high=most), min(value, most)
        clamp_widget(_key(run, f"experiment.{name}"), most)
    chosen = _set_knob(run, "experiment", name, knob_, value)
    if chosen == most:
        st.caption(f"The largest that fits: the data set has {most:,} samples.")
    notes[name] = st.container()
    return chosen


def _set_knob(run: PageRun, section: str, name: str, knob_: Knob, current: Any) -> Any:
    """Return the value of a widget that suits the knob."""
    key = _show_value(run, f"{section}.{name}", current)
    label, help_, off = label_of(name, knob_), knob_.help or None, run.looks_back
    if knob_.choices is not None:
        words = {"format_func": choice_text, "help": help_, "disabled": off}
        return st.selectbox(label, knob_.choices, key=key, **words)
    if isinstance(knob_.default, bool):
        return st.toggle(label, key=key, help=help_, disabled=off)
    if isinstance(knob_.default, str):
        return current if knob_.hidden else st.text_input(label, key=key, help=help_, disabled=off)
    if knob_.log:
        stops = _log_stops(knob_, current)
        words = lambda v: f"{v:g}"  # noqa: E731
        return st.select_slider(label, stops, key=key, help=help_, format_func=words, disabled=off)
    return _set_number(label, key, knob_, help_, off)


def _set_number(label: str, key: str, knob_: Knob, help_: str | None, off: bool) -> int | float:
    reach = knob_.high - knob_.low
    bounded = f"{help_ or label} From {knob_.low:g} to {knob_.high:g}."
    if isinstance(knob_.default, int):
        if reach > MAX_SLIDER_RANGE:  # no bounds: what lies beyond them gets a sentence
            return st.number_input(label, key=key, step=1, help=bounded, disabled=off)
        return st.slider(label, knob_.low, knob_.high, key=key, step=1, help=help_, disabled=off)
    low, high = float(knob_.low), float(knob_.high)
    if reach > MAX_SLIDER_RANGE:
        return st.number_input(label, key=key, step=0.25, format="%g", help=bounded, disabled=off)
    step = 10.0 ** math.floor(math.log10(reach / 50))
    digits = max(0, -math.floor(math.log10(step)))
    if _is_decay(knob_):
        step, digits = 0.0001, 4
    form = f"%.{digits}f"
    return st.slider(label, low, high, key=key, step=step, format=form, help=help_, disabled=off)


def _is_decay(knob_: Knob) -> bool:
    """Return whether a knob runs up to nearly 1, where the last digits matter."""
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


def _choose_dataset(run: PageRun, config: ExperimentConfig) -> dict[str, Any] | None:
    """Let the data set be chosen; return None as long as it is not available."""
    kind_name = config.dataset.kind_name
    names = [cls.name for cls in DATASETS if cls.kind_name == kind_name]
    chosen = _choose_named(run, "dataset", DATASETS, names, config.dataset)
    if run.looks_back:
        return chosen
    if "upload" in chosen:
        current = chosen["upload"]
        uploads.show_present(chosen)
        if DATASETS[chosen["name"]].upload_format == "images":
            chosen["upload"] = uploads.choose_pictures(run, chosen["name"], current)
        else:
            chosen["upload"] = table_upload.choose_column(run, current)
        if not chosen["upload"]:
            return None
    return chosen if uploads.offer_preparation(chosen) else None
