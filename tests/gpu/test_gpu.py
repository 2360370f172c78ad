"""Tests that need a GPU; skipped, with the reason, where there is none."""

import itertools

import pytest
import torch

from gan_core import ExperimentConfig, Trainer
from gan_core.diagnosis import diagnose, indicators_of, reference_of
from gan_core.evaluation.evaluate import Evaluation
from gan_core.explain.derivative import derivative
from gan_core.explain.equilibrium import measure
from gan_core.explain.layer_gradients import layer_gradients
from gan_core.explain.narration import explain
from gan_core.explain.sample_gradients import sample_gradients
from gan_core.explain.step_recording import record_step
from gan_core.losses import LOSSES
from gan_core.optimizers import OPTIMIZERS
from gan_core.regularizers import REGULARIZERS
from gan_core.training.engines.selector import EAGER_STEPS
from tests.helpers.engines import (
    ADAM,
    LINE,
    RATES,
    RUNS,
    TINY,
    apart,
    config_of,
    halves_and_a_state,
    losses_of,
    numbers,
    stepper,
)

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
    evaluation = Evaluation(trainer.frozen_generator(), trainer.config.dataset, trainer.source, 200)
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
    made = record_step(trainer)
    assert all(explain(trainer.config, moment).sentence for moment in made.records)
    batch = trainer.gan.peek_batch()
    assert layer_gradients(trainer.gan, batch)
    layers = trainer.layers()["generator"]
    first = next(i for i, row in enumerate(layers) if row.parameters)
    found = derivative(trainer.gan, batch, "generator", first, 0)
    scale = max(abs(found.autograd), 1e-6)
    assert found.chain == pytest.approx(found.autograd, abs=1e-4 * scale)
    assert measure(trainer).value == measure(trainer).value
    assert sample_gradients(trainer, 4).push.shape[0] == 4
    seen = indicators_of(trainer, trainer.snapshot(), reference_of(trainer), None)
    assert diagnose(seen).sentence


def on_gpu(engine="cuda_graph", **given):
    return Trainer(config_of(**given), device="cuda", engine=engine)


def graphs_of(trainer):
    """A trainer whose steps are graphs."""
    assert trainer.wait_for_engine(60), trainer.engine_selector.message
    assert trainer.engine == "cuda_graph"
    return trainer


def streams_of(trainer):
    return torch.cat([rng.get_state() for rng in trainer.gan.rng.values()])


def nudged(config):
    """The eager run, begun with D's weights a unit in the last place beside."""
    trainer = Trainer(config, device="cuda", engine="eager")
    with torch.no_grad():
        for weight in trainer.discriminator.parameters():
            weight.mul_(1 + torch.finfo(torch.float32).eps)
    return trainer


@pytest.mark.parametrize("run", RUNS)
def test_256_steps_as_graphs_stay_with_the_eager_ones(run):
    """To 1e-4, or as close as eager steps stay to themselves after a change in the last bit."""
    trainer, plain = graphs_of(on_gpu(**RUNS[run])), on_gpu("eager", **RUNS[run])
    found = apart(stepper(trainer), stepper(plain), 256)
    assert torch.equal(streams_of(trainer), streams_of(plain))
    assert trainer.engine == "cuda_graph"
    assert (trainer.updates_d, trainer.samples_seen) == (plain.updates_d, plain.samples_seen)
    if found > 1e-4:
        again, beside = on_gpu("eager", **RUNS[run]), nudged(config_of(**RUNS[run]))
        assert found < 10 * apart(stepper(again), stepper(beside), 256)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.names())
def test_every_loss_regularizer_and_optimizer_is_captured_on_the_gpu(optimizer):
    rate = RATES[optimizer]
    for loss, regularizer in itertools.product(LOSSES.names(), REGULARIZERS.names()):
        parts = {"loss": loss, "regularizer": regularizer, "architecture": TINY, "batch_size": 16}
        given = parts | {"optimizer_g": rate, "optimizer_d": rate}
        trainer, plain = graphs_of(on_gpu(**given)), on_gpu("eager", **given)
        assert apart(stepper(trainer), stepper(plain), 6) < 1e-4, (loss, regularizer)


