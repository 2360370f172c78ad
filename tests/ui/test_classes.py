"""Pages of conditional runs: every picture has the class that its column or its name says."""

import io
import json
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core.data.mnist import bundled_digits
from gan_core.data.pixels import to_uint8
from tests.helpers.pages import QUICK, opened_by, visit
from tests.helpers.picture_pages import LATENT_PAGE, TOLD, bring, latent_page, own, panel, picture
from ui.session.visitors import VISITORS, Connection
from ui.views import latent_space as latent
from ui.views import pictures
from ui.views.panels import timeline


@pytest.fixture
def drawn(monkeypatch):
    """Collect what is drawn on canvases: key → pictures, columns, titles and names of columns."""
    seen = {}

    def spy(module):
        draw = module.sample_canvas

        def sample_canvas(grid, key, label, columns=8, size=560, titles=None, heads=()):
            seen[key] = grid.copy(), columns, titles, tuple(heads)
            draw(grid, key, label, columns, size, titles, heads)

        monkeypatch.setattr(module, "sample_canvas", sample_canvas)

    spy(latent)
    spy(pictures)
    return seen


def choose(opened, **values):
    for name, value in values.items():
        opened.at.session_state[f"latent.{name}"] = value
    opened.look()


def assert_ways_hold_the_numbered_samples(opened, drawn):
    """Go every way once; where it touches a numbered sample, that sample's picture is drawn."""

    def compared(kind, places, numbers):
        choose(opened, kind=kind)
        numbered, way = drawn["latent.all"][0], drawn["latent.way"][0]
        assert len(np.unique(numbered.reshape(64, -1), axis=0)) > 32
        assert np.array_equal(way[places], numbered[numbers])

    choose(opened, kind=latent.WALK)
    choose(opened, **{"From number": 3, "To number": 14})
    compared(latent.WALK, [0, 15], [2, 13])
    choose(opened, kind=latent.SHEET)
    choose(opened, **{"Upper left": 4, "Upper right": 9, "Lower left": 31})
    compared(latent.SHEET, [0, 7, 56], [3, 8, 30])
    choose(opened, kind=latent.SUM)
    choose(opened, **{"Mean of": [4], "minus mean of": [9], "plus mean of": [31]})
    compared(latent.SUM, [0, 1, 2], [3, 8, 30])
    choose(opened, kind=latent.TRUNCATION)
    choose(opened, psi=1.0)
    compared(latent.TRUNCATION, list(range(64)), list(range(64)))


SETUPS = {
    "by class": TOLD,
    "by class, no average": TOLD | {"ema_decay": 0.0},
    "no classes": QUICK["pictures"],
}


@pytest.mark.parametrize("name", SETUPS)
def test_ways_begin_and_end_at_the_numbered_pictures(name, drawn):
    opened = latent_page(json.dumps(SETUPS[name]))
    opened.press("train")
    opened.press("train")
    assert opened.trainer.step_count
    assert_ways_hold_the_numbered_samples(opened, drawn)
    numbered = drawn["latent.all"][0]
    assert np.array_equal(numbered, opened.trainer.snapshot().samples)


def test_ways_follow_the_class_that_is_chosen(drawn):
    opened = latent_page(json.dumps(TOLD))
    opened.press("step10")
    opened.train_until_paused(10)
    opened.at.selectbox(key="latent.view.label").set_value("7").run()
    assert_ways_hold_the_numbered_samples(opened, drawn)
    trainer, sevens = opened.trainer, torch.full((64,), 7)
    grid, columns, titles, heads = drawn["latent.all"]
    assert np.array_equal(grid, to_uint8(trainer.generate(trainer.fixed_z, sevens)))
    assert (columns, heads) == (8, ())
    assert titles[2] == "number 3 · class 7"
    opened.at.selectbox(key="latent.view.label").set_value("all, a column each").run()
    assert_ways_hold_the_numbered_samples(opened, drawn)
    assert np.array_equal(drawn["latent.all"][0], trainer.snapshot().samples)


def test_ways_hold_after_a_reload(drawn):
    opened = visit("pictures", TOLD)
    opened.press("step10")
    opened.train_until_paused(10)
    before = opened.trainer.snapshot().samples
    run_id, visitor = opened.run.id, opened.at.session_state["visitor"]
    VISITORS.on_disconnect(Connection({visitor}))
    opened.at = opened_by(run_id, "pictures")
    opened.at.switch_page(LATENT_PAGE)
    opened.look()
    assert_ways_hold_the_numbered_samples(opened, drawn)
    assert np.array_equal(drawn["latent.all"][0], before)


def test_the_page_says_what_a_class_does_between_two(drawn):
    opened = latent_page(json.dumps(TOLD))
    said = " ".join(text.value for text in opened.at.markdown)
    assert "mix of the classes' learnt vectors" in said
    opened.at.selectbox(key="latent.view.label").set_value("7").run()
    said = " ".join(text.value for text in opened.at.markdown)
    assert "mix of the classes" not in said
    assert "all of class 7" in said


