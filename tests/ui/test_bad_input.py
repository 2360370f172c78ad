"""Breakdowns, files and downloads that fail: a sentence each, and the run goes on."""

import re

import numpy as np
import pytest
import torchvision

from gan_core.data.mnist import Mnist, bundled_digits
from tests.helpers.pages import FRAME, quick, visit


def test_divergence_pauses_and_keeps_healthy_weights():
    wild = {"name": "sgd", "lr": 100.0}
    setup = {"loss": {"name": "wasserstein"}, "regularizer": {"name": "none"}}
    opened = visit("distributions", setup | {"optimizer_g": wild, "optimizer_d": wild}, frame=40)
    opened.press("train")
    opened.train_until_paused(most_frames=30)
    assert not opened.at.warning  # one box: the doctor's
    named = re.search(r"At step ([\d,]+) .* finite .* those of step ([\d,]+)", opened.verdict())
    broke_at, healthy = (int(number.replace(",", "")) for number in named.groups())
    assert 0 <= healthy < broke_at
    assert opened.trainer.step_count == healthy
    networks = (opened.trainer.generator, opened.trainer.discriminator)
    assert all(w.isfinite().all() for network in networks for w in network.parameters())

    for side in ("optimizer_g", "optimizer_d"):
        opened.set(f"{side}.sgd.lr", 1e-4)
    opened.press("train")
    assert opened.run.playback.running
    assert not opened.at.warning
    assert opened.trainer.step_count == healthy + 40
    opened.press("reset")
    assert opened.trainer.step_count == 40
    assert opened.trainer.failure is None


@pytest.mark.parametrize("frame", [1, 3])
def test_a_breakdown_that_a_look_finds_gets_a_sentence(frame):
    """With few steps a frame the look before them finds it, not the steps themselves."""
    wild = {"name": "sgd", "lr": 100.0}
    setup = {"dataset": {"name": "normal"}, "loss": "least_squares"}
    opened = visit("distributions", setup | {"optimizer_g": wild, "optimizer_d": wild}, frame)
    opened.press("train")
    opened.train_until_paused(most_frames=60)
    assert "stopped being a finite number" in opened.verdict()


def upload(opened, content):
    if opened.widget("dataset").value != "csv_column":
        opened.set("dataset", "csv_column")
    opened.widget("dataset.file").upload("mine.csv", content, "text/csv")
    opened.look()


def take(opened):
    """Take the numbers as they are shown."""
    opened.press("use_column")


def csv_of(**columns):
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]).encode()


def test_an_uploaded_column_becomes_the_target():
    opened = visit("distributions")
    opened.press("train")
    width, height = np.linspace(-1, 3, 500), np.linspace(10, 20, 500) ** 2
    upload(opened, csv_of(width=width, height=height))
    assert opened.sentences() == []
    assert opened.config.dataset.name == "normal"
    take(opened)
    assert opened.config.dataset.name == "csv_column"
    assert opened.config.dataset.distribution().mean() == pytest.approx(1.0)
    assert any("500 numbers from column 'width'" in c.value for c in opened.at.caption)
    assert opened.run.playback.running
    next(box for box in opened.at.selectbox if box.label == "Column").set_value("height")
    opened.look()
    assert opened.config.dataset.distribution().mean() == pytest.approx(1.0)
    take(opened)
    assert opened.config.dataset.distribution().mean() == pytest.approx(height.mean(), rel=1e-6)
    assert opened.trainer.step_count == FRAME
    again = visit("distributions", opened.at.query_params["setup"])
    assert again.config == opened.config


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"name\nAda\nGrace\nEmmy\n", "has no numbers"),
        (b"x\n5\n5\n5\n", "is constant"),
        (b"x\n5\n", "only one number"),
        (b"x\nNaN\nNaN\n", "no numbers"),
        (b"x,y\n", "no rows"),
        (b"", "empty"),
        (b"\x89PNG\x00\x01\x02", "not text"),
        (b'a,b\n1,2\n1,2,3,4\n"', "cannot be read"),
    ],
)
def test_a_bad_file_gets_a_sentence_and_the_run_goes_on(content, reason):
    opened = visit("distributions")
    opened.press("train")
    before = opened.trainer
    upload(opened, content)
    assert [reason in error.value for error in opened.at.error] == [True]
    assert opened.trainer is before
    assert before.step_count == 3 * FRAME
    upload_good = csv_of(x=np.arange(200.0))
    opened.widget("dataset.file").set_value(("good.csv", upload_good, "text/csv"))
    opened.look()
    assert not opened.at.error
    take(opened)
    assert opened.config.dataset.distribution().mean() == pytest.approx(99.5)


def test_a_column_smaller_than_the_batch_brings_the_batch_down():
    opened = visit("distributions")
    upload(opened, csv_of(x=np.arange(50.0)))
    take(opened)
    assert opened.sentences() == []
    assert opened.config.dataset.size == opened.config.batch_size == 50
    assert opened.config.architecture.standardise == "both"
    opened.press("step1")
    opened.train_until_paused(5)
    assert opened.trainer.step_count == 1


@pytest.mark.parametrize(
    ("name", "value"), [("dataset.mnist.subset", "full"), ("dataset", "fashion_mnist")]
)
def test_a_failed_download_gets_a_sentence_and_the_old_pictures_serve_on(monkeypatch, name, value):
    for dataset in (torchvision.datasets.MNIST, torchvision.datasets.FashionMNIST):
        monkeypatch.setattr(dataset, "mirrors", ["http://127.0.0.1:9/"])
    opened = quick("pictures")
    before = opened.trainer
    opened.set(name, value)
    assert opened.at.info[0].value.startswith("These pictures are not on this")
    opened.answer(next(b.label for b in opened.at.button if b.label.startswith("Download")))
    opened.wait(lambda: opened.at.error)
    assert ["could not be downloaded" in error.value for error in opened.at.error] == [True]
    opened.press("train")
    assert opened.trainer is before
    assert before.step_count == FRAME
    opened.set("experiment.n_critic", 2)
    assert before.config.n_critic == 2


class LocalDownload:
    """A download that gives the bundled digits."""

    title = "These pictures are not on this machine yet."
    action = "Download 1 MB"

    def __init__(self):
        self.done = False

    def is_there(self):
        return self.done

    def run(self, progress):
        progress(0.5, "half")
        self.done = True

    def load(self):
        return bundled_digits()


def test_a_finished_download_is_trained_on(monkeypatch):
    monkeypatch.setattr(Mnist, "whole", LocalDownload())
    opened = quick("pictures")
    opened.set("dataset.mnist.subset", "full")
    assert opened.config.dataset.subset == "bundled"
    opened.answer("Download 1 MB")
    opened.wait(lambda: opened.config.dataset.subset == "full")
    assert opened.config.dataset.subset == "full"
    opened.press("train")
    assert opened.trainer.step_count == FRAME
    assert opened.sentences() == []
