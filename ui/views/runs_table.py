"""The page of all runs: a table to choose from, and actions on the chosen runs."""

from __future__ import annotations

import base64
import math
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from gan_core.storage import config_diff, retention, run_zip
from gan_core.storage.run_folder import CheckpointFile
from gan_core.storage.run_index import RUN_INDEX, RunRow
from ui.markdown import escape_markdown
from ui.session import open_runs, state, url
from ui.views import run_actions, run_search

GB = 1e9
MIN_BUDGET, MAX_BUDGET = 0.05, 100_000.0
"""Gigabytes."""

ROW_HEIGHT, MAX_HEIGHT = 48, 560


def show() -> None:
    """Show the runs, and the actions on those that are chosen."""
    state.register_cleanup()
    open_runs.save_hidden_runs(wait=True)
    _show_messages()
    mine = url.is_shared()
    rows = RUN_INDEX.rows(open_runs.own_ids() if mine else None)
    _show_budget(rows, mine)
    _import_run()
    if not rows:
        _show_empty(mine)
        return
    found = run_search.choose(rows)
    if not found:
        st.info("No run fits the search.")
        return
    chosen = _choose_rows(found)
    if not chosen:
        st.caption(
            "Choose one run to open, name, tag, copy, export or delete it; two to compare them."
        )
    if len(chosen) == 1:
        run_actions.show_one(chosen[0], sorted({tag for row in rows for tag in row.about.tags}))
    if len(chosen) > 1:
        run_actions.show_several(chosen)


def _show_messages() -> None:
    """Show the outcome of the last action, and all warnings.

    In a container: the elements below keep their places, and open expanders stay open.
    """
    visitor, page = state.visitor(), state.visitor().runs_page
    with st.container():
        if page.success:
            st.success(escape_markdown(page.success))
        if page.error:
            st.error(escape_markdown(page.error))
        for message in visitor.messages:
            st.warning(escape_markdown(message))
    visitor.messages.clear()
    page.success = page.error = None


def _show_budget(rows: list[RunRow], mine: bool) -> None:
    used = sum(row.size for row in rows)
    words = f"{len(rows)} run{'s' * (len(rows) != 1)}, {run_actions.format_size(used)}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if mine:
            st.markdown(
                f"**{words}** of yours. Only the runs of this browser are shown: this server is "
                "not yours alone."
            )
            return
        st.markdown(f"**{words}** of a budget of {run_actions.format_size(retention.budget())}")
        st.number_input(
            "Disk budget, GB",
            MIN_BUDGET,
            MAX_BUDGET,
            min(max(retention.budget() / GB, MIN_BUDGET), MAX_BUDGET),
            1.0,
            "%.2f",
            key="runs.budget",
            on_change=_set_budget,
            width=160,
            help="What all runs together may take. Beyond it old checkpoints go at the next save, "
            "those of the run that was saved longest ago first; of each run the newest two and the "
            "best stay.",
        )
        spare = sum(c.size for row in rows for c in _dispensable(row))
        if spare:
            st.button(
                f"Free {run_actions.format_size(spare)}",
                on_click=_free_up,
                help="Deletes old checkpoints; of each run the newest two and the best stay.",
                key="runs.free",
            )
    if used - spare > retention.budget():
        st.warning(
            f"The newest and the best checkpoints alone take more than the budget: delete runs, or "
            f"raise it above {run_actions.format_size(used - spare)}."
        )


def _dispensable(row: RunRow) -> list[CheckpointFile]:
    return retention.dispensable(row.folder, row.about.measured)


def _free_up() -> None:
    freed = retention.free_up(retention.used())
    state.visitor().runs_page.report_success(f"{run_actions.format_size(freed)} were freed.")


def _set_budget() -> None:
    try:
        retention.set_budget(int(state.widget_value("runs.budget") * GB))
    except OSError as error:
        message = f"The budget could not be written down: {error.strerror}."
        state.visitor().runs_page.report_error(message)


