"""The page's address: the set-up and the id of a run, and the name it is asked for by."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import streamlit as st

from gan_core import ExperimentConfig
from gan_core.data import DATASETS
from gan_core.data.kind import DataKind
from ui.run.page_run import PageRun
from ui.session import state

SETUP_KEY, RUN_KEY = "setup", "run"
LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded")


def write_link(run: PageRun, own_page: bool = True) -> None:
    """Put the run's set-up into the page's address, and its id once there is something to keep.

    On the run's own page an address without a set-up means the default one, and stays: the browser
    would make an entry of its history of a change that comes before `code_loader.js` is there.
    """
    link = _setup_link(run.config)
    is_new = not run.step and not run.playback.running and run.config.is_default
    if own_page and is_new and not st.query_params:
        return
    if run.playback.running or run.step:
        link[RUN_KEY] = run.id
        state.visitor().runs_page.known_ids.add(run.id)
    if st.query_params.to_dict() != link:
        st.query_params.from_dict(link)


def setup_query(run: PageRun) -> str:
    """Return the part of an address that links to the set-up of the displayed step."""
    return "?" + urlencode(_setup_link(run.displayed.config))


def run_query(run: PageRun) -> str:
    """Return the part of an address that links to the run."""
    return "?" + urlencode(_setup_link(run.config) | {RUN_KEY: run.id})


def _setup_link(config: ExperimentConfig) -> dict[str, str]:
    return {SETUP_KEY: json.dumps(config.diff_from_defaults(), separators=(",", ":"))}


def linked_run_id() -> str | None:
    """Return the id of the run in the link, if there is one."""
    return st.query_params.get(RUN_KEY)


def forget_run() -> None:
    """Take the run's id out of the page's address."""
    if RUN_KEY in st.query_params:
        del st.query_params[RUN_KEY]


def linked_config(default: ExperimentConfig) -> ExperimentConfig:
    """Return the set-up in the link; `default` without one.

    Raises:
        ValueError: if it cannot be read, or its data set is not of the default's kind.
    """
    if SETUP_KEY not in st.query_params:
        return default
    config, message = _read_setup(st.query_params[SETUP_KEY])
    if message:
        state.visitor().messages.append(message)
    if config.dataset.kind_name != default.dataset.kind_name:
        noun = config.dataset.kind.noun
        raise ValueError(f"Its data set, {config.dataset.name}, is made of {noun}.")
    return config


def _read_setup(text: str) -> tuple[ExperimentConfig, str]:
    """Return the set-up of a link, and what was changed in it; "" if nothing.

    A batch larger than data of the user's own becomes the largest that fits.

    Raises:
        ValueError: if it cannot be read.
    """
    try:
        return ExperimentConfig.from_json(text), ""
    except ValueError as error:
        try:
            given = json.loads(text)
            given["dataset"]["upload"]  # other data do not change by themselves
            size, batch = DATASETS.create(given["dataset"]).size, given["batch_size"]
            config = ExperimentConfig.from_dict(given | {"batch_size": size})
        except (ValueError, LookupError, TypeError, RecursionError):
            raise error from None
    return config, f"The batch is {size:,} instead of {batch}: the data set has no more samples."


def linked_kind() -> DataKind | None:
    """Return the kind of data of the set-up in the link; None without a readable link."""
    try:
        return _read_setup(st.query_params[SETUP_KEY])[0].dataset.kind
    except (KeyError, ValueError):
        return None


def is_shared() -> bool:
    """Return whether others than the owner of this server may use it: visitors have no login.

    It is the owner's alone if it listens on this machine only and is asked for by that name, by no
    proxy. A proxy that hands over neither its visitors' host nor their address would be missed.
    """
    host = (st.context.headers.get("Host") or "").rsplit(":", 1)[0]
    through_a_proxy = any(name in st.context.headers for name in FORWARDED)
    listens_here = st.get_option("server.address") in LOOPBACK
    return through_a_proxy or not listens_here or bool(host and host not in LOOPBACK)
