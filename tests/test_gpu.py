"""What only a GPU can show; skipped, with the reason, where there is none."""

import pytest
import torch

from gan_core import ExperimentConfig, Trainer
from gan_core.evaluation import Evaluation

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU on this machine")

EXPERIMENTS = [
    {},
    {"dataset": "mnist"},
    {"loss": "wasserstein", "regularizer": "gradient_penalty", "prior": "sphere"},
    {"dataset": "mnist", "architecture": {"conditional": True}},
    {
        "dataset": "stacked_mnist",
        "architecture": {"generator": "resnet", "discriminator": "resnet"},
        "loss": "hinge",
    },
]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_same_seed_same_curve_on_the_gpu(experiment):
    config = ExperimentConfig.from_dict(experiment)
    curves = []
    for _ in range(2):
        trainer = Trainer(config, device="cuda")
        trainer.step(30)
        curves.append(trainer.snapshot().history["loss_d"])
    assert len(curves[0]) == 30
    assert curves[0] == pytest.approx(curves[1], rel=1e-3)


def test_the_gpu_begins_with_the_weights_of_the_cpu():
    cpu, gpu = (Trainer(ExperimentConfig(), device=device) for device in ("cpu", "cuda"))
    for here, there in zip(cpu.generator.parameters(), gpu.generator.parameters(), strict=True):
        torch.testing.assert_close(here, there.cpu(), rtol=0, atol=0)


def test_samples_are_evaluated_on_the_gpu():
    trainer = Trainer(ExperimentConfig.from_dict({"dataset": "stacked_mnist"}), device="cuda")
    trainer.step(5)
    evaluation = Evaluation(trainer.frozen(), trainer.config.dataset, trainer.source, 200)
    quality = evaluation.run()
    assert quality.values["frechet"].value > quality.values["frechet"].real_against_real
    assert quality.values["modes"].value >= 1


def test_a_run_saved_on_the_gpu_goes_on_there():
    first = Trainer(ExperimentConfig(), device="cuda")
    first.step(20)
    second = Trainer(ExperimentConfig(), device="cuda")
    second.load_state_dict(first.state_dict())
    assert second.snapshot().metrics == pytest.approx(first.snapshot().metrics)
