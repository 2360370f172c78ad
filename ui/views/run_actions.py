"""Actions on the runs that are chosen on the page of all runs."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from gan_core.evaluation.metrics import METRICS
from gan_core.evaluation.metrics.base import IMAGE_METRICS
from gan_core.storage import config_diff, run_zip
from gan_core.storage.run_data import data_size
from gan_core.storage.run_index import RunRow
from ui.markdown import escape_markdown
from ui.pages_table import PAGES
from ui.session import open_runs, state, watching
from ui.views import run_notes

TITLES = {
    "loss_d": "D's loss",
    "loss_g": "G's loss",
    "d_real": "D(x)",
    "d_fake_before": "D(G(z)) before G's update",
    "d_fake_after": "D(G(z)) after it",
    "grad_norm_d": "D's gradient norm",
    "grad_norm_g": "G's gradient norm",
}


def show_one(row: RunRow, known_tags: list[str]) -> None:
    """Show the actions on one run, its metrics and its settings."""
    key = f"runs.{row.id}"
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Open", type="primary", icon=":material/open_in_new:", key=f"{key}.open"):
            _open(row)
        run_notes.show_favourite_button(row)
        st.button("Duplicate", on_click=_duplicate, args=(row,), key=f"{key}.copy")
        _show_export(row, key)
        _show_delete_button([row])
    _ask_to_delete([row])
    run_notes.show(row, known_tags)
    _show_details(row)


def _open(row: RunRow) -> None:
    page = watching.open_or_watch(row.folder)
    if page is None:
        st.rerun()
    st.switch_page(PAGES[page].file)


def _duplicate(row: RunRow) -> None:
    page = state.visitor().runs_page
    try:
        made = run_zip.duplicate(row.folder)
    except ValueError as error:
        page.report_error(str(error))
        return
    page.known_ids.add(made.id)
    page.renew_widgets()
    page.report_success(f"“{made.metadata().name}” was made. It is the first in the table.")


def _show_export(row: RunRow, key: str) -> None:
    """Offer the run as a zip, and say how large it is."""
    everything, with_data = False, True
    if run_zip.export_size(row.folder, everything=True) > run_zip.export_size(row.folder):
        everything = st.toggle(
            "all checkpoints",
            key=f"{key}.everything",
            help="Without them, the zip holds the newest and the best.",
        )
    own = data_size(row.config.dataset)
    if own:
        data = escape_markdown(row.config.dataset.label)
        with_data = st.toggle(
            f"your data ({format_size(own)})",
            True,
            key=f"{key}.with_data",
            help=f"“{data}”. Without it, the run can be looked at elsewhere, "
            "but trained only where the same data are chosen again.",
        )
    size = run_zip.export_size(row.folder, everything, with_data)
    st.download_button(
        f"Export as zip ({format_size(size)})",
        _zip_maker(row, everything, with_data),
        f"{_file_name(row.about.name)}{_step_in_name(row)}.zip",
        "application/zip",
        on_click="ignore",
        key=f"{key}.export",
    )


def format_size(size: int) -> str:
    """Return bytes as GB, MB or kB of powers of ten."""
    if size < 1e5:
        return f"{size / 1e3:.1f} kB"
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _zip_maker(row: RunRow, everything: bool, with_data: bool) -> Callable[[], bytes]:
    """Return a function that makes the zip, called when the visitor asks for it."""

    def make() -> bytes:
        with tempfile.TemporaryFile() as file:
            run_zip.export_run(row.folder, file, everything, with_data)
            file.seek(0)
            return file.read()

    return make


def _step_in_name(row: RunRow) -> str:
    """Return the step for the zip's name; "" where another process may save a later one."""
    return "" if open_runs.is_open_elsewhere(row.folder) else f"-step-{row.about.step}"


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "run"