@pytest.mark.parametrize("given", [{}, {"dataset": "mnist", "precision": "bf16"}])
def test_a_captured_step_does_not_wait(given):
    trainer = graphs_of(on_gpu(**given))
    torch.cuda.set_sync_debug_mode("error")
    try:
        for number in range(1, 4):
            trainer.engine_selector.engine.step(number)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_graph_runs_are_equal_to_the_bit():
    first, second = graphs_of(on_gpu(**LINE)), graphs_of(on_gpu(**LINE))
    first.step(300)
    for _ in range(100):
        second.step(3)
    assert torch.equal(numbers(first.optimizers), numbers(second.optimizers))
    assert first.snapshot().statistics == second.snapshot().statistics


def test_auto_captures_after_the_first_steps_and_leaves_no_seam():
    trainer, plain = on_gpu("auto", **LINE), on_gpu("eager", **LINE)
    assert apart(stepper(trainer), stepper(plain), EAGER_STEPS) < 1e-6
    assert trainer.engine == "eager"
    assert apart(stepper(trainer), stepper(plain), 100) < 1e-4
    assert (trainer.engine, trainer.engine_selector.switched_at) == ("cuda_graph", EAGER_STEPS)


def test_changed_settings_reach_a_graph_that_stays():
    trainer, plain = graphs_of(on_gpu(**LINE)), on_gpu("eager", **LINE)
    trainer.step(2), plain.step(2)
    graph, changed = trainer.engine_selector.engine._whole, trainer.config
    changes = (
        {"optimizer_g": OPTIMIZERS.create(ADAM | {"lr": 1e-3})},
        {"loss": LOSSES.create({"name": "non_saturating", "label_smoothing": 0.2})},
        {"regularizer": REGULARIZERS.create({"name": "r1", "gamma": 2.0})},
        {"n_critic": 3},
        {"n_critic": 10},
        {"ema_decay": 0.5},
    )
    for change in changes:
        changed = changed.replace(**change)
        for t in (trainer, plain):
            t.update_config(changed)
        assert apart(stepper(trainer), stepper(plain), 8) < 1e-4, change
        assert trainer.engine_selector.engine._whole is graph
        assert trainer.updates_d == plain.updates_d
    for change in ({"batch_size": 48}, {"loss": LOSSES.create("hinge")}, {"instance_noise": 0.1}):
        changed = changed.replace(**change)
        for t in (trainer, plain):
            t.update_config(changed)
        assert apart(stepper(trainer), stepper(plain), 8) < 1e-3, change
        assert trainer.engine == "cuda_graph"
        assert trainer.engine_selector.engine._whole is not graph


def test_half_steps_and_states_with_graphs():
    later, again = halves_and_a_state(graphs_of(on_gpu(n_critic=2)), "cuda_graph", 1e-4)
    assert again == pytest.approx(later, rel=1e-5)


def test_memory_does_not_grow_with_steps_or_settings():
    trainer = graphs_of(on_gpu(**LINE))
    trainer.step(100)
    before = torch.cuda.memory_allocated()
    trainer.step(1000)
    assert torch.cuda.memory_allocated() == pytest.approx(before, rel=0.05, abs=2**16)
    sizes = []
    for turn in range(20):
        trainer.update_config(trainer.config.replace(batch_size=64 + turn % 2))
        trainer.step(2)
        sizes.append(torch.cuda.memory_reserved())
    assert trainer.engine == "cuda_graph"
    assert sizes[-1] <= 1.05 * max(sizes[:2])


class Waiting:
    """A source that reads a number of each batch, which no graph can."""

    def __init__(self, source):
        self.source = source

    def batch(self, n, rng):
        samples = self.source.batch(n, rng)
        assert samples.isfinite().all().item()
        return samples


def test_what_cannot_be_captured_goes_on_eagerly():
    trainer, plain = on_gpu("auto", **LINE), on_gpu("eager", **LINE)
    trainer.gan.source = Waiting(trainer.gan.source)
    assert apart(stepper(trainer), stepper(plain), 20) < 1e-6
    assert trainer.engine == "eager"
    assert trainer.engine_selector.message.startswith(
        "The step is not captured: capturing it failed ("
    )
    assert torch.cuda.current_stream() == torch.cuda.default_stream()
    assert torch.equal(streams_of(trainer), streams_of(plain))
    other = graphs_of(on_gpu(**LINE))
    other.step(20)
    assert losses_of(other) == pytest.approx(losses_of(plain), abs=1e-4)


def test_compiled_steps_are_for_the_cpu():
    trainer = on_gpu("compiled", **LINE)
    trainer.step(5)
    assert not trainer.wait_for_engine(1)
    assert trainer.engine == "eager"
    assert "are for the CPU" in trainer.engine_selector.message
