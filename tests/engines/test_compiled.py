"""The engines compute the same step: recorded, compiled, switched to, or refused."""

import gc
import math
import os
import time
from pathlib import Path

import pytest
import torch

from gan_core import Trainer
from gan_core.losses import LOSSES
from gan_core.optimizers import OPTIMIZERS
from gan_core.regularizers import REGULARIZERS
from gan_core.training.engines.compile_queue import (
    COMPILE_QUEUE,
    CompileQueue,
    cache_dir,
    compiler,
)
from gan_core.training.engines.compiled import request_for
from tests.helpers.engines import (
    ADAM,
    LINE,
    apart,
    config_of,
    halves_and_a_state,
    numbers,
    reach,
    stepper,
)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    threads = torch.get_num_threads()
    monkeypatch.delenv("GAN_ENGINE")
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def compiled():
    """Make a trainer whose steps are compiled; the first one waits for the compiler."""
    if compiler() is None:
        pytest.skip("There is no C++ compiler on this machine.")

    def make(**given):
        trainer = Trainer(config_of(**LINE | given), engine="compiled")
        assert trainer.engine == "eager"
        assert trainer.wait_for_engine(240), trainer.engine_selector.message
        assert trainer.engine == "compiled"
        return trainer

    return make


@pytest.mark.timeout(300)
def test_256_compiled_steps_stay_with_the_plain_loop(compiled):
    trainer = compiled()
    plain = Trainer(trainer.config, engine="eager")
    assert apart(stepper(trainer), stepper(plain), 256) < reach(trainer.config, 256)
    assert trainer.engine == "compiled"
    for name, rng in trainer.gan.rng.items():
        assert torch.equal(rng.get_state(), plain.gan.rng[name].get_state())
    found, expected = trainer.snapshot(), plain.snapshot()
    for name, value in expected.statistics.items():
        assert found.statistics[name] == pytest.approx(value, rel=1e-2, abs=1e-4), name
    assert found.metrics["wasserstein_1"] == pytest.approx(
        expected.metrics["wasserstein_1"], abs=1e-3
    )
    assert found.updates_d == 256
    assert found.samples_seen == 256 * 64


@pytest.mark.timeout(300)
def test_the_curve_shows_no_seam(compiled):
    """A run that was switched in its middle, against one that was not."""
    unswitched = Trainer(config_of(**LINE), engine="eager")
    switched = Trainer(config_of(**LINE))
    for trainer in (unswitched, switched):
        trainer.step(100)
    assert switched.engine == "eager"
    assert switched.wait_for_engine(240)
    assert switched.engine == "compiled"
    for trainer in (unswitched, switched):
        trainer.step(100)
    first, second = (trainer.snapshot().history for trainer in (unswitched, switched))
    assert first["step"].tolist() == second["step"].tolist() == list(range(1, 201))
    for name in ("loss_d", "loss_g"):
        assert abs(first[name] - second[name]).max() < reach(config_of(**LINE), 200), name
    for name in ("penalty", "grad_norm_d", "grad_norm_g"):
        assert abs(first[name] - second[name]).max() < 0.02 * first[name].max(), name
    assert unswitched.engine == "eager"


@pytest.mark.timeout(300)
def test_compiled_runs_are_equal_to_the_bit(compiled):
    first, second = compiled(), compiled()
    first.step(300)
    for _ in range(100):
        second.step(3)
    assert torch.equal(numbers(first.optimizers), numbers(second.optimizers))
    assert first.snapshot().statistics == second.snapshot().statistics


@pytest.mark.timeout(300)
def test_a_run_is_switched_again_where_it_was_switched(compiled):
    compiled()  # so that the package is there
    first = Trainer(config_of(**LINE))
    first.step(37)
    assert first.wait_for_engine(60)
    assert first.engine_selector.switched_at == 37
    again = Trainer(config_of(**LINE), engine_from=first.engine_selector.switched_at)
    first.step(63)
    for _ in range(20):
        again.step(5)
    assert again.engine == "compiled"
    assert torch.equal(numbers(again.optimizers), numbers(first.optimizers))


@pytest.mark.timeout(300)
def test_settings_change_without_the_compiler(compiled):
    trainer = compiled()
    package = trainer.engine_selector.engine
    plain = Trainer(trainer.config, engine="eager")
    changed = trainer.config
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
        assert trainer.engine_selector.engine is package
        assert apart(stepper(trainer), stepper(plain), 8) < 1e-3, change
        assert trainer.updates_d == plain.updates_d
    other_target = compiled(dataset={"name": "normal", "mean": -2.0, "std": 3.0}, seed=4)
    assert [o.key for o in other_target.engine_selector._jobs] == [
        o.key for o in trainer.engine_selector._jobs
    ]
    plain = Trainer(other_target.config, engine="eager")
    assert apart(stepper(other_target), stepper(plain), 64) < reach(plain.config, 64)


