"""Both networks of a run, layer by layer."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ui.run.page_run import PageRun


def show(run: PageRun) -> None:
    """Show a table of each network."""
    with st.expander("The two networks, layer by layer"):
        for column, (name, rows) in zip(st.columns(2), run.layers.items(), strict=True):
            total = sum(row.parameters for row in rows)
            column.markdown(f"**{name.capitalize()}**, {total:,} parameters")
            table = pd.DataFrame(rows).rename(columns=str.capitalize)
            column.dataframe(table, hide_index=True, width="stretch")
