"""The parts of a CUDA graph, on the CPU: the step that draws for itself, and its inputs."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from gan_core import Trainer
from gan_core.data import DATASETS
from gan_core.losses import LOSSES
from gan_core.optimizers import OPTIMIZERS
from gan_core.priors import PRIORS
from gan_core.regularizers import REGULARIZERS
from gan_core.training.engines.cuda_graph import memory_layout, warm_up
from gan_core.training.engines.functional_step import (
    StaticScalars,
    compile_key,
    functional_step,
    runtime_scalars,
    state_tensors_of,
)
from tests.helpers.engines import (
    ADAM,
    RATES,
    RUNS,
    TINY,
    apart,
    config_of,
    equal_to_the_plain_step,
    losses_of,
    numbers,
    stepper,
)

pytestmark = pytest.mark.quick


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Captured:
    """A trainer whose steps are played as a graph captures them: what a replay would do."""

    def __init__(self, config):
        self.trainer = Trainer(config, engine="eager")
        self.gan, self.ema = self.trainer.gan, self.trainer.ema
        self.state = state_tensors_of(self.trainer.optimizers)
        settings = runtime_scalars(config, self.gan)
        self.dials = StaticScalars(settings | {"weight": 0.0}, self.trainer.device)
        self.steps, self.batch = 0, None

    def take(self, state, whole=True):
        settings = self.dials.tensors
        return functional_step(
            self.gan, state, None, settings, settings["weight"] if whole else None
        )

    def step(self):
        for _ in range(self.trainer.config.n_critic - 1):
            self.take(self.state, whole=False)
        self.steps += 1
        if self.ema is not None:
            self.dials.update({"weight": self.ema.lerp_weight(self.steps)})
        row, self.batch = self.take(self.state)
        return row[0].item(), row[4].item()


def streams_of(gan):
    return torch.cat([rng.get_state() for rng in gan.rng.values()])


@pytest.mark.parametrize("run", RUNS)
def test_the_captured_step_is_the_step(run):
    config = config_of(**RUNS[run])
    plain, captured = Trainer(config, engine="eager"), Captured(config)
    for _ in range(3):
        plain.step()
        assert captured.step() == pytest.approx(losses_of(plain), abs=1e-4)
        assert torch.equal(captured.batch.z, plain._batch.z)
        if plain._batch.labels is not None:
            assert torch.equal(captured.batch.labels, plain._batch.labels)
        assert torch.equal(streams_of(captured.gan), streams_of(plain.gan))
    found, expected = numbers(captured.trainer.optimizers), numbers(plain.optimizers)
    assert (found - expected).abs().max() < 0.01 * (1 + expected.abs().max())


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES.names())
def test_every_loss_regularizer_and_optimizer_is_captured(loss):
    equal_to_the_plain_step(Captured, loss, 4, 1e-4)


def test_momentum_is_captured():
    rate = {"name": "sgd", "lr": 1e-2, "momentum": 0.9}
    config = config_of(architecture=TINY, optimizer_g=rate, optimizer_d=rate)
    captured, plain = Captured(config), Trainer(config, engine="eager")
    assert apart(captured.step, stepper(plain), 20) < 1e-4


def test_momentum_that_is_switched_on_later_is_kept():
    start = config_of(architecture=TINY, optimizer_g={"name": "sgd"}, optimizer_d={"name": "sgd"})
    heavy = OPTIMIZERS.create({"name": "sgd", "lr": 1e-2, "momentum": 0.9})
    captured, plain = Captured(start), Trainer(start, engine="eager")
    assert apart(captured.step, stepper(plain), 3) < 1e-4
    heavier = start.replace(optimizer_g=heavy, optimizer_d=heavy)
    for trainer in (captured.trainer, plain):
        trainer.update_config(heavier)
    captured.state = state_tensors_of(captured.trainer.optimizers)
    moments = [moment for side in "dg" for moment in captured.state[side]["moments"]]
    assert all(not moment["momentum_buffer"].any() for moment in moments)  # there, and still empty
    captured.dials.update(runtime_scalars(heavier, captured.gan))
    assert apart(captured.step, stepper(plain), 10) < 1e-4


class Noting(TorchDispatchMode):
    """Notes what a GPU could not do within a graph: to read a number, or to be sent a constant."""

    def __init__(self):
        super().__init__()
        self.found = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func._schema.name in WAITING:
            self.found.add(func._schema.name)
        return func(*args, **(kwargs or {}))


WAITING = {
    f"aten::{name}"
    for name in (
        "_local_scalar_dense",
        "lift_fresh",
        "nonzero",
        "masked_select",
        "equal",
        "is_nonzero",
        "unique",
    )
}


def waits_in(config):
    captured = Captured(config)
    captured.step()
    with Noting() as noting:
        captured.take(captured.state)
        captured.take(captured.state, whole=False)
    return noting.found


def test_what_waits_is_noticed():
    with Noting() as noting:
        torch.ones(3).sum().item()
        torch.tensor([1.0, 2.0])
    assert noting.found == {"aten::_local_scalar_dense", "aten::lift_fresh"}


@pytest.mark.parametrize("run", RUNS)
def test_no_network_waits_for_the_gpu(run):
    assert waits_in(config_of(**RUNS[run])) == set()


AT_HAND = (
    "normal",
    "normal_mixture",
    "uniform",
    "exponential",
    "lognormal",
    "student_t",
    "mnist",
    "stacked_mnist",
)
"""The data sets that need no file of the user's and no download."""