@pytest.mark.timeout(300)
def test_half_steps_states_and_breakdowns_with_a_compiled_engine(compiled):
    trainer = compiled(n_critic=2)
    later, again = halves_and_a_state(trainer, "compiled", 1e-3)
    assert again == later
    trainer.step(25 - trainer.step_count % 25)
    healthy = trainer.step_count
    with torch.no_grad():
        trainer.optimizers.d.weights[0].fill_(math.nan)
    trainer.step(30)
    assert trainer.failure.healthy_step == trainer.step_count == healthy
    assert healthy < trainer.failure.step <= healthy + 25
    assert all(weight.isfinite().all() for weight in trainer.optimizers.d.weights)
    assert trainer.engine == "compiled"
    assert trainer.step(30) == 30
    assert trainer.failure is None


@pytest.mark.timeout(300)
def test_changed_settings_load_no_library_twice(compiled):
    libraries = Path("/proc/self/maps")
    if not libraries.exists():
        pytest.skip("This system does not tell what is loaded.")
    trainer = compiled()
    base = trainer.config
    known = libraries.read_text().count(".so\n")
    for _ in range(10):
        trainer.update_config(base.replace(batch_size=65))
        assert trainer.engine == "eager"
        trainer.update_config(base)
        assert trainer.wait_for_engine(60)
        trainer.step(5)
    assert libraries.read_text().count(".so\n") <= known + 10


def test_what_is_compiled_depends_on_the_structure_alone():
    def key(**given):
        return [request_for(config_of(**given), whole, False) for whole in (True, False)]

    same = key()
    for given in (
        {"seed": 5},
        {"n_critic": 4},
        {"ema_decay": 0.9},
        {"regularizer": {"name": "r1", "gamma": 3.0}},
        {"loss": {"name": "non_saturating", "label_smoothing": 0.1}},
        {"optimizer_g": {"name": "adam", "lr": 1e-5}},
        {"dataset": {"name": "uniform"}},
        {"prior": "gaussian"},
    ):
        assert key(**given) == same, given
    for given in (
        {"batch_size": 32},
        {"ema_decay": 0.0},
        {"regularizer": "none"},
        {"loss": "hinge"},
        {"optimizer_g": {"name": "adam", "beta1": 0.9}},
        {"latent_dim": 2},
        {"instance_noise": 0.1},
        {"architecture": {"standardise": "none"}},
    ):
        assert key(**given) != same, given


def test_without_a_compiler_training_goes_on(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    trainer = Trainer(config_of(batch_size=17), engine="compiled")
    trainer.step(5)
    assert not trainer.wait_for_engine(5)
    assert "no C++ compiler" in trainer.engine_selector.message
    trainer.step(5)
    assert (trainer.engine, trainer.step_count) == ("eager", 10)


@pytest.mark.timeout(180)
def test_a_compiler_that_fails_is_reported(monkeypatch):
    monkeypatch.setenv("CXX", "false")
    trainer = Trainer(config_of(batch_size=19), engine="compiled")
    assert not trainer.wait_for_engine(150)
    assert "not compiled" in trainer.engine_selector.message
    assert "false does not compile: it does not say why" in trainer.engine_selector.message
    assert "Traceback" not in trainer.engine_selector.message
    trainer.step(3)
    assert trainer.engine == "eager"


def test_unknown_engines_are_refused():
    with pytest.raises(ValueError, match="engine = 'warp' is not one of auto, eager, compiled"):
        Trainer(config_of(), engine="warp")


def test_the_environment_decides_for_auto(monkeypatch):
    monkeypatch.setenv("GAN_ENGINE", "eager")
    trainer = Trainer(config_of(batch_size=21))
    trainer.engine_selector.trained = 100.0
    trainer.step(20)
    assert trainer.engine == "eager"
    assert trainer.engine_selector._jobs == []
    monkeypatch.setenv("GAN_ENGINE", "fastest")
    with pytest.raises(ValueError, match="engine = 'fastest' is not one of"):
        Trainer(config_of())


def test_auto_begins_eagerly_and_leaves_short_runs_alone():
    trainer = Trainer(config_of(batch_size=21))
    trainer.step(20)
    assert trainer.engine == "eager"
    assert trainer.engine_selector._jobs == []


@pytest.mark.skipif(compiler() is None, reason="There is no C++ compiler on this machine.")
def test_what_nobody_wants_is_not_compiled():
    for size in range(100, 140):
        trainer = Trainer(config_of(batch_size=size), engine="compiled")
        trainer.step(1)
    process = COMPILE_QUEUE._process
    assert process is not None
    assert len(COMPILE_QUEUE._orders) <= 2 * 2  # the last one's, and what is being given up
    del trainer
    gc.collect()
    COMPILE_QUEUE.poll()
    assert COMPILE_QUEUE._process is None
    assert process.poll() is not None
    assert not COMPILE_QUEUE._orders


def test_the_folder_stays_small(monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_DATA", str(tmp_path))
    monkeypatch.setenv("CXX", "false")
    for i in range(70):
        package = cache_dir() / f"{i:024d}.pt2"
        package.write_bytes(b"old")
        os.utime(package, (i, i))
    workshop, customer = CompileQueue(), object()
    del customer

    class Customer:
        pass

    customer = Customer()
    workshop.submit(request_for(config_of(batch_size=23), True, False), customer)
    workshop.poll()
    kept = sorted(path.name for path in cache_dir().glob("*.pt2"))
    assert len(kept) == 63
    assert kept[0].startswith("0" * 23 + "7")
    workshop._end_process()
    time.sleep(0.1)
