"""The code that the page shows beside an exported generator runs on the downloaded file."""

import json
import subprocess
import sys

import pytest
import safetensors

from gan_core import ExperimentConfig, Trainer
from gan_core.evaluation.generator_file import KEYS, bare_example, example
from tests.helpers.experiments import BY_CLASS, DIGITS, LINE
from tests.helpers.paths import ROOT

NAME = "generator-step-2.safetensors"
CHECK = """
from gan_core.evaluation.frozen_generator import FrozenGenerator
assert tuple(x.shape) == (16, *generator.sample_shape), x.shape
print(float(x.double().sum()))
"""


@pytest.mark.parametrize("experiment", [LINE, DIGITS, BY_CLASS], ids=["line", "digits", "classes"])
def test_the_examples_run_on_the_file(experiment, tmp_path):
    trainer = Trainer(ExperimentConfig.from_dict(experiment), "cpu", "eager")
    trainer.step(2)
    frozen = trainer.frozen_generator()
    (tmp_path / NAME).write_bytes(frozen.to_bytes())
    code = example(frozen, NAME) + CHECK + bare_example(NAME) + "print(sorted(about), len(weights))"
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    total, read = done.stdout.splitlines()
    made: dict = {}
    exec(example(frozen, str(tmp_path / NAME)), made)
    expected = trainer.generate(made["z"], made.get("labels"))
    assert float(total) == pytest.approx(float(expected.double().sum()), rel=1e-4)
    assert read == f"{sorted(KEYS)} {len(frozen.network.state_dict())}"


def test_the_keys_are_those_of_the_file(tmp_path):
    trainer = Trainer(ExperimentConfig.from_dict(BY_CLASS), "cpu", "eager")
    (tmp_path / NAME).write_bytes(trainer.frozen_generator().to_bytes())
    with safetensors.safe_open(tmp_path / NAME, "pt") as file:
        assert set(json.loads(file.metadata()["about"])) == set(KEYS)
        assert set(file.metadata()) == {"format", "about"}
