"""How far a run is from its equilibrium: against closed forms, and without disturbing it."""

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import nn

from gan_core import ExperimentConfig, Trainer
from gan_core.data import DATASETS
from gan_core.explain.equilibrium import (
    SERIES,
    mean_gap,
    measure,
)
from gan_core.losses import LOSSES
from gan_core.training.algorithm import discriminator_loss
from gan_core.training.monitoring.density_view import PlotAxis
from gan_core.training.monitoring.history import History

pytestmark = [pytest.mark.slow, pytest.mark.typed]

TINY_D = {"name": "mlp", "depth": 1, "width": 8}
REAL, FAKE = stats.norm(4, 1.25), stats.norm(3, 1.5)


def restore_trainer(**changes):
    return Trainer(ExperimentConfig.from_dict(changes))


class Known(nn.Module):
    """A network whose output is a function that the test knows."""

    def __init__(self, form):
        super().__init__()
        self.form = form

    def forward(self, x):
        return self.form(x.double()).float()


def bells(loss, logit):
    """Return a run with p_r = N(4, 1.25²), p_g = N(3, 1.5²) and the given D of x."""
    trainer = restore_trainer(loss=loss, prior="gaussian", latent_dim=1)
    trainer.gan.generator = Known(lambda z: 1.5 * z + 3)
    trainer.gan.discriminator = Known(lambda seen: logit((seen * 1.25 + 4).squeeze(1)))
    return trainer


def log_ratio(x):
    return torch.as_tensor(REAL.logpdf(x) - FAKE.logpdf(x))


BEST = {
    "minimax": log_ratio,
    "non_saturating": log_ratio,
    "least_squares": lambda x: log_ratio(x).sigmoid(),
    "hinge": lambda x: log_ratio(x).sign(),
    "relativistic_pairing": lambda x: log_ratio(x) + 1.7,
}


@pytest.mark.parametrize("loss", BEST)
def test_the_exact_optimum_is_recognised(loss):
    found = measure(bells(loss, BEST[loss]))
    assert found.samples == 10_000
    tolerance = 4 * found.value_error + 0.005
    assert found.value == pytest.approx(found.best_value, abs=tolerance)
    rate = LOSSES.create(loss).divergence.slope
    assert found.implied == pytest.approx(found.true, abs=tolerance / rate)
    # The smoothed density of 10,000 samples is not quite G's; hinge's D* jumps where they cross.
    assert found.optimality_gap < (0.06 if loss in ("hinge", "relativistic_pairing") else 0.01)
    if loss == "minimax":
        js = integrate.quad(
            lambda x: sum(p * np.log(2 * p / (REAL.pdf(x) + FAKE.pdf(x))) for p in
                          (REAL.pdf(x), FAKE.pdf(x))) / 2, -8, 16)[0]  # fmt: skip
        assert found.true == pytest.approx(js, abs=0.003)
        assert found.value == pytest.approx(2 * js - np.log(4), abs=4 * found.value_error)


def test_a_blind_discriminator_implies_no_distance():
    found = measure(bells("minimax", lambda x: 0 * x))
    assert found.value == pytest.approx(-np.log(4), abs=1e-9)
    assert found.value == pytest.approx(found.equilibrium, abs=1e-9)
    assert found.implied == pytest.approx(0.0, abs=1e-9)
    expected = mean_gap(
        np.full(300, 0.5), 1 / (1 + np.exp(-log_ratio(found.curves.x).numpy())),
        REAL.pdf(found.curves.x) + FAKE.pdf(found.curves.x),
    )  # fmt: skip
    assert found.optimality_gap == pytest.approx(expected, abs=0.01)
    assert found.optimality_gap > 0.05


def test_wasserstein_counts_in_units_of_x():
    # The mean of N(4, 1.25²) is 1 above that of N(3, 1.25²), by which all has to be moved.
    trainer = bells("wasserstein", lambda x: x / 1.25)
    trainer.gan.generator = Known(lambda z: 1.25 * z + 3)
    found = measure(trainer)
    assert found.max_slope == pytest.approx(1.0, abs=1e-3)
    assert found.implied == pytest.approx(1.0, abs=4 * 1.25 * found.value_error)
    assert found.true == pytest.approx(1.0, abs=0.05)
    assert found.best_value == pytest.approx(found.true / 1.25)
    assert found.equilibrium == 0.0
    assert found.optimality_gap is None
    steep = bells("wasserstein", lambda x: 3 * x)
    assert measure(steep).max_slope == pytest.approx(3.75, rel=1e-3)