def _import_run() -> None:
    page = state.visitor().runs_page
    with st.expander("Import a run"):
        key = f"runs.import.{page.revision}"
        file = st.file_uploader("A zip that was exported here or elsewhere", ["zip"], key=key)
        most = st.get_option("server.maxUploadSize")
        st.caption(f"Up to {most:,} MB. Larger ones: `python -m gan_core import-run FILE`.")
        if not st.button("Import", key="runs.import", disabled=file is None):
            return
        try:
            with st.spinner("Every part of it is checked …"):
                made = run_zip.import_run(file)
        except ValueError as error:
            page.report_error(str(error))
        else:
            page.known_ids.add(made.id)
            page.renew_widgets()
            page.report_success(
                f"The run “{made.metadata().name}” was imported. It is the first in the table."
            )
        st.rerun()


def _show_empty(mine: bool) -> None:
    st.info(
        "There is no run here yet. A run comes here once it has trained: it is saved when it is "
        "paused, every 30 seconds, and at the end of a session. "
        + ("" if mine else "`python -m gan_core train` without `--out` keeps its runs here, too.")
    )


def _choose_rows(rows: list[RunRow]) -> list[RunRow]:
    """Show the runs; return those that are chosen."""
    page = state.visitor().runs_page
    table = pd.DataFrame([_table_row(row) for row in rows])
    order = hash(tuple(row.id for row in rows))  # a choice is by place in this very order
    key = f"runs.table.{page.revision}.{order}"
    if key != page.table_key:  # another run was saved meanwhile: what is chosen stays chosen
        page.table_key = key
        page.table_rows = tuple(i for i, row in enumerate(rows) if row.id in page.selected_ids)
    event = st.dataframe(
        table,
        hide_index=True,
        height=min(MAX_HEIGHT, ROW_HEIGHT * len(rows) + 40),
        row_height=ROW_HEIGHT,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": list(page.table_rows)}},
        placeholder="–",
        key=key,
        column_config=_columns(),
    )
    places = event["selection"]["rows"]
    chosen = [rows[place] for place in places if place < len(rows)]
    page.selected_ids = frozenset(row.id for row in chosen)
    return chosen


def _columns() -> dict[str, object]:
    """Return the widths of the columns, in pixels: their sum fits a window of 1,280."""
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    return {
        "★": text(width=30, help="Your favourites."),
        "Samples": st.column_config.ImageColumn(width=96),
        "Name": text(width=152),
        "Data": text(width=86),
        "Differs from the defaults in": text(width=112),
        "Step": number(format="localized", width=58),
        "Quality": text(
            width=140,
            help="The latest value of the metric by which the best checkpoint is chosen; "
            "smaller is better. ±: half of its 95 % interval. ?: it cannot tell, for "
            "with so few pictures clearly worse samples may score as well.",
        ),
        "Saved": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", width=122),
        "MB": number(format="%.1f", width=48),
    }


def _table_row(row: RunRow) -> dict[str, object]:
    about = row.about
    changed = config_diff.from_defaults(row.config)
    picture = None
    if row.picture:
        picture = "data:image/png;base64," + base64.b64encode(row.picture).decode()
    return {
        "★": "★" if about.favourite else "",
        "Samples": picture,
        "Name": " ".join([about.name, *_open_where(row), *(f"#{tag}" for tag in about.tags)]),
        "Data": row.config.dataset.label,
        "Differs from the defaults in": "; ".join(f"{k}: {v}" for k, v in changed.items()),
        "Step": about.step,
        "Quality": _quality(row),
        "Saved": datetime.fromtimestamp(about.saved, UTC),
        "MB": row.size / 1e6,
    }


def _quality(row: RunRow) -> str | None:
    """Return the latest value of the metric that suits the run's kind of data, with its name."""
    best_by, about = row.config.dataset.kind.best_by, row.about
    value = about.metrics.get(best_by)
    if value is None and about.measured:
        value = about.measured[max(about.measured, key=int)]
    if value is None:
        return None
    title, *_ = run_actions.metric_title(best_by).split(" distance")
    sure = row.quality
    if sure is None or sure.value != value:
        return f"{title} {value:.3g}"
    low, high = sure.interval
    reach = "" if math.isnan(low) else f" ± {(high - low) / 2:.2g}"
    return f"{title} {value:.3g}{reach}" + ("" if sure.can_tell else " ?")


def _open_where(row: RunRow) -> list[str]:
    if open_runs.find_open_run(row.id) is not None:
        return ["(open here)"]
    return ["(open elsewhere)"] if open_runs.is_open_elsewhere(row.folder) else []
