"""The pages of pictures without a browser: panels, classes, own pictures, the latent space."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core.data.importing.decode import ImportOptions
from gan_core.data.importing.importer import import_pictures
from gan_core.data.importing.packs import find_pack
from gan_core.data.pixels import to_uint8
from gan_core.evaluation.worse_samples import blur
from tests.helpers.images import coloured_shapes, copying, evaluated
from tests.helpers.pages import QUICK, opened_by, quick, visit
from tests.helpers.picture_pages import (
    LATENT_PAGE,
    MLP,
    TOLD,
    bring,
    latent_page,
    own,
    panel,
    picture,
    zip_of,
)
from ui.live import fragment
from ui.session.visitors import VISITORS, Connection
from ui.views import latent_space as latent
from ui.views import pictures
from ui.views.panels.shared import count_columns
from ui.views.pictures import PANELS


@pytest.mark.parametrize("name", PANELS)
def test_every_panel_opens_before_and_after_training(name):
    opened = quick("pictures")
    panel(opened, name)
    opened.press("step10")
    opened.train_until_paused(10)
    assert opened.sentences() == []
    assert not opened.at.warning


def test_the_samples_are_evaluated_while_training_goes_on(trained):
    opened = quick("pictures")
    panel(opened, "Quality")
    opened.press("train")
    opened.press("evaluate")
    asked_at = opened.trainer.step_count
    opened.wait(lambda: opened.run.measurements.reports, seconds=120)
    [quality] = opened.run.measurements.reports
    assert asked_at - 3 <= quality.step <= asked_at
    assert opened.trainer.step_count > asked_at
    assert quality.samples == 2_000
    opened.look()
    table = opened.at.dataframe[0].value
    shown = [float(number) for number in table["generated"]]
    assert shown == pytest.approx([m.value for m in quality.values.values()], abs=0.06)
    assert any("held-out" in text.value for text in opened.at.markdown)
    low, high = quality.values["recall"].interval
    assert list(table["95 %"])[3] == f"{low:.3f} … {high:.3f}"
    inside = opened.at.dataframe[1].value
    assert list(inside["class"]) == list("0123456789")
    assert sum(inside["samples"]) == 2_000


def test_numbers_from_few_flat_pictures_are_grey_and_say_so(tmp_path):
    for i, pixels in enumerate(coloured_shapes(60, 32).held.images):
        picture = Image.fromarray(pixels.permute(1, 2, 0).numpy())
        folder = tmp_path / ("odd" if i % 2 else "even")
        folder.mkdir(exist_ok=True)
        picture.save(folder / f"{i}.png")
    dataset, _ = import_pictures(tmp_path, ImportOptions(32))
    blobs = copying(blur(dataset.load().pixels(torch.arange(60))), dataset)
    quality = evaluated(blobs, dataset)
    opened = visit("pictures", {"dataset": dataset.to_dict(), "architecture": MLP})
    opened.run.measurements.reports = [replace(quality, step=0)]
    panel(opened, "Quality")
    unsure = [i for i, m in enumerate(quality.values.values()) if not m.can_tell]
    assert unsure
    shown = [text.value for text in (*opened.at.caption, *opened.at.markdown)]
    assert any("cannot tell: with 30 samples, blurred pictures may score" in t for t in shown)
    assert any("60 pictures are too few to train a classifier" in t for t in shown)
    styles = opened.at.dataframe[0].proto.arrow_data.styler.styles
    grey = {
        int(row)
        for rule in re.findall(r"([^{}]*)\{[^}]*#8a8a8a", styles)
        for row in re.findall(r"_row(\d+)_col0", rule)
    }
    assert grey == set(unsure)


def test_the_samples_are_evaluated_every_so_many_steps(trained, monkeypatch):
    monkeypatch.setattr(fragment, "MEASURING_SECONDS", 1.0)  # fewer frames an evaluation
    opened = quick("pictures", frame=50)
    panel(opened, "Quality")
    opened.at.selectbox(key="pictures.evaluate_every").set_value("every 100 steps").run()
    opened.press("train")
    opened.wait(lambda: len(opened.run.measurements.reports) >= 2, seconds=150)
    first, second = (quality.step for quality in opened.run.measurements.reports[:2])
    assert first % 100 == 0
    assert second % 100 == 0
    assert second > first
    known = [quality.to_dict() for quality in opened.run.measurements.reports]
    opened.press("train")
    opened.wait(lambda: not opened.run.measurements.busy, seconds=60)
    opened.wait(lambda: not opened.run.storage.saver.lacks(opened.run.measurements.reports))
    run_id, visitor = opened.run.id, opened.at.session_state["visitor"]
    folder = opened.run.storage.saver.folder
    assert str(first) in folder.read_metadata().measured
    VISITORS.on_disconnect(Connection({visitor}))
    opened.at = opened_by(run_id, "pictures")
    found = [quality.to_dict() for quality in opened.run.measurements.reports]
    assert found[:2] == known[:2]
    opened.press("reset")
    assert opened.run.measurements.reports == []


def test_nearest_real_pictures_are_found(trained):
    opened = quick("pictures")
    panel(opened, "Memorised?")
    opened.at.multiselect(key="pictures.compared").set_value([3, 5]).run()
    opened.press("compare")
    opened.wait(lambda: opened.run.measurements.nearest, seconds=120)
    samples, found = opened.run.measurements.nearest
    shown = opened.trainer.snapshot().samples[[2, 4]]
    assert np.array_equal(samples.numpy(), shown)
    real = opened.trainer.source.images.flatten(1).double()
    apart = torch.cdist(torch.tensor(shown).flatten(1).double(), real)
    assert torch.equal(found.in_pixels.index[:, 0], apart.argmin(1))


def test_a_class_is_chosen():
    opened = visit("pictures", TOLD)
    run = opened.run
    assert count_columns(run) == 10
    opened.at.selectbox(key="pictures.view.label").set_value("7").run()
    assert run.view.label == 7
    trainer, snapshot = opened.trainer, opened.trainer.snapshot()
    shown, across = pictures._grid(run, snapshot)
    sevens = torch.full((64,), 7)
    assert np.array_equal(shown, to_uint8(trainer.generate(trainer.fixed_z, sevens)))
    assert across == 8
    opened.set("experiment.conditional", False)
    shown, _ = pictures._grid(run, run.trainer.snapshot())
    assert np.array_equal(shown, run.trainer.snapshot().samples)


def test_a_set_without_classes_has_no_such_switch():
    opened = visit("pictures", {"dataset": {"name": "stacked_mnist"}, "architecture": MLP})
    assert "experiment.conditional" not in opened.widgets()


@pytest.mark.parametrize("size", ["4 × 4", "6 × 6"])
def test_the_grid_has_the_chosen_size(size):
    opened = quick("pictures")
    opened.at.selectbox(key="pictures.view.grid").set_value(size).run()
    side = int(size[0])
    shown, across = pictures._grid(opened.run, opened.trainer.snapshot())
    assert (len(shown), across) == (side**2, side)


# Pictures of one's own


COLORS = {f"{i}.png": picture((5 * i, 250 - 5 * i, 99)) for i in range(40)}


def test_an_uploaded_zip_becomes_the_target():
    opened = quick("pictures")
    opened.press("step10")
    opened.train_until_paused(10)
    before = opened.trainer
    opened.set("dataset", "folder")
    assert opened.trainer is before
    assert [said for said in opened.sentences() if "Choose pictures" in said]
    own(opened)
    opened.set("experiment.batch_size", 16)
    bring(opened, "colours.zip", zip_of(COLORS | {"notes.png": b"text"}))
    opened.wait(lambda: opened.config.dataset.name == "folder")
    assert opened.config.dataset.sample_shape == (3, 16, 16)
    assert opened.config.dataset.size == 40
    _, meta = find_pack("folder", opened.config.dataset.upload)
    assert "not a picture" in meta.note
    assert any(meta.note in caption.value for caption in opened.at.caption)
    opened.press("train")
    assert opened.trainer.step_count == 3
    assert opened.sentences() == []
    again = visit("pictures", opened.at.query_params["setup"])
    assert again.config == opened.config


def test_fewer_pictures_than_a_batch_bring_the_batch_down():
    opened = quick("pictures")
    opened.set("dataset", "folder")
    own(opened)
    bring(opened, "few.zip", zip_of({name: COLORS[name] for name in list(COLORS)[:5]}))
    opened.wait(lambda: opened.config.dataset.name == "folder")
    assert opened.config.dataset.size == opened.config.batch_size == 5
    assert not opened.at.error
    opened.press("step1")
    opened.train_until_paused(5)
    assert opened.trainer.step_count == 1


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("broken.zip", zip_of(COLORS)[:300], "zip"),
        ("empty.zip", zip_of({}), "no picture"),
        ("text.png", b"hello", "no picture"),
        ("one.png", picture("red"), "only one picture"),
    ],
)
def test_bad_pictures_get_a_sentence_and_the_run_stays(name, content, says):
    opened = quick("pictures")
    opened.press("step10")
    opened.train_until_paused(10)
    before = opened.trainer
    opened.set("dataset", "folder")
    bring(opened, name, content)
    opened.wait(lambda: opened.at.error)
    [said] = [box.value for box in opened.at.error]
    assert says in said
    assert said.endswith("The run goes on with its old pictures.")
    assert opened.trainer is before
    assert before.step_count == 10


# The latent space


def set_up(told):
    return json.dumps(TOLD if told else QUICK["pictures"])


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("kind", [latent.WALK, latent.SHEET, latent.SUM, latent.TRUNCATION])
def test_every_way_through_the_latent_space(kind, told):
    opened = latent_page(set_up(told))
    opened.at.session_state["latent.kind"] = kind
    opened.look()
    opened.press("train")
    assert opened.trainer.step_count >= 3
    assert opened.sentences() == []


def test_the_latent_page_shows_the_run_of_the_pictures():
    opened = quick("pictures")
    opened.press("step10")
    opened.train_until_paused(10)
    trainer = opened.trainer
    opened.at.switch_page(LATENT_PAGE).run()
    assert not opened.at.exception
    assert opened.trainer is trainer
    assert trainer.step_count == 10


def test_a_sum_needs_all_its_terms():
    opened = latent_page(set_up(False))
    opened.at.session_state["latent.kind"] = latent.SUM
    opened.look()
    opened.at.multiselect(key="latent.minus mean of").set_value([]).run()
    assert opened.sentences() == ["Choose at least one sample for each of the three terms."]
