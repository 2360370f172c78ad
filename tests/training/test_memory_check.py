"""Memory: what a step needs is estimated, told before, survived during, and given back after."""

import gc
import json
import subprocess
import sys
import weakref

import pytest
import torch

from gan_core import ExperimentConfig, Trainer
from gan_core.runtime import memory
from gan_core.training.monitoring.failures import OutOfMemory
from gan_core.training.step_cost import step_memory

SMALL = {
    "dataset": "mnist",
    "batch_size": 16,
    "architecture": {
        "generator": {"name": "dcgan", "channels": 64},
        "discriminator": {"name": "dcgan", "channels": 64},
    },
}
WIDE = {"name": "mlp", "depth": 3, "width": 512}
DENSE = {"architecture": {"generator": WIDE, "discriminator": WIDE}}
linux = pytest.mark.skipif(sys.platform != "linux", reason="limits and peaks are read in /proc")

PEAK = """
import json, sys, torch
torch.set_num_threads(1)
from gan_core import ExperimentConfig, Trainer
from gan_core.training.step_cost import step_memory
def resident(name):
    lines = open("/proc/self/status").read().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])
config = ExperimentConfig.from_dict(json.loads(sys.argv[1]))
warm = Trainer(config.replace(batch_size=8))
warm.step(1)
estimate = step_memory(warm.gan, config).bytes(config.batch_size)
trainer = Trainer(config)
trainer.state_history.max_states = 0
trainer.optimizers.d.init_state(), trainer.optimizers.g.init_state()
trainer._rollback.save()
open("/proc/self/clear_refs", "w").write("5")
before = resident("VmRSS")
trainer.step(1)
print(json.dumps([estimate, resident("VmHWM") - before]))
"""

OUT = """
import json, resource, sys, torch
torch.set_num_threads(1)
from gan_core import ExperimentConfig, Trainer
config = ExperimentConfig.from_dict(json.loads(sys.argv[1]))
trainer = Trainer(config)
trainer.step(2)
weights = [weight.clone() for weight in trainer.generator.parameters()]
large = config.replace(batch_size=2048)
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 350 * 2**20,) * 2)
told = []
for act in (lambda: trainer.update_config(large), lambda: Trainer(large)):
    try:
        act()
    except ValueError as error:
        told.append(str(error))
import gan_core.training.trainer
gan_core.training.trainer.check_fits = lambda *told, **more: None  # as if it had estimated too low
trainer.update_config(large)
taken = trainer.step(3)
failure = trainer.failure
same = all(map(torch.equal, weights, trainer.generator.parameters()))
trainer.update_config(config.replace(batch_size=failure.fits))
after = trainer.step(3), trainer.failure is None, trainer.step_count
print(json.dumps([told, taken, failure._asdict(), failure.sentence(), same, after]))
"""


def answer(program, config):
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(config)],
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@linux
@pytest.mark.slow
@pytest.mark.parametrize(
    "config",
    [
        SMALL | {"batch_size": 128, "regularizer": {"name": "r1"}},
        DENSE | {"batch_size": 4096},
    ],
    ids=["dcgan with R1", "dense"],
)
def test_the_estimate_is_within_a_factor_of_two_of_the_measured_peak(config):
    estimate, measured = answer(PEAK, config)
    assert 0.5 < measured / estimate < 2


@pytest.mark.slow
@linux
def test_a_run_without_memory_says_what_would_fit_and_goes_on():
    told, taken, failure, sentence, same, after = answer(OUT, SMALL)
    for refusal in told:
        assert refusal.startswith("batch_size = 2048 needs about ")
        assert "instead of 2,048 would fit" in refusal
    assert len(told) == 2
    assert taken == 0
    assert same
    assert failure["step"] == 3
    assert failure["healthy_step"] in (0, 2)
    assert 16 <= failure["fits"] <= 1024
    assert f"A batch of {failure['fits']:,} instead of 2,048 would fit" in sentence
    assert after == [3, True, failure["healthy_step"] + 3]


@pytest.mark.parametrize("config", [{}, SMALL], ids=["line", "dcgan"])
def test_the_largest_batch_that_fits_fits_and_one_more_does_not(config):
    trainer = Trainer(ExperimentConfig.from_dict(config))
    demand = step_memory(trainer.gan, trainer.config)
    for room in (2e7, 3e8):
        most = demand.max_samples(room)
        assert demand.bytes(most) <= room < demand.bytes(most + 1)
    assert demand.max_samples(0.0) == 0


def test_an_estimate_leaves_no_trace():
    config = ExperimentConfig.from_dict(SMALL | {"batch_size": 4})
    watched, other = Trainer(config), Trainer(config)
    step_memory(watched.gan, config.replace(batch_size=64))
    for trainer in (watched, other):
        trainer.step(2)
    pairs = zip(watched.generator.parameters(), other.generator.parameters(), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)


def test_an_error_of_another_kind_is_not_swallowed():
    trainer = Trainer(ExperimentConfig())
    with pytest.raises(RuntimeError, match="shapes"), trainer.recover_from_oom():
        raise RuntimeError("the shapes do not match")
    assert trainer.failure is None
    for error in (MemoryError(), torch.OutOfMemoryError("CUDA out of memory.")):
        with trainer.recover_from_oom():
            raise error
        assert isinstance(trainer.failure, OutOfMemory)


def test_limits_of_control_groups_are_read(tmp_path, monkeypatch):
    group = tmp_path / "mine"
    group.mkdir()
    (group / "memory.max").write_text("1000000\n")
    (group / "memory.current").write_text("700000\n")
    (group / "memory.stat").write_text("anon 5\ninactive_file 100000\n")
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    lines = memory._lines
    monkeypatch.setattr(
        memory, "_lines", lambda p: ["0::/mine"] if p == "/proc/self/cgroup" else lines(p)
    )
    assert memory.total() == 1_000_000
    assert memory.available(torch.device("cpu")) == 400_000
    (group / "memory.max").write_text("max\n")
    assert memory.total() > 2**28


@linux
def test_a_trainer_that_is_dropped_gives_its_memory_back():
    config = ExperimentConfig.from_dict(SMALL | {"batch_size": 64})

    def resident():
        return memory._table("/proc/self/status")["VmRSS"]

    def live():
        trainer = Trainer(config)
        trainer.step(2)
        trainer.snapshot()
        return resident(), weakref.ref(trainer)

    live()
    memory.release_memory()
    before = resident()
    at_most, gone = live()
    gc.collect()
    assert gone() is None
    memory.release_memory()
    assert at_most - before > 30 * 2**20
    assert resident() - before < 0.2 * (at_most - before)
