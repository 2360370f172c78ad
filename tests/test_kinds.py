"""A third kind of data, defined here and nowhere else, does all that runs do."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from gan_core import ExperimentConfig, Trainer
from gan_core.cli.headless import TrainOptions, resume, train
from gan_core.cli.main import main
from gan_core.data.base import DATASETS, Dataset
from gan_core.data.kind import DataKind, all_kinds, kind_named, register_kind
from gan_core.diagnosis import HEALTHY, diagnose, indicators_of, reference_of
from gan_core.evaluation.report import EvaluationReport, MetricResult
from gan_core.registry import knob
from gan_core.runtime.tasks import ProgressReport
from gan_core.storage.run_folder import RunFolder
from gan_core.training.monitoring.sample_view import SampleObservation, SampleView

ROOT = Path(__file__).parents[1]
SIDE = 60


class RadiusView(SampleView):
    """Measures how far the points lie from the circle."""

    def observe(self, state, samples):
        return SampleObservation(metrics={"off_circle": off_circle(samples)})


class Plane(DataKind):
    """Points in the plane."""

    name = "toy_plane"
    noun = "points"
    page = "distributions"
    experiment = {
        "prior": {"name": "gaussian"},
        "latent_dim": 2,
        "architecture": {
            "generator": {"name": "mlp", "depth": 2, "width": 32},
            "discriminator": {"name": "mlp", "depth": 2, "width": 32},
        },
        "loss": {"name": "non_saturating"},
        "regularizer": {"name": "r1", "gamma": 0.5},
        "optimizer_g": {"name": "adam", "lr": 2e-3, "beta1": 0.0, "beta2": 0.9},
        "optimizer_d": {"name": "adam", "lr": 2e-3, "beta1": 0.0, "beta2": 0.9},
        "batch_size": 64,
        "ema_decay": 0.99,
    }
    default_dataset = {"name": "toy_circle"}
    r1_gamma = 0.5
    num_fixed = 256
    num_equilibrium = 256
    snapshot_metrics = history_columns = ("off_circle",)
    best_by = "off_circle"

    def sample_view(self, config):
        return RadiusView()

    def to_frame(self, samples):
        return np.stack([scatter(self.to_arrays(samples))])

    def frame_shape(self, dataset):
        return 1, 1, SIDE, SIDE

    def evaluate(self, frozen, dataset, source, samples, seed):
        yield ProgressReport(0.0, "drawing points")
        rng = torch.Generator().manual_seed(seed)
        value = off_circle(frozen.sample(samples, rng).double().numpy())
        result = MetricResult(value, 0.0, samples, False, "Off the circle", "")
        return EvaluationReport(frozen.step, samples, {"off_circle": result}, {}, "", {})

    def draw(self, snapshot):
        return Image.fromarray(scatter(snapshot.samples)[0])

    def thumbnail(self, snapshot):
        return self.draw(snapshot).resize((SIDE // 2, SIDE // 2))


@dataclass(frozen=True)
class Circle(Dataset):
    """Points on a circle."""

    kind_name = "toy_plane"
    name = "toy_circle"
    title = "Circle"
    radius: float = knob(1.0, low=0.1, high=10.0, help="How far the points lie from the center.")

    @property
    def sample_shape(self):
        return (2,)

    def open(self, device):
        return self

    def batch(self, n, rng):
        angle = 2 * math.pi * torch.rand(n, generator=rng)
        return self.radius * torch.stack([angle.cos(), angle.sin()], 1)


def off_circle(points):
    """Return the mean distance of the points' radii from 1."""
    return float(np.abs(np.linalg.norm(points, axis=1) - 1).mean())


def scatter(points):
    """Return the points as one grey picture, of shape (1, side, side)."""
    image = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(image)
    pen.point([tuple(p) for p in ((points + 2) * SIDE / 4).tolist()], fill=255)
    return np.asarray(image)[None]


def make_known():
    """Register the kind and its data set in this process."""
    register_kind(Plane())
    DATASETS.register("toy_circle", title="Circle")(Circle)


@pytest.fixture
def plane(monkeypatch):
    """The toy kind, known for the length of a test."""
    from gan_core.data import kind

    monkeypatch.setattr(kind, "_kinds", dict(kind._kinds))
    monkeypatch.setattr(DATASETS, "_classes", dict(DATASETS._classes))
    make_known()
    return kind_named("toy_plane")


def circle(**changes):
    return ExperimentConfig.from_dict({"dataset": {"name": "toy_circle"}, **changes})


def start_child(out, steps):
    """Train a circle in a process of its own, which saves at every chance."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests import test_kinds as t\n"
        "t.make_known()\n"
        "from gan_core.cli.headless import TrainOptions, start\n"
        "options = TrainOptions(int(sys.argv[2]), autosave=0.05)\n"
        "start(t.circle(), Path(sys.argv[1]), options)\n"
    )
    return subprocess.Popen([sys.executable, "-c", code, str(out), str(steps)], cwd=ROOT)


def test_the_kinds_that_come_with_the_project():
    assert [kind.name for kind in all_kinds()] == ["one_dim", "images"]
    for cls in DATASETS:
        assert kind_named(cls.kind_name) in all_kinds()


def test_a_kind_is_registered_once(plane):
    with pytest.raises(ValueError, match="toy_plane"):
        register_kind(Plane())


def test_a_third_kind_trains_and_is_looked_at(plane):
    config = circle()
    assert config == ExperimentConfig.from_json(config.to_json())
    trainer = Trainer(config)
    before = trainer.snapshot()
    assert trainer.step(300) == 300
    after = trainer.snapshot()
    assert after.samples.shape == (256, 2)
    assert after.metrics["off_circle"] < 0.5 * before.metrics["off_circle"]
    assert len(after.metric_history["off_circle"]) == 2
    assert after.density is None
    assert [frame.step for frame in trainer.timeline.frames][:3] == [0, 1, 2]
    diagnosis = diagnose(indicators_of(trainer, after, reference_of(trainer)))
    assert diagnosis.condition == HEALTHY


@pytest.mark.slow
def test_a_third_kind_survives_a_kill_to_the_same_bits(plane, tmp_path):
    train(circle(), 600, tmp_path / "straight")
    child = start_child(tmp_path / "killed", 600)
    deadline = time.monotonic() + 120
    while not RunFolder(tmp_path / "killed").checkpoints and time.monotonic() < deadline:
        time.sleep(0.05)
        assert child.poll() is None
    time.sleep(0.2)
    os.kill(child.pid, signal.SIGKILL)
    child.wait(20)
    resume(tmp_path / "killed", TrainOptions(600))
    straight, killed = (RunFolder(tmp_path / name) for name in ("straight", "killed"))
    assert killed.digest() == straight.digest()


@pytest.mark.slow
def test_a_third_kind_is_evaluated_and_listed(plane, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path))
    train(circle(), 200, tmp_path / "first")
    assert main(["evaluate", str(tmp_path / "first"), "--samples", "100", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["step"] == 200
    assert report["values"]["off_circle"]["samples"] == 100
    assert 0 < report["values"]["off_circle"]["value"] < 1
    assert main(["runs"]) == 0
    table = capsys.readouterr().out
    assert "toy_circle" in table
    assert "off_circle" in table
    folder = RunFolder(tmp_path / "first")
    assert Image.open(folder.path / "thumbnail.png").size == (SIDE // 2, SIDE // 2)
    assert folder.metadata().metrics["off_circle"] > 0
    assert "200" in folder.metadata().measured