# The page Pictures


def classes_of(grid):
    """Return the class of each real digit, looked up among the bundled ones."""
    digits = bundled_digits()
    known = digits.images.flatten(1).float()
    found = torch.cdist(torch.from_numpy(grid).flatten(1).float(), known)
    assert found.amin(1).max() == 0
    return digits.labels[found.argmin(1)]


def test_columns_have_their_classes_names_and_real_pictures_the_same(drawn):
    opened = visit("pictures", TOLD)
    made, columns, titles, heads = drawn["pictures.fake"]
    assert (columns, heads, len(made)) == (10, tuple("0123456789"), 60)
    assert titles[12] == "number 13 · class 2"
    real, columns, titles, heads = drawn["pictures.real"]
    assert (columns, heads) == (10, tuple("0123456789"))
    assert classes_of(real).tolist() == [i % 10 for i in range(60)]
    assert len(np.unique(real.reshape(60, -1), axis=0)) == 60
    assert titles[12] == "real picture 13 · class 2"
    opened.press("step1")
    opened.train_until_paused(3)
    assert np.array_equal(drawn["pictures.real"][0], real)


def test_a_chosen_class_is_named_beside_its_own_real_pictures(drawn):
    opened = visit("pictures", TOLD)
    opened.at.selectbox(key="pictures.view.label").set_value("7").run()
    real, columns, _, heads = drawn["pictures.real"]
    assert (columns, heads, len(real)) == (8, (), 64)
    assert set(classes_of(real).tolist()) == {7}
    said = [text.value for text in opened.at.markdown]
    assert any(text.startswith("**Generated** of class 7;") for text in said)
    assert any(text.startswith("**Real** of class 7;") for text in said)


def test_nearest_pictures_are_those_of_the_grid_that_is_shown(trained, drawn):
    opened = visit("pictures", TOLD)
    opened.at.selectbox(key="pictures.view.label").set_value("7").run()
    panel(opened, "Memorised?")
    opened.at.multiselect(key="pictures.compared").set_value([3, 5]).run()
    opened.press("compare")
    opened.wait(lambda: opened.run.measurements.nearest, seconds=120)
    samples, _ = opened.run.measurements.nearest
    assert np.array_equal(samples.numpy(), drawn["pictures.fake"][0][[2, 4]])


def folders_of(colors, each=6):
    """Return a zip of pictures of one colour a folder."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for folder, color in colors.items():
            for i in range(each):
                content = picture(tuple(max(0, part - i) for part in color))
                packed.writestr(f"all/{folder}/{i}.png", content)
    return file.getvalue()


def test_folders_of_one_s_own_pictures_give_the_columns_their_names(drawn, monkeypatch):
    shown = {}
    monkeypatch.setattr(timeline, "timeline", lambda *given: shown.update(heads=given[-1]))
    opened = visit("pictures", QUICK["pictures"])
    opened.set("dataset", "folder")
    own(opened)
    opened.set("experiment.batch_size", 8)
    colors = {"red *things*": (250, 9, 9), "green": (9, 250, 9), "blue <b>": (9, 9, 250)}
    bring(opened, "own.zip", folders_of(colors))
    opened.wait(lambda: opened.config.dataset.name == "folder")
    opened.set("experiment.conditional", True)
    names = ("blue <b>", "green", "red *things*") * 2  # few classes come again
    assert drawn["pictures.fake"][3] == names
    real, columns, titles, heads = drawn["pictures.real"]
    assert (columns, heads) == (6, names)
    strongest = real.reshape(len(real), 3, -1).mean(2).argmax(1)
    assert strongest.tolist() == [(2, 1, 0)[i % 3] for i in range(len(real))]
    assert titles[2].endswith("class red *things*")
    assert shown["heads"] == names
    opened.at.selectbox(key="pictures.view.label").set_value("red *things*").run()
    said = [text.value for text in opened.at.markdown]
    assert any(text.startswith(r"**Real** of class red \*things\*;") for text in said)
    assert set(drawn["pictures.real"][0].reshape(-1, 3, 256).mean(2).argmax(1)) == {0}


def test_the_gif_names_its_columns():
    opened = visit("pictures", TOLD)
    frames = opened.trainer.timeline
    plain = Image.open(io.BytesIO(frames.to_gif(10)))
    named = Image.open(io.BytesIO(frames.to_gif(10, [f"name {i}" for i in range(10)])))
    strip = named.height - plain.height
    assert strip > 10
    ink = np.array(named.convert("L"))[:strip] < 128
    columns = np.array_split(ink, 10, axis=1)
    assert all(column.any() for column in columns)
    below = np.array(named.convert("RGB"))[strip:].astype(int)
    assert np.abs(below - np.array(plain.convert("RGB"))).max() < 8