def _show_details(row: RunRow) -> None:
    """Show the latest metrics, and the settings that differ from the defaults."""
    left, right = st.columns(2)
    left.caption(f"At step {row.about.step:,}")
    metrics = {metric_title(name): value for name, value in row.about.metrics.items()}
    left.dataframe(_pairs(metrics, "metric"), hide_index=True)
    changed = config_diff.from_defaults(row.config)
    if row.about.changes:
        left.caption("Changed while it trained")
        table = pd.DataFrame(row.about.changes, columns=["after step", "change"])
        left.dataframe(table, hide_index=True)
    right.caption("Differs from the defaults in" if changed else "All settings are the defaults.")
    if changed:
        right.dataframe(_pairs(changed, "setting"), hide_index=True)


def metric_title(metric: str) -> str:
    """Return the name of a metric or a statistic for people."""
    for registry in (METRICS, IMAGE_METRICS):
        if metric in registry.names():
            return registry[metric].title
    return TITLES.get(metric, metric.replace("_", " "))


def _pairs(table: Mapping[str, object], title: str) -> pd.DataFrame:
    return pd.DataFrame({title: list(table), "value": list(table.values())})


def show_several(rows: list[RunRow]) -> None:
    """Show the differences of some runs; offer to delete them together."""
    _show_delete_button(rows)
    _ask_to_delete(rows)
    names = [f"{place}. {row.about.name}" for place, row in enumerate(rows, 1)]
    settings = config_diff.differences([row.config for row in rows])
    different = settings | {"step": [f"{row.about.step:,}" for row in rows]}
    for metric in dict.fromkeys(name for row in rows for name in row.about.metrics):
        values = [row.about.metrics.get(metric) for row in rows]
        cells = ["–" if value is None else f"{value:.4g}" for value in values]
        different[metric_title(metric)] = cells
    if any(row.about.changes for row in rows):
        different["changed while it trained"] = [_change_texts(row) for row in rows]
    table = pd.DataFrame.from_dict(different, orient="index", columns=names)
    st.caption(
        "The settings in which they differ, then their steps and metrics"
        if settings
        else "All their settings are equal; their steps and metrics"
    )
    st.dataframe(table, height="content")


def _change_texts(row: RunRow) -> str:
    return "; ".join(f"{text} after {step:,}" for step, text in row.about.changes) or "–"


def _show_delete_button(rows: list[RunRow]) -> None:
    elsewhere = [row for row in rows if open_runs.is_open_elsewhere(row.folder)]
    ids = tuple(row.id for row in rows)
    words = "Delete" if len(rows) == 1 else f"Delete these {len(rows)}"
    st.button(
        words,
        icon=":material/delete:",
        on_click=state.visitor().runs_page.deletion.ask,
        args=(ids,),
        disabled=bool(elsewhere),
        help="Open in another tab, or trained by another process; close it there first."
        if elsewhere
        else None,
        key=f"runs.delete.{hash(ids)}",
    )


def _ask_to_delete(rows: list[RunRow]) -> None:
    """Ask whether these runs may be deleted, if that was requested of these very runs."""
    page = state.visitor().runs_page
    ids = tuple(row.id for row in rows)
    if not page.deletion.is_pending(ids):
        return
    names = ", ".join(f"“{row.about.name}” (step {row.about.step:,})" for row in rows)
    here = any(open_runs.find_open_run(row.id) for row in rows)
    st.warning(
        f"Delete {escape_markdown(names)} for good?"
        + (" What is open in this tab is closed." if here else "")
    )
    with st.container(horizontal=True):
        st.button("Yes, delete", on_click=_delete, args=(rows,), key=f"runs.yes.{hash(ids)}")
        st.button("No", on_click=page.report_success, args=("Nothing was deleted.",), key="runs.no")


def _delete(rows: list[RunRow]) -> None:
    page = state.visitor().runs_page
    for row in rows:
        if open_runs.is_open_elsewhere(row.folder):
            page.report_error(f"“{row.about.name}” was opened elsewhere meanwhile.")
            return
        open_runs.discard(row.id)
        row.folder.delete()
        page.known_ids.discard(row.id)
    page.renew_widgets()
    page.report_success(f"{len(rows)} run{'s were' if len(rows) > 1 else ' was'} deleted.")
