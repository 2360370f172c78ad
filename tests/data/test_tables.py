"""Tables as people's programs write them: each number is read as it was meant, or asked about."""

import re

import numpy as np
import pytest

from gan_core.data.csv_column import numeric_columns, store_column
from gan_core.data.tables.column import column_numbers
from gan_core.data.tables.table import TableOptions, read_table
from tests.helpers.csv_cases import CASES, REFUSALS


def names(items):
    return [item.name for item in items]


def test_there_are_enough_cases():
    assert len(CASES) + len(REFUSALS) >= 100
    assert len({*names(CASES), *names(REFUSALS)}) == len(CASES) + len(REFUSALS)


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_numbers_are_read_as_they_were_meant(case):
    table = read_table(case.content, TableOptions(**case.options))
    assert case.column in numeric_columns(table)
    made = column_numbers(table, case.column)
    np.testing.assert_allclose(made.values, case.values, rtol=case.tolerance)
    _, note = store_column(table, case.column)
    said = f"{table.understanding()} {note}"
    assert [words for words in case.says if words not in said] == []
    assert made.n_left_out == len(table.frame) - len(case.values)
    assert ("left out" in note) == (made.n_left_out > 0)


def take_first(case):
    table = read_table(case.content)
    store_column(table, case.column or numeric_columns(table)[0])


@pytest.mark.parametrize("case", REFUSALS, ids=names(REFUSALS))
def test_what_cannot_be_known_is_asked_or_refused(case):
    with pytest.raises(ValueError, match=re.escape(case.says)) as caught:
        take_first(case)
    assert str(caught.value).endswith(".")
    assert "Error" not in str(caught.value)
