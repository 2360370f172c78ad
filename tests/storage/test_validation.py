"""A checkpoint's content is believed only if it is that of a run of its config."""

import copy
import math

import pytest
import torch

from gan_core import ExperimentConfig, Trainer
from gan_core.config import REGISTRIES
from gan_core.data.base import is_ready
from gan_core.storage import checkpoint

MLP = {"name": "mlp", "depth": 1, "width": 8}
DENSE = {"generator": MLP, "discriminator": MLP}
TINY = {
    "generator": {"name": "dcgan", "channels": 4},
    "discriminator": {"name": "dcgan", "channels": 4},
}
LEGITIMATE = {
    "numbers": {"architecture": DENSE},
    "without average": {"architecture": DENSE, "ema_decay": 0.0},
    "momentum": {"architecture": DENSE, "optimizer_g": {"name": "sgd", "momentum": 0.5}},
    "no momentum": {"architecture": DENSE, "optimizer_d": {"name": "sgd", "momentum": 0.0}},
    "rmsprop": {"architecture": DENSE, "optimizer_d": {"name": "rmsprop"}, "n_critic": 3},
    "norms": {
        "architecture": {
            "generator": MLP | {"normalisation": "batch"},
            "discriminator": MLP | {"normalisation": "spectral"},
        }
    },
    "pictures": {"dataset": {"name": "mnist"}, "architecture": TINY},
    "classes": {"dataset": {"name": "mnist"}, "architecture": TINY | {"conditional": True}},
}


def a_run(experiment):
    return Trainer(ExperimentConfig.from_dict({"batch_size": 8} | experiment), "cpu", "eager")


def assert_comes_back(trainer, path):
    checkpoint.save(trainer, path)
    wanted = checkpoint.digest(checkpoint.read(path))
    loaded = checkpoint.load(path, "cpu", "eager")
    checkpoint.save(loaded, path)
    assert checkpoint.digest(checkpoint.read(path)) == wanted
    path.write_bytes(checkpoint.to_bytes({"past": checkpoint.past_of(trainer, 10**9)}))
    checkpoint.load_state_history(loaded, path)
    assert [w.step for w in loaded.state_history.snapshots] == [
        w.step for w in trainer.state_history.snapshots
    ]


@pytest.mark.parametrize("name", LEGITIMATE)
def test_every_moment_of_a_run_is_believed(name, tmp_path):
    trainer, path = a_run(LEGITIMATE[name]), tmp_path / "a.safetensors"
    assert is_ready(trainer.config.dataset)
    assert_comes_back(trainer, path)
    trainer.step_discriminator()
    assert_comes_back(trainer, path)
    trainer.step(2)
    answers = iter([True, False, False])
    trainer.step(1, lambda: next(answers, False))
    assert_comes_back(trainer, path)
    sgd = REGISTRIES["optimizer_g"].create({"name": "sgd", "momentum": 0.9})
    rest = REGISTRIES["optimizer_g"].create({"name": "sgd", "momentum": 0.0})
    for optimizer, average, n_critic in ((sgd, 0.9, 1), (rest, 0.0, 2), (rest, 0.5, 1)):
        trainer.update_config(
            trainer.config.replace(
                optimizer_g=optimizer, ema_decay=average, batch_size=16, n_critic=n_critic
            )
        )
        assert_comes_back(trainer, path)
        trainer.step(1)
        assert_comes_back(trainer, path)
    for learner in (trainer.optimizers.g, trainer.optimizers.d):
        learner.init_state()
    trainer.snapshot()
    assert_comes_back(trainer, path)


@pytest.fixture(scope="module")
def whole():
    """The content of a checkpoint of a small run on pictures."""
    trainer = a_run({"dataset": {"name": "mnist"}, "architecture": DENSE, "latent_dim": 2})
    trainer.step(3)
    return checkpoint.capture(trainer)


def put(place, value):
    """Return what puts a value at a place, given as keys."""

    def change(content):
        *way, last = place
        for key in way:
            content = content[key]
        content[last] = value(content[last]) if callable(value) else value

    return change


