"""How runs share the cores, how much arithmetic a step is, and what half precision changes."""

import threading

import pytest
import torch

from gan_core import ExperimentConfig, Trainer
from gan_core.runtime.cpu_threads import RECENT, ThreadAllocator, available_cores
from gan_core.training.step_cost import step_flops

BIG, LITTLE = 1e10, 1e6


def test_a_run_gets_its_share_of_the_cores():
    cores, all_of_them = ThreadAllocator(), available_cores()
    assert cores.threads_for(LITTLE, 1) == 1
    assert cores.threads_for(BIG, 1) == all_of_them
    assert cores.threads_for(BIG, 2) == max(1, all_of_them // 2)
    cores.note_compiler(True)
    assert cores.threads_for(BIG, 1) == max(1, all_of_them - 1)
    cores.reserve_one()
    assert cores.threads_for(BIG, 1) == max(1, all_of_them - 2)
    cores.note_compiler(False)
    assert cores.threads_for(BIG, 1) == max(1, all_of_them - 1)
    assert cores.threads_for(BIG, 50) == 1


class Someone:
    pass


def test_only_runs_of_other_threads_are_neighbours(monkeypatch):
    monkeypatch.delenv("GAN_THREADS", raising=False)
    before = torch.get_num_threads()
    try:
        cores, runs = ThreadAllocator(), [Someone() for _ in range(3)]
        alone = [cores.apply(run, BIG) for run in runs]
        assert len(set(alone)) == 1
        beside = threading.Thread(target=cores.apply, args=(runs[0], BIG))
        beside.start()
        beside.join()
        assert cores.apply(runs[1], BIG) == max(1, alone[0] // 2)
        cores._seen[runs[0]] = cores._seen[runs[0]][0] - 2 * RECENT, 0
        assert cores.apply(runs[1], BIG) == alone[0]
        monkeypatch.setenv("GAN_THREADS", "1")
        assert cores.apply(runs[1], BIG) == 1
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_a_program_that_has_chosen_is_left_alone(monkeypatch):
    monkeypatch.delenv("GAN_THREADS", raising=False)
    before = torch.get_num_threads()
    try:
        cores = ThreadAllocator()
        torch.set_num_threads(before + 1)
        assert cores.apply(Someone(), LITTLE) == before + 1
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("batch", [3, 128])
def test_the_operations_of_a_step_are_its_products(batch):
    """G 5 → 7 → 784 and D 784 → 6 → 1: two a multiplication and addition, counted by hand."""
    parts = {
        "generator": {"name": "mlp", "depth": 1, "width": 7},
        "discriminator": {"name": "mlp", "depth": 1, "width": 6},
    }
    config = ExperimentConfig.from_dict(
        {"dataset": "mnist", "latent_dim": 5, "batch_size": batch, "architecture": parts}
    )
    first_g, last_g, first_d, last_d = 5 * 7, 7 * 784, 784 * 6, 6 * 1
    forward_g, forward_d = first_g + last_g, first_d + last_d
    of_d = forward_g + 2 * (forward_d + first_d + 2 * last_d)  # on real and generated samples
    of_g = forward_d + first_d + last_d + first_g + 2 * last_g  # D's weights stand still
    for updates in (1, 3):
        gan = Trainer(config.replace(n_critic=updates), engine="eager").gan
        assert step_flops(gan) == pytest.approx(2 * batch * (updates * of_d + of_g))


def test_half_precision_changes_products_and_nothing_else():
    runs = {}
    for precision in ("fp32", "bf16"):
        config = ExperimentConfig.from_dict({"precision": precision, "batch_size": 64})
        runs[precision] = Trainer(config, engine="eager")
        runs[precision].step(40)
    exact, half = runs["fp32"], runs["bf16"]
    for weight in (*half.generator.parameters(), *half.discriminator.parameters()):
        assert weight.dtype == torch.float32
    assert half.sample(10).dtype == torch.float32
    first, second = exact.snapshot().history["loss_d"], half.snapshot().history["loss_d"]
    assert 0 < abs(first - second).max() < 0.1
    streams = (run.gan.rng["train"].get_state() for run in (half, exact))
    assert torch.equal(*streams)
    half.update_config(half.config.replace(precision="fp32"))
    half.step(5)
    assert half.snapshot().step == 45


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="precision = 'fp8' is not one of fp32, bf16"):
        ExperimentConfig.from_dict({"precision": "fp8"})
