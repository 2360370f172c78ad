"""What only a GPU can show; skipped, with the reason, where there is none."""

import pytest
import torch

from gan_core import ExperimentConfig, Trainer
from gan_core.backprop import layer_flow
from gan_core.close_up import take_step
from gan_core.derivative import derivative
from gan_core.diagnosis import diagnose, reference_of, vitals_of
from gan_core.equilibrium import measure
from gan_core.evaluation import Evaluation
from gan_core.narration import tell
from gan_core.push import pushed

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


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_a_step_is_explained_on_the_gpu(experiment):
    trainer = Trainer(ExperimentConfig.from_dict(experiment), device="cuda")
    trainer.step(3)
    made = take_step(trainer)
    assert all(tell(trainer.config, moment).sentence for moment in made.moments)
    batch = trainer.game.next_batch()
    assert layer_flow(trainer.game, batch)
    layers = trainer.layers()["generator"]
    first = next(i for i, row in enumerate(layers) if row.parameters)
    found = derivative(trainer.game, batch, "generator", first, 0)
    scale = max(abs(found.autograd), 1e-6)
    assert found.chain == pytest.approx(found.autograd, abs=1e-4 * scale)
    assert measure(trainer).value == measure(trainer).value
    assert pushed(trainer, 4).push.shape[0] == 4
    seen = vitals_of(trainer, trainer.snapshot(), reference_of(trainer), None)
    assert diagnose(seen).sentence