@pytest.mark.parametrize(
    ("part", "names"),
    {
        "loss": LOSSES.names(),
        "regularizer": REGULARIZERS.names(),
        "prior": PRIORS.names(),
        "dataset": AT_HAND,
    }.items(),
)
def test_no_component_waits_for_the_gpu(part, names):
    for name in names:
        config = config_of(**{part: name}, batch_size=4, precision="bf16")
        assert waits_in(config) == set(), name


@pytest.mark.slow
@pytest.mark.parametrize("regularizer", ["none", "r1"])
def test_256_captured_steps_stay_with_the_plain_loop(regularizer):
    config = config_of(
        optimizer_g=ADAM, optimizer_d=ADAM, regularizer=regularizer, architecture=TINY
    )
    captured, plain = Captured(config), Trainer(config, engine="eager")
    assert apart(captured.step, stepper(plain), 256) < 1e-4


def test_a_step_follows_what_is_filled_into_its_tensors():
    """A graph reads the same tensors for good: what is filled in must reach the step."""
    changes = (
        {"optimizer_g": OPTIMIZERS.create(ADAM | {"lr": 1e-3})},
        {"optimizer_d": OPTIMIZERS.create(ADAM | {"lr": 4e-3})},
        {"loss": LOSSES.create({"name": "non_saturating", "label_smoothing": 0.2})},
        {"regularizer": REGULARIZERS.create({"name": "r1", "gamma": 2.0})},
        {"ema_decay": 0.5},
    )
    changed = config_of(optimizer_g=ADAM, optimizer_d=ADAM, regularizer="r1")
    captured, plain = Captured(changed), Trainer(changed, engine="eager")
    tensors = {name: tensor.data_ptr() for name, tensor in captured.dials.tensors.items()}
    structure = compile_key(changed)
    for change in changes:
        changed = changed.replace(**change)
        before = {name: tensor.item() for name, tensor in captured.dials.tensors.items()}
        if captured.ema is not None:
            captured.ema.decay = changed.ema_decay
        captured.dials.update(runtime_scalars(changed, captured.gan))
        after = {name: tensor.item() for name, tensor in captured.dials.tensors.items()}
        assert sum(before[name] != after[name] for name in before) == ("ema_decay" not in change)
        plain.update_config(changed)
        assert apart(captured.step, stepper(plain), 4) < 1e-4, change
        assert compile_key(changed) == structure
    found = {name: tensor.data_ptr() for name, tensor in captured.dials.tensors.items()}
    assert found == tensors
    found, expected = numbers(captured.trainer.optimizers), numbers(plain.optimizers)
    assert (found - expected).abs().max() < 1e-3


def test_another_structure_is_another_graph():
    plain = config_of()
    for change in (
        {"batch_size": 32},
        {"instance_noise": 0.3},
        {"loss": LOSSES.create("hinge")},
        {"optimizer_g": OPTIMIZERS.create(plain.optimizer_g.to_dict() | {"beta1": 0.7})},
        {"ema_decay": 0.0},
        {"precision": "bf16"},
    ):
        assert compile_key(plain.replace(**change)) != compile_key(plain), change
    assert compile_key(config_of(prior="laplace")) != compile_key(plain)


WITH_MEMORY = ("batch norm", "spectral norm, dropout", "mixture, Laplace noise, blurred")


@pytest.mark.parametrize("run", WITH_MEMORY)
def test_the_steps_before_a_capture_leave_no_trace(run):
    captured = Captured(config_of(**RUNS[run]))
    captured.step()
    before = [leaf.clone() for leaf in tree_leaves(captured.state)]
    streams, places = streams_of(captured.gan), memory_layout(captured.state)
    warm_up(captured.gan, captured.take, captured.state)
    assert all(map(torch.equal, tree_leaves(captured.state), before))
    assert torch.equal(streams_of(captured.gan), streams)
    assert memory_layout(state_tensors_of(captured.trainer.optimizers)) == places


def test_a_loaded_state_is_captured_anew_and_a_changed_rate_is_not():
    trainer = Trainer(config_of(), engine="eager")
    trainer.step(2)
    before = state_tensors_of(trainer.optimizers)
    rate = OPTIMIZERS.create(trainer.config.optimizer_g.to_dict() | {"lr": 1e-4})
    trainer.update_config(trainer.config.replace(optimizer_g=rate))
    trainer.step(2)
    assert memory_layout(state_tensors_of(trainer.optimizers)) == memory_layout(before)
    trainer.load_state_dict(trainer.state_dict())
    assert memory_layout(state_tensors_of(trainer.optimizers)) != memory_layout(before)


def test_moments_lie_beside_their_weights():
    for name in OPTIMIZERS.names():
        config = config_of(optimizer_g=RATES[name], optimizer_d=RATES[name])
        learner = Trainer(config, engine="eager").optimizers.d
        weights = [weight.clone() for weight in learner.weights]
        learner.init_state()
        assert all(moment.device == weights[0].device for moment in learner.state_tensors())
        assert all(not moment.any() for moment in learner.state_tensors())
        assert all(map(torch.equal, learner.weights, weights))


def test_a_mixture_keeps_its_bells_on_the_device():
    mixture = DATASETS.create({"name": "normal_mixture", "modes": 2, "weights": "3, 1"})
    source = mixture.open(torch.device("cpu"))
    assert source.shares.tolist() == [0.75, 0.25]
    assert source.centers.tolist() == mixture.centers()
    first, again = (torch.Generator().manual_seed(5) for _ in range(2))
    assert torch.equal(source.batch(9, first), mixture.sample(9, again))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA GPU on this machine")
def test_without_a_gpu_the_engine_is_refused():
    with pytest.raises(ValueError, match="engine = 'cuda_graph': there is no CUDA GPU"):
        Trainer(config_of(), engine="cuda_graph")
