"""The command line on real files: commands in processes of their own, refusals in this one."""

import csv
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core import ExperimentConfig, Trainer
from gan_core.cli import headless
from gan_core.cli.main import main
from gan_core.evaluation.metrics.images import IMAGE_METRICS
from gan_core.explain.component_reference import registries
from gan_core.kinds.density_image import HEIGHT, WIDTH
from gan_core.storage import checkpoint
from gan_core.storage.run_folder import RunFolder
from gan_core.storage.runs_folder import open_run
from tests.helpers.commands import command

pytestmark = pytest.mark.slow


@pytest.fixture
def told(capsys):
    """The command line, without the seconds that a process takes to begin."""

    def answer(*words: object) -> subprocess.CompletedProcess:
        capsys.readouterr()
        status = main(list(map(str, words)))
        return subprocess.CompletedProcess(words, status, *capsys.readouterr())

    return answer


def write(path: Path, experiment: object) -> Path:
    path.write_text(json.dumps(experiment))
    return path


def test_train_leaves_a_whole_run(tmp_path):
    config = write(tmp_path / "c.json", {"dataset": {"name": "normal", "mean": 1.0}})
    out = tmp_path / "run"
    done = command("train", "--config", config, "--steps", 30, "--out", out, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((out / "metrics.csv").open()))
    assert [int(row["step"]) for row in rows] == list(range(31))
    assert all(np.isfinite(float(row["wasserstein_1"])) for row in rows)
    assert Image.open(out / "samples" / "step-00000030.png").size == (WIDTH, HEIGHT)
    again = Trainer(ExperimentConfig.from_json((out / "config.json").read_text()))
    again.step(30)
    kept = open_run(out)
    assert torch.equal(again.generate(again.fixed_z), kept.generate(kept.fixed_z))


def test_pictures_are_written_as_a_grid(tmp_path):
    config = ExperimentConfig.from_dict({"dataset": "mnist", "batch_size": 16})
    trainer = headless.train(config, 2, tmp_path / "run")
    grid = np.array(Image.open(tmp_path / "run" / "samples" / "step-00000002.png"))
    assert grid.shape == (8 * 30 + 2, 8 * 30 + 2, 3)
    first = trainer.snapshot().samples[0, 0]
    assert np.array_equal(grid[2:30, 2:30, 0], first)


