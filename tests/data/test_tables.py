"""Tables as people's programs write them: each number is read as it was meant, or asked about."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_core.cli.main import main
from gan_core.data import DATASETS
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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_config_file_of_powershell_is_read(tmp_path, encoding, capsys):
    config = tmp_path / "config.json"
    config.write_bytes('{"dataset": "normal"}\r\n'.encode(encoding))
    run = tmp_path / "run"
    assert main(["train", "--config", str(config), "--steps", "1", "--out", str(run)]) == 0
    assert (run / "config.json").is_file()
    config.write_bytes(b'{"dataset": "\xff"}')
    assert main(["train", "--config", str(config), "--steps", "1", "--out", str(run)]) == 2
    assert "neither UTF-8 nor UTF-16" in capsys.readouterr().err


def test_command_line_shows_what_it_understood(tmp_path, capsys):
    file = tmp_path / "weights.csv"
    file.write_bytes("Größe;n\n1.234;1\n12.345;2\n3.456;3\n".encode("cp1252"))
    assert main(["import-csv", str(file), "--column", "Größe"]) == 2
    said = capsys.readouterr().err
    assert "may be 1.234 or 1234. Choose the decimal mark: point or comma." in said
    how = ["import-csv", str(file), "--column", "Größe", "--decimal", "comma"]
    assert main([*how, "--header", "yes", "--encoding", "cp1252", "--separator", "semicolon"]) == 0
    printed = capsys.readouterr()
    assert (
        "Read as cp1252; 2 columns, semicolon between them; names in the first row." in printed.err
    )
    assert re.search(r"12\.345\s+12345\s+2", printed.err)
    dataset = DATASETS.create(json.loads(printed.out))
    assert dataset.distribution().values.tolist() == [1234.0, 3456.0, 12345.0]
    assert dataset.label == "weights.csv, Größe"
    assert main([*how[:-2], "--decimal", "dot"]) == 2
    assert "decimal = 'dot' is not one of auto, point, comma." in capsys.readouterr().err
    assert main(["import-csv", str(file), "--column", "n", "--separator", "pipe"]) == 2


def test_headerless_decimal_commas_are_shown_as_a_doubt():
    table = read_table(b"10,38\n9,65\n8,11\n")
    assert "If “10,38” is one number, choose the separator “none”." in table.understanding()
    one = read_table(b"10,38\n9,65\n8,11\n", TableOptions(separator="none"))
    assert column_numbers(one, "column 1").values.tolist() == [10.38, 9.65, 8.11]


ANY_CELL = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["1", "1,5", "1.234", "1.234,5", "<5", "5 %", "$3", "", "n/a", "(2)", "1e5", '"', "'", "#"]
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.lists(ANY_CELL, min_size=1, max_size=4), max_size=12), st.sampled_from(",;\t| "))
def test_any_table_gives_numbers_or_a_sentence(rows, separator):
    content = "\n".join(separator.join(row) for row in rows).encode()
    try:
        table = read_table(content)
        made = column_numbers(table, numeric_columns(table)[0])
    except ValueError as error:
        assert str(error).endswith(".")  # noqa: PT017 -- either outcome is right
        return
    assert len(made.values) + made.n_left_out == len(table.frame)
    assert np.isfinite(made.values).all()
