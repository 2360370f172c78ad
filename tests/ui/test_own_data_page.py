"""The user's own data on the pages: shown as they were understood, and under their names."""

import json

import numpy as np
import pytest

from gan_core import ExperimentConfig, Trainer
from gan_core.runtime.files import store_values
from tests.helpers.csv_writing import PLAIN, comma
from tests.helpers.own_data import blob
from tests.helpers.pages import QUICK, visit
from ui import figures

EVIL = "![p](http://127.0.0.1/p.png)"


def choose(opened, content, name="mine.csv"):
    if opened.widget("dataset").value != "csv_column":
        opened.set("dataset", "csv_column")
    opened.widget("dataset.file").set_value((name, content, "text/csv"))
    opened.look()


def option(opened, label):
    return next(box for box in opened.at.selectbox if box.label == label)


def test_rows_are_shown_as_they_were_understood_before_they_count():
    opened = visit("distributions")
    rows = [f"{1 + i % 28}.01.2024;{comma(v)}" for i, v in enumerate(PLAIN)]
    rows[1] = "02.01.2024;<5"
    choose(opened, "\n".join([f"Datum;{EVIL}", *rows]).encode())
    assert opened.sentences() == []
    frames = [element.value for element in opened.at.dataframe]
    [frame] = [frame for frame in frames if "read as" in frame.columns]
    assert list(frame.columns) == [EVIL, "read as", "Datum"]
    assert frame[EVIL][0] == comma(PLAIN[0])
    assert list(frame["read as"][:2]) == [f"{PLAIN[0]:g}", "left out"]
    captions = " ".join(caption.value for caption in opened.at.caption)
    assert "Read as utf-8; 2 columns, semicolon between them" in captions
    assert "decimal mark “,”" in captions
    assert r"1 row without a number left out: 1 only a limit (“\<5”)" in captions
    assert r"\!\[p\](http\://127.0.0.1/p.png)" in captions
    assert EVIL not in captions
    assert opened.config.dataset.name == "normal"
    option(opened, "entries such as <5").set_value("take")
    opened.look()
    opened.press("use_column")
    values = [v if i != 1 else 5.0 for i, v in enumerate(PLAIN)]
    assert opened.config.dataset.distribution().mean() == pytest.approx(np.mean(values))
    assert opened.config.batch_size == len(PLAIN)
    captions = [caption.value for caption in opened.at.caption]
    assert "These numbers are taken." in captions
    assert f"The largest that fits: the data set has {len(PLAIN)} samples." in captions
    opened.press("step1")
    opened.train_until_paused(5)
    assert "These numbers are the target." in [caption.value for caption in opened.at.caption]
    again = visit("distributions", opened.at.query_params["setup"])
    shown = [caption.value for caption in again.at.caption]
    assert any(r"mine.csv, \!\[p\]" in caption for caption in shown)


def test_two_readings_are_a_question():
    opened = visit("distributions")
    cells = ["1.234", "12.345", "3.456"] * 20
    choose(opened, "\n".join(["id;x", *(f"7;{cell}" for cell in cells)]).encode())
    option(opened, "Column").set_value("x")
    opened.look()
    [question] = opened.at.warning
    assert "“1.234” may be 1.234 or 1234. Choose the decimal mark" in question.value
    assert not [button for button in opened.at.button if button.label == "Use these numbers"]
    option(opened, "decimal mark").set_value("comma")
    opened.look()
    opened.press("use_column")
    assert opened.config.dataset.distribution().mean() == pytest.approx((1234 + 12345 + 3456) / 3)
    assert opened.config.dataset.axis_name == "x"


def test_a_link_to_few_numbers_takes_the_largest_batch_that_fits():
    upload = store_values(np.linspace(-2, 3, 105), "scales.csv, weight")
    setup = {"dataset": {"name": "csv_column", "upload": upload}, "batch_size": 128}
    opened = visit("distributions", setup)
    assert opened.config.batch_size == 105
    assert opened.at.warning[0].value == (
        "The batch is 105 instead of 128: the data set has no more samples."
    )
    assert any("scales.csv, weight" in caption.value for caption in opened.at.caption)


def test_six_pictures_train():
    opened = visit("pictures", QUICK["pictures"] | {"batch_size": 64})
    opened.set("dataset", "folder")
    uploader = opened.at.get_by_key("pictures.import.files")
    uploader.set_value([(f"{i}.png", blob(i), "image/png") for i in range(6)])
    opened.look()
    opened.press("import.folder.button")
    opened.wait(lambda: opened.config.dataset.name == "folder")
    assert opened.sentences() == []
    assert opened.config.batch_size == opened.config.dataset.size == 6
    assert any("The largest that fits" in caption.value for caption in opened.at.caption)
    opened.press("step1")
    opened.train_until_paused(5)
    assert opened.trainer.step_count == 1


def test_names_of_columns_stand_on_the_axes_as_they_are():
    for column, shown in (("weight", "weight"), ("<b>$y$", "&lt;b&gt;&#36;y&#36;")):
        values = np.linspace(-2, 3, 105) + ord(column[0])
        upload = store_values(values, f"scales, old.csv, {column}")
        setup = {"dataset": {"name": "csv_column", "upload": upload}}
        trainer = Trainer(ExperimentConfig.from_dict(json.loads(json.dumps(setup))))
        config = trainer.config
        made = figures.distributions(trainer.snapshot(), config, "")
        assert made["layout"]["xaxis"]["title"]["text"] == f"x, {shown}"