@pytest.mark.parametrize(
    ("experiment", "word"),
    [
        ({"dataset": "mnizt"}, "mnizt"),
        ({"batch_size": 0}, "batch_size"),
        ({"colour": 1}, "colour"),
        ([1, 2], "object"),
    ],
)
def test_bad_experiments_get_a_sentence(tmp_path, told, experiment, word):
    config = write(tmp_path / "c.json", experiment)
    done = told("train", "--config", config, "--steps", 5, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_used_folder_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(ValueError, match="not an empty folder"):
        headless.train(ExperimentConfig(), 5, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_divergence_is_reported_and_the_run_is_kept(tmp_path):
    wild = {"name": "sgd", "lr": 100.0}
    experiment = {"optimizer_g": wild, "optimizer_d": wild, "regularizer": "none"}
    with pytest.raises(ValueError, match="stopped being a finite number"):
        headless.train(ExperimentConfig.from_dict(experiment), 500, tmp_path / "run")
    kept = open_run(tmp_path / "run")
    assert all(torch.isfinite(weight).all() for weight in kept.generator.parameters())


def test_import_csv_prints_a_data_set(tmp_path, told, monkeypatch):
    monkeypatch.setenv("GAN_DATA", str(tmp_path / "data"))
    file = tmp_path / "heights.csv"
    file.write_text("height\n" + "\n".join(str(170 + i % 17) for i in range(300)))
    done = command("import-csv", file, "--column", "height")
    assert done.returncode == 0, done.stderr
    config = ExperimentConfig.from_dict({"dataset": json.loads(done.stdout)})
    assert config.dataset.size == 300
    refused = told("import-csv", file, "--column", "weight")
    assert refused.returncode == 2
    assert "height" in refused.stderr


@pytest.mark.parametrize("damage", ["cut", "flip", "other format", "nothing"])
def test_damaged_checkpoints_are_refused_with_a_sentence(tmp_path, damage):
    path = tmp_path / "checkpoint.safetensors"
    trainer = Trainer(ExperimentConfig())
    checkpoint.save(trainer, path)
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "flip":
        path.write_bytes(bytes([whole[0] ^ 255]) + whole[1:])
    elif damage == "other format":
        path.write_bytes(whole.replace(b'"format":"3"', b'"format":"9"'))
    else:
        path.unlink()
    with pytest.raises(ValueError, match="checkpoint"):
        checkpoint.load(path)


def test_list_names_every_component(told):
    printed = told("list").stdout
    for registry in registries().values():
        for name in registry.names():
            assert f"  {name}: " in printed


def test_evaluate_prints_numbers_on_the_line(tmp_path, told):
    headless.train(ExperimentConfig.from_dict({"dataset": "normal"}), 5, tmp_path / "run")
    done = command("evaluate", tmp_path / "run", "--samples", 300, "--device", "cpu", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["step"], found["samples"]) == (5, 300)
    assert found["values"]["wasserstein_1"]["value"] > 0
    shown = told("evaluate", tmp_path / "run", "--samples", 300, "--device", "cpu")
    assert "Wasserstein-1" in shown.stdout
    assert "real against real" in shown.stdout


def test_evaluate_prints_every_metric_of_pictures(tmp_path, trained):
    config = ExperimentConfig.from_dict({"dataset": "mnist", "batch_size": 16})
    headless.train(config, 2, tmp_path / "run")
    done = command("evaluate", tmp_path / "run", "--samples", 200, "--device", "cpu", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found["values"]) == set(IMAGE_METRICS.names()) - {"modes", "modes_kl"}
    assert found["values"]["frechet"]["title"] == "Fréchet distance (classifier features)"
    assert found["accuracies"]["digit"] >= 0.99
    assert sum(found["census"]["digit"]["generated"]) == found["samples"] == 200


@pytest.mark.parametrize("content", [None, b"", b"not a checkpoint"])
def test_evaluate_refuses_what_is_no_run(tmp_path, told, content):
    if content is not None:
        (tmp_path / "checkpoints").mkdir()
        (tmp_path / "checkpoints" / "step-00000010.safetensors").write_bytes(content)
    done = told("evaluate", tmp_path, "--json")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "checkpoint" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_is_exported_and_imported_at_any_size(tmp_path, monkeypatch, capsys):
    """The zip has the newest checkpoint and the best, or all; the import keeps to no budget."""
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("GAN_MAX_UNPACKED_GB", "0.000001")
    config = tmp_path / "experiment.json"
    config.write_text('{"dataset": "normal"}', encoding="utf-8")
    run = tmp_path / "run"
    train = ["train", "--device", "cpu", "--engine", "eager"]
    assert main([*train, "--config", str(config), "--steps", "5", "--out", str(run)]) == 0
    for steps in ("9", "17", "33"):
        assert main([*train, "--resume", str(run), "--steps", steps]) == 0
    sizes = {}
    for name, more in (("small", []), ("whole", ["--all"])):
        zipped = tmp_path / f"{name}.zip"
        assert main(["export-run", str(run), "--out", str(zipped), *more]) == 0
        capsys.readouterr()
        assert main(["import-run", str(zipped)]) == 0
        made = RunFolder(Path(capsys.readouterr().out.strip()))
        sizes[name] = len(made.checkpoints)
        assert made.checkpoints[-1].step == 33
        assert made.digest() == RunFolder(run).digest()
    assert sizes["small"] <= 2 < sizes["whole"] == len(RunFolder(run).checkpoints)
    (tmp_path / "no.zip").write_bytes(b"no zip")
    assert main(["import-run", str(tmp_path / "no.zip")]) == 2
    assert main(["export-run", str(tmp_path / "nothing"), "--out", str(tmp_path / "x.zip")]) == 2
    assert not (tmp_path / "x.zip").exists()
