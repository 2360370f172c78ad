"""Generators that were exported and loaded again."""

import io
import json

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from gan_core import ExperimentConfig, Trainer
from gan_core.cli import headless
from gan_core.cli.main import main
from gan_core.data.pixels import to_uint8
from gan_core.evaluation.frozen_generator import load_generator
from gan_core.networks import GENERATORS
from gan_core.priors import PRIORS

CPU = torch.device("cpu")
DIGITS = {
    "dataset": "mnist",
    "batch_size": 8,
    "architecture": {
        "generator": {"name": "dcgan", "channels": 4},
        "discriminator": {"name": "mlp", "depth": 0},
    },
}


def trained(experiment, steps=3):
    trainer = Trainer(ExperimentConfig.from_dict(experiment))
    trainer.step(steps)
    return trainer


def saved(trainer, folder):
    path = folder / "generator.safetensors"
    path.write_bytes(trainer.frozen_generator().to_bytes())
    return path


def cases():
    for name in GENERATORS.names():
        parts = DIGITS["architecture"] | {"generator": {"name": name}}
        yield pytest.param(DIGITS | {"architecture": parts}, id=name)
    for prior in PRIORS.names():
        yield pytest.param({"prior": prior, "latent_dim": 3}, id=prior)
    told = DIGITS["architecture"] | {"conditional": True}
    yield pytest.param(DIGITS | {"architecture": told, "ema_decay": 0.0}, id="conditional")
    yield pytest.param({"architecture": {"standardise": "both"}}, id="stretched")


@pytest.mark.parametrize("experiment", cases())
def test_the_same_noise_gives_the_same_samples(experiment, tmp_path):
    trainer = trained(experiment)
    loaded = load_generator(saved(trainer, tmp_path), CPU)
    assert loaded.step == 3
    assert loaded.trained_on == trainer.config.dataset.title
    assert ExperimentConfig.from_dict(loaded.experiment) == trainer.config
    z, labels = loaded.sample_inputs(6, torch.Generator().manual_seed(4))
    assert (labels is not None) == trainer.config.architecture.conditional
    expected = trainer.generate(z, labels)
    assert torch.equal(loaded.generate(z, labels), expected)
    trainer.step(2)
    assert torch.equal(loaded.generate(z, labels), expected)
    assert not torch.equal(trainer.generate(z, labels), expected)


def test_drawing_uses_every_class():
    told = DIGITS | {"architecture": DIGITS["architecture"] | {"conditional": True}}
    _, labels = (
        trained(told, 0).frozen_generator().sample_inputs(1_000, torch.Generator().manual_seed(1))
    )
    counts = torch.bincount(labels, minlength=10)
    assert counts.min() > 60
    assert len(counts) == 10


@pytest.mark.parametrize(
    "damage", ["cut", "other", "text", "missing", "nothing inside", "other data"]
)
def test_a_file_that_is_no_generator_gets_a_sentence(damage, tmp_path):
    path = saved(trained(DIGITS), tmp_path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "other":
        path.write_bytes(safetensors.torch.save({"x": torch.zeros(2)}))
    elif damage == "text":
        path.write_text("hello")
    elif damage == "missing":
        path.unlink()
    elif damage == "other data":
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b'\\"name\\": \\"mnist\\"', b'\\"name\\": \\"mnjst\\"'))
        assert path.read_bytes() != whole
    else:
        about = {"format": "gan-laboratory generator 1", "about": json.dumps({})}
        path.write_bytes(safetensors.torch.save({"x": torch.zeros(2)}, about))
    with pytest.raises(ValueError, match=r"generator\.safetensors .*\.$"):
        load_generator(path, CPU)


def test_sample_on_the_command_line(tmp_path):
    run, out = tmp_path / "run", tmp_path / "grid.png"
    trainer = headless.train(ExperimentConfig.from_dict(DIGITS), 4, run)
    assert main(["sample", str(run), "--n", "9", "--seed", "3", "--out", str(out)]) == 0
    expected = trainer.frozen_generator().sample(9, torch.Generator().manual_seed(3))
    shown = np.array(Image.open(out))[2:30, 2:30, 0]
    assert np.array_equal(shown, to_uint8(expected)[0, 0])
    again = tmp_path / "again.png"
    generator = run / "generator.safetensors"
    assert main(["sample", str(generator), "--n", "9", "--seed", "3", "--out", str(again)]) == 0
    assert again.read_bytes() == out.read_bytes()
    movie = Image.open(io.BytesIO((run / "timeline.gif").read_bytes()))
    assert movie.n_frames == len(trainer.timeline.frames)


def test_sample_says_what_it_cannot_do(tmp_path, capsys):
    run, out = tmp_path / "run", tmp_path / "grid.png"
    assert main(["sample", str(tmp_path), "--out", str(out)]) == 2
    assert "is not the folder of a run" in capsys.readouterr().err
    headless.train(ExperimentConfig.from_dict({}), 2, run)
    assert main(["sample", str(run), "--out", str(out)]) == 2
    assert "makes numbers, not pictures" in capsys.readouterr().err
    assert not out.exists()