def resized(png):
    """Return a PNG whose header says that it is 50,000 pixels high."""
    png = png.clone()
    png[20:24] = torch.tensor(list((50_000).to_bytes(4, "big")), dtype=torch.uint8)
    return png


FIRST_GRID = ("state", "timeline", "moments", 0, 3)


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (("engine_from",), -1, "engine_from"),
        (("device",), 3, "device"),
        (("state",), [], "its state"),
        (("state", "generator", "0.weight"), lambda w: w.double(), "float32"),
        (("state", "discriminator", "1.bias"), lambda b: b[:-1], "shape"),
        (("state", "ema"), None, "ema"),
        (("state", "optimizer_g", "param_groups", 0, "lr"), "fast", "lr"),
        (("state", "optimizer_g", "param_groups", 0, "lr"), 1e9, "lr"),
        (("state", "optimizer_g", "param_groups", 0, "maximize"), True, "maximize"),
        (("state", "optimizer_d", "state", 0), {}, "moments"),
        (("state", "optimizer_d", "state", 0, "step"), torch.tensor(math.nan), "steps"),
        (("state", "rng", "train"), lambda s: torch.zeros_like(s), "random stream"),
        (("state", "fixed_z"), lambda z: z[:3], "fixed_z"),
        (("state", "latest"), {"loss_x": torch.zeros(())}, "loss_x"),
        (("state", "z"), lambda z: z[:, :1], "z"),
        (("state", "labels"), torch.zeros(8, dtype=torch.int64), "labels"),
        (("state", "counters", "step"), 3.0, "counters, step"),
        (("state", "counters", "step"), True, "counters, step"),
        (("state", "counters", "of_this_step"), 99, "of_this_step"),
        (("state", "changes"), [[1, "x" * 1_000]], "changes"),
        (("state", "history", "stride"), 3, "stride"),
        (("state", "history", "stride"), 0, "stride"),
        (("state", "history", "rows", 0), [1, 2.0], "row"),
        (("state", "history", "most"), 10**9, "longer"),
        (("state", "history", "columns"), ["loss_d"], "columns"),
        (("state", "metric_history", "rows"), [["x"]], "row"),
        (("state", "timeline", "stride"), 6, "stride"),
        (("state", "timeline", "moments", 0, 2), 10**6, "timeline"),
        (FIRST_GRID, resized, "picture"),
        (FIRST_GRID, lambda png: png[:-30], "picture"),
        (FIRST_GRID, torch.zeros(4), "picture"),
    ],
)
def test_what_no_run_holds(whole, place, value, says, tmp_path):
    content = copy.deepcopy(whole)
    put(place, value)(content)
    path = tmp_path / "a.safetensors"
    path.write_bytes(checkpoint.to_bytes(content))
    with pytest.raises(ValueError, match=says) as caught:
        checkpoint.load(path, "cpu", "eager")
    assert str(caught.value).endswith(".")
    path.write_bytes(checkpoint.to_bytes(whole))
    assert checkpoint.load(path, "cpu", "eager").step_count == 3


def test_states_of_another_run_are_no_past(tmp_path):
    one, other = a_run(LEGITIMATE["numbers"]), a_run(LEGITIMATE["norms"])
    for trainer in (one, other):
        trainer.step(2)
    path = tmp_path / "past.safetensors"
    path.write_bytes(checkpoint.to_bytes({"past": checkpoint.past_of(other, 10**9)}))
    with pytest.raises(ValueError, match="architecture differ"):
        checkpoint.load_state_history(one, path)


def test_streams_of_a_gpu_begin_anew_on_the_cpu(tmp_path):
    trainer, path = a_run(LEGITIMATE["numbers"]), tmp_path / "a.safetensors"
    trainer.step(2)
    content = checkpoint.capture(trainer)
    content["device"] = "cuda"
    content["state"]["rng"] = {
        name: torch.zeros(16, dtype=torch.uint8) for name in content["state"]["rng"]
    }
    path.write_bytes(checkpoint.to_bytes(content))
    loaded = checkpoint.load(path, "cpu", "eager")
    fresh = a_run(LEGITIMATE["numbers"])
    for name, rng in loaded.gan.rng.items():
        assert torch.equal(rng.get_state(), fresh.gan.rng[name].get_state())