@pytest.mark.parametrize("dataset", ["normal", "normal_mixture", "uniform"])
def test_no_trained_discriminator_is_worth_more_than_the_best(dataset):
    trainer = restore_trainer(dataset=dataset, loss="minimax", regularizer="none", seed=3)
    axis, history = PlotAxis.around(trainer.config.dataset), History(list(SERIES))
    for _ in range(4):
        trainer.step(50)
        found = measure(trainer, axis=axis)
        # A smoothed density is a little easier or harder to tell apart than the samples are.
        assert found.value <= found.best_value + 4 * found.value_error + 0.01
        assert found.implied <= found.true + 2 * found.value_error + 0.005
        assert found.value == pytest.approx(-np.log(4) + 2 * found.implied)
        assert found.best_value == pytest.approx(-np.log(4) + 2 * found.true)
        history.add(trainer.step_count, found.row())
    np.testing.assert_array_equal(history.series()["step"], [50, 100, 150, 200])
    assert np.isfinite(history.series()["optimality_gap"]).all()


@pytest.mark.parametrize("name", [cls.name for cls in DATASETS if cls.name in (
    "exponential", "lognormal", "student_t")])  # fmt: skip
def test_value_is_that_of_fresh_batches(name):
    trainer = restore_trainer(dataset=name)
    trainer.step(60)
    found = measure(trainer)
    rng = torch.Generator().manual_seed(77)
    real = trainer.source.batch(20_000, rng)
    z = trainer.config.prior.sample(20_000, 1, rng, trainer.device)
    with torch.no_grad():
        logits = trainer.discriminate(real), trainer.discriminate(trainer.generator(z))
    value = -trainer.config.loss.discriminator(*logits).mean().item()
    assert found.value == pytest.approx(value, abs=4 * found.value_error)
    x, p_fake = found.curves.x, found.curves.p_fake
    mean = (x * p_fake).sum() / p_fake.sum()
    assert mean == pytest.approx(trainer.generator(z).mean().item(), abs=0.03 * trainer.gan.std)


PICTURE_RUN = {
    "dataset": "mnist",
    "latent_dim": 4,
    "batch_size": 4,
    "architecture": {
        "generator": {"name": "dcgan", "channels": 4},
        "discriminator": {"name": "dcgan", "channels": 4},
    },
}
RUNS = {
    "line": {"latent_dim": 2},
    "line, noisy D": {
        "architecture": {
            "generator": {"name": "mlp", "width": 6, "normalisation": "batch"},
            "discriminator": TINY_D | {"dropout": 0.3, "normalisation": "spectral"},
        },
        "instance_noise": 0.2,
    },
    "both standardised": {"architecture": {"standardise": "both"}, "loss": "relativistic_pairing"},
    "pictures": PICTURE_RUN,
    "told the class": PICTURE_RUN
    | {
        "architecture": {
            "generator": {"name": "cnn", "channels": 4},
            "discriminator": {"name": "cnn", "channels": 4, "normalisation": "spectral"},
            "conditional": True,
        }
    },
}


def tensors(state, path=""):
    """Yield every tensor in a nested state, with where it stands."""
    items = state.items() if isinstance(state, dict) else enumerate(state)
    for key, value in items:
        if isinstance(value, torch.Tensor):
            yield f"{path}.{key}", value
        elif isinstance(value, dict | list | tuple):
            yield from tensors(value, f"{path}.{key}")


@pytest.mark.parametrize("run", RUNS)
def test_measuring_disturbs_nothing(run):
    alone, watched = restore_trainer(**RUNS[run]), restore_trainer(**RUNS[run])
    for _ in range(2):
        n = 40 if alone.config.dataset.kind_name == "images" else 500
        first, again = measure(watched, n), measure(watched, n)
        assert first.row() == pytest.approx(again.row(), nan_ok=True, rel=1e-6)
        alone.step(1)
        watched.step_discriminator()
        measure(watched, n)
        watched.step_generator()
    states = (trainer.training_state() for trainer in (alone, watched))
    pairs = zip(*map(tensors, states), strict=True)
    for (path, one), (_, other) in pairs:
        assert torch.equal(one.nan_to_num(-7), other.nan_to_num(-7)), path
    assert watched.generator.training
    assert watched.discriminator.training


def test_pictures_have_a_value_and_no_density():
    # D without dropout and batch norm, so that one batch is like another.
    parts = {"generator": {"name": "mlp"}, "discriminator": {"name": "mlp", "width": 16}}
    trainer = restore_trainer(**PICTURE_RUN | {"architecture": parts, "batch_size": 64})
    trainer.step(10)
    found = measure(trainer)
    assert found.samples == 512
    assert found.best_value is found.true is found.optimality_gap is found.curves is None
    batches = [discriminator_loss(trainer.gan, trainer.gan.sample_batch()).loss for _ in range(20)]
    value = -torch.cat(batches).mean().item()
    assert found.value == pytest.approx(value, abs=5 * found.value_error)
    assert found.implied == pytest.approx((np.log(4) + found.value) / 2)
    assert np.isnan(found.row()["true"])
