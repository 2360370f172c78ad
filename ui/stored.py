"""The page of all runs: a table to choose from, and what can be done with what is chosen."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from gan_core.evaluation.metrics import METRICS
from gan_core.storage import config_diff, retention, run_zip
from gan_core.storage.run_index import RUN_INDEX, RunRow
from ui import chosen_runs, session
from ui.plain import escaped

GB = 1e9
LEAST_BUDGET, MOST_BUDGET = 0.05, 100_000.0
"""Gigabytes."""

ROW_HEIGHT, MOST_HEIGHT = 48, 560
W1 = "wasserstein_1"


def show() -> None:
    """Show the runs, and what can be done with those that are chosen."""
    session.attend()
    session.put_by(wait=True)
    _answers()
    shelf = session.lab().shelf
    mine = session.is_shared()
    rows = RUN_INDEX.rows(shelf.known if mine else None)
    _room(rows, mine)
    _import()
    if not rows:
        _nothing(mine)
        return
    chosen = _table(rows)
    if not chosen:
        st.caption(
            "Choose one run to open, rename, copy, export or delete it; two to compare them."
        )
    if len(chosen) == 1:
        chosen_runs.one(chosen[0])
    if len(chosen) > 1:
        chosen_runs.several(chosen)


def _answers() -> None:
    """Show what the last action came to, and what could not be done.

    In a container, so that what follows keeps its place, and what is open there stays open.
    """
    here = session.lab()
    with st.container():
        if here.shelf.said:
            st.success(escaped(here.shelf.said))
        if here.shelf.refused:
            st.error(escaped(here.shelf.refused))
        for message in here.messages:
            st.warning(escaped(message))
    here.messages.clear()
    here.shelf.said = here.shelf.refused = None


def _room(rows: list[RunRow], mine: bool) -> None:
    used = sum(row.size for row in rows)
    words = f"{len(rows)} run{'s' * (len(rows) != 1)}, {_size(used)}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if mine:
            st.markdown(
                f"**{words}** of yours. Only runs that were begun, opened or imported in "
                "this session are shown: this server is not yours alone."
            )
            return
        st.markdown(f"**{words}** of a budget of {_size(retention.budget())}")
        st.number_input(
            "Disk budget, GB",
            LEAST_BUDGET,
            MOST_BUDGET,
            min(max(retention.budget() / GB, LEAST_BUDGET), MOST_BUDGET),
            1.0,
            "%.2f",
            key="runs.budget",
            on_change=_set_budget,
            width=160,
            help="What all runs together may take. Beyond it old checkpoints go at the next save; "
            "of each run the newest two and the best stay.",
        )


def _set_budget() -> None:
    try:
        retention.set_budget(int(session.value("runs.budget") * GB))
    except OSError as error:
        session.lab().shelf.refuse(f"The budget could not be written down: {error.strerror}.")


def _import() -> None:
    shelf = session.lab().shelf
    with st.expander("Import a run"):
        key = f"runs.import.{shelf.revision}"
        file = st.file_uploader("A zip that was exported here or elsewhere", ["zip"], key=key)
        if not st.button("Import", key="runs.import", disabled=file is None):
            return
        try:
            with st.spinner("Every part of it is checked …"):
                made = run_zip.import_run(file)
        except ValueError as error:
            shelf.refuse(str(error))
        else:
            shelf.known.add(made.id)
            shelf.renew()
            shelf.say(
                f"The run “{made.metadata().name}” was imported. It is the first in the table."
            )
        st.rerun()


def _nothing(mine: bool) -> None:
    st.info(
        "There is no run here yet. A run comes here once it has trained: it is saved when it is "
        "paused, every 30 seconds, and at the end of a session. "
        + ("" if mine else "`python -m gan_core train` without `--out` keeps its runs here, too.")
    )


def _table(rows: list[RunRow]) -> list[RunRow]:
    """Show the runs; return those that are chosen."""
    shelf = session.lab().shelf
    table = pd.DataFrame([_line(row) for row in rows])
    number = st.column_config.NumberColumn
    order = hash(tuple(row.id for row in rows))  # a choice is by place in this very order
    key = f"runs.table.{shelf.revision}.{order}"
    if key != shelf.table:  # another run was saved meanwhile: what is chosen stays chosen
        shelf.table = key
        shelf.places = tuple(i for i, row in enumerate(rows) if row.id in shelf.chosen)
    event = st.dataframe(
        table,
        hide_index=True,
        height=min(MOST_HEIGHT, ROW_HEIGHT * len(rows) + 40),
        row_height=ROW_HEIGHT,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": list(shelf.places)}},
        placeholder="–",
        key=key,
        column_config={
            "Samples": st.column_config.ImageColumn(width=104),
            "Name": st.column_config.TextColumn(width=240),
            "Data": st.column_config.TextColumn(width=105),
            "Differs from the defaults in": st.column_config.TextColumn(width=220),
            "Step": number(format="localized", width=64),
            METRICS[W1].title: number(format="%.3g", width=96),
            "Saved": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", width=125),
            "MB": number(format="%.1f", width=56),
            "D's loss": number(format="%.3g", width=70),
            "G's loss": number(format="%.3g", width=70),
        },
    )
    places = event["selection"]["rows"]
    chosen = [rows[place] for place in places if place < len(rows)]
    shelf.chosen = frozenset(row.id for row in chosen)
    return chosen


def _line(row: RunRow) -> dict[str, object]:
    about = row.about
    changed = config_diff.from_defaults(row.config)
    picture = None
    if row.picture:
        picture = "data:image/png;base64," + base64.b64encode(row.picture).decode()
    return {
        "Samples": picture,
        "Name": about.name,
        "Step": about.step,
        METRICS[W1].title: about.metrics.get(W1),
        "Saved": datetime.fromtimestamp(about.saved, UTC),
        "Open": _where(row),
        "Differs from the defaults in": "; ".join(f"{k}: {v}" for k, v in changed.items()),
        "Data": row.config.dataset.title,
        "MB": row.size / 1e6,
        "D's loss": about.metrics.get("loss_d"),
        "G's loss": about.metrics.get("loss_g"),
    }


def _where(row: RunRow) -> str:
    if session.open_here(row.id) is not None:
        return "here"
    return "elsewhere" if session.is_open_elsewhere(row.folder) else ""


def _size(size: int) -> str:
    return f"{size / GB:.1f} GB" if size >= GB else f"{size / 1e6:.1f} MB"
