"""The divergence that each loss measures, on grids, against scipy, for every target on the line."""

import numpy as np
import pytest
import torch
from numpy.polynomial import legendre
from scipy import integrate, stats
from scipy.spatial import distance

from gan_core import divergences
from gan_core.config import ExperimentConfig
from gan_core.data import DATASETS
from gan_core.losses import LOSSES
from gan_core.runtime.files import store_values
from gan_core.training.monitoring.density_view import (
    PlotAxis,
    axis_points,
    kde,
    optimal_logits,
)

pytestmark = [pytest.mark.slow, pytest.mark.typed]

POINTS = 900
LINE = [cls.name for cls in DATASETS if cls.kind_name == "one_dim"]
FAKES = {
    "the same": lambda law, far: None,
    "a wider bell beside it": lambda law, far: stats.norm(law.mean() + law.std(), 1.5 * law.std()),
    "a needle": lambda law, far: stats.norm(law.mean(), 0.2 * law.std()),
    "a Laplace": lambda law, far: stats.laplace(law.mean() - 0.5 * law.std(), law.std()),
    "a box apart": lambda law, far: stats.uniform(far, law.std()),
}
SPECS = [{"name": name} for name in LOSSES.names()] + [
    {"name": "minimax", "label_smoothing": 0.2},
    {"name": "non_saturating", "label_smoothing": 0.1},
    {"name": "least_squares", "label_smoothing": 0.2},
    {"name": "hinge", "margin": 0.4},
]
EVERY = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: "-".join(map(str, spec.values())))
EVERY_TARGET = pytest.mark.parametrize("target", LINE)
EVERY_FAKE = pytest.mark.parametrize("fake", FAKES)


def law_of(target):
    if target != "csv_column":
        return DATASETS.create(target).distribution()
    values = stats.gamma(3.0).ppf((np.arange(400) + 0.5) / 400)
    return DATASETS.create({"name": target, "upload": store_values(values)}).distribution()


def on_a_grid(target, fake, points=POINTS):
    """Return two densities on a grid, each of mass 1 there, and the grid."""
    law = law_of(target)
    low, high = (float(law.ppf(np.array([q]))[0]) for q in (1e-5, 1 - 1e-5))
    edge = 0.1 * law.std()
    far = high + 2 * law.std()
    x = np.linspace(low - 2 * law.std(), far + law.std() + edge, points)
    p = np.asarray(law.pdf(x), dtype=float) * (x <= high + edge)
    other = FAKES[fake](law, far)
    q = p if other is None else other.pdf(x)
    dx = x[1] - x[0]
    return p / p.sum() / dx, q / q.sum() / dx, x


def kantorovich(p, q):
    """Return D of slope ±1, in units of the grid's step, with the largest E_r D − E_g D."""
    ahead = np.cumsum(p - q)
    return np.cumsum(np.concatenate([[0.0], -np.sign(ahead)[:-1]]))


def best_logit(loss, p, q, x):
    if loss.name == "wasserstein":
        return kantorovich(p, q) * (x[1] - x[0])
    # Where one density is 0 the best logit is infinite; 500 is as good, and 0 · 500 is a number.
    return np.clip(np.nan_to_num(loss.optimal_logit(p, q, x), nan=0.0), -500, 500)


def expected(half, logit, p, q, dx):
    """Return the mean loss over all pairs of a real and a generated point of the grid.

    A paired loss needs the pairs; to all others they do no harm.
    """
    a, weight_a = logit[p != 0], p[p != 0] * dx
    b, weight_b = logit[q != 0], q[q != 0] * dx
    value = half(
        torch.as_tensor(np.repeat(a, len(b))), torch.as_tensor(np.tile(b, len(a)))
    ).reshape(len(a), len(b))
    return float(weight_a @ value.numpy() @ weight_b)


@EVERY_FAKE
@EVERY_TARGET
def test_least_loss_is_the_identity(target, fake):
    p, q, x = on_a_grid(target, fake)
    for spec in SPECS:
        loss = LOSSES.create(spec)
        measured = expected(loss.discriminator, best_logit(loss, p, q, x), p, q, x[1] - x[0])
        true = loss.divergence.true(p, q, x)
        assert measured == pytest.approx(loss.divergence.best_loss(true), abs=1e-6), spec
        assert loss.divergence.distance_from_loss(measured) == pytest.approx(true, abs=1e-4), spec
        if fake == "the same":
            assert true == pytest.approx(0.0, abs=1e-9), spec
        if fake == "a box apart" and loss.divergence.highest is not None:
            assert true == pytest.approx(loss.divergence.highest, abs=1e-6), spec


@EVERY
@EVERY_TARGET
def test_no_discriminator_does_better_than_the_best(spec, target):
    loss, draw = LOSSES.create(spec), np.random.default_rng(3)
    p, q, x = on_a_grid(target, "a wider bell beside it", 300)
    dx = x[1] - x[0]
    best = best_logit(loss, p, q, x)
    least = expected(loss.discriminator, best, p, q, dx)
    place = np.linspace(0, 1, len(best))
    for size in (0.02, 0.3, 2.0):
        wave = size * np.sin(draw.uniform(2, 20) * place + draw.uniform(0, 6))
        other = best + wave
        if loss.name == "wasserstein":
            other = np.cumsum(np.clip(np.gradient(other), -dx, dx))
        found = expected(loss.discriminator, other, p, q, dx)
        assert found > least + 1e-7
        assert loss.divergence.distance_from_loss(found) < loss.divergence.distance_from_loss(least)


INDEPENDENT = {
    "minimax": lambda p, q, x: distance.jensenshannon(without_dust(p), without_dust(q)) ** 2,
    "least_squares": lambda p, q, x: 2 - 4 * integrate.trapezoid(harmonic(p, q), x),
    "wasserstein": lambda p, q, x: stats.wasserstein_distance(x, x, p, q),
    "hinge": lambda p, q, x: 1 - integrate.trapezoid(np.minimum(p, q), x),
}


def without_dust(p):
    """Half of the smallest float is 0, which scipy then divides by."""
    return np.where(p < 1e-290, 0.0, p)


def harmonic(p, q):
    """Return p q / (p + q), and 0 where both are 0."""
    return np.divide(p * q, p + q, out=np.zeros_like(p), where=p + q > 0)


@EVERY_FAKE
@EVERY_TARGET
@pytest.mark.parametrize("name", INDEPENDENT)
def test_true_distance_agrees_with_scipy(name, target, fake):
    p, q, x = on_a_grid(target, fake, 20_000)
    measured = LOSSES.create(name).divergence.true(p, q, x)
    assert measured == pytest.approx(INDEPENDENT[name](p, q, x), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(("mean", "std"), [(0.7, 1.0), (1.5, 1.4), (-3.0, 0.8)])
def test_divergence_of_pairs_agrees_with_a_quadrature(mean, std):
    real, fake = stats.norm(0, 1), stats.norm(mean, std)
    nodes, weights = legendre.leggauss(240)
    nodes, weights = 12 * nodes, 12 * weights
    forward = np.outer(real.pdf(nodes), fake.pdf(nodes))
    # −log of the probability that the true order of a pair is called the true one.
    cost = np.log1p(forward.T / forward)
    value = np.log(2) - weights @ (forward * cost) @ weights
    x = np.linspace(-12, 12, 1_000)
    found = divergences.paired_jensen_shannon(real.pdf(x), fake.pdf(x), x)
    assert found == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("smoothing", [0.1, 0.3])
def test_skewed_divergence_is_the_information_of_a_label(smoothing):
    # JS with weights is the mutual information of x and of the label that D is taught.
    p, q, x = on_a_grid("normal", "a wider bell beside it")
    joint = np.stack([(1 - smoothing) * p, q + smoothing * p]) * (x[1] - x[0]) / 2
    apart = joint.sum(1, keepdims=True) * joint.sum(0)
    information = np.sum(joint[joint > 0] * np.log(joint[joint > 0] / apart[joint > 0]))
    found = divergences.smoothed_jensen_shannon(smoothing)(p, q, x)
    assert found == pytest.approx(information, rel=1e-9)


def test_what_lies_beyond_the_grid_counts():
    x = np.linspace(0, 1, 101)
    box, nothing = np.full(101, 1 / 1.01), np.zeros(101)
    assert divergences.jensen_shannon(box, nothing, x) == pytest.approx(np.log(2))
    assert divergences.total_variation(box, box / 2, x) == pytest.approx(0.5)
    assert divergences.triangular_discrimination(nothing, nothing, x) == 0.0
    assert np.isnan(divergences.wasserstein_1(box, nothing, x))


def kl(p, q):
    return np.sum(p * np.log(p / q))


def js(p, q, weight=0.5):
    middle = weight * p + (1 - weight) * q
    return weight * kl(p, middle) + (1 - weight) * kl(q, middle)


def paired_js(p, q):
    forward = np.outer(p, q)
    return js(forward, forward.T)


def mixed(p, q, s):
    return (q + s * p) / (1 + s)


def triangle(p, q):
    return np.sum((p - q) ** 2 / (p + q))


CLAIMS = {
    r"2\,\mathrm{JS}(p_r\Vert p_g)": lambda p, q, s: 2 * js(p, q),
    r"2\,\mathrm{JS}_\pi": lambda p, q, s: 2 * js(p, mixed(p, q, s), (1 - s) / 2),
    r"\mathrm{KL}(p_g\Vert p_r)-2\,\mathrm{JS}(p_r\Vert p_g)": lambda p, q, s: (
        kl(q, p) - 2 * js(p, q)
    ),
    r"(1+s)\,\mathrm{KL}(\tilde p\Vert p_r)-2\,\mathrm{JS}_\pi": lambda p, q, s: (
        (1 + s) * kl(mixed(p, q, s), p) - 2 * js(p, mixed(p, q, s), (1 - s) / 2)
    ),
    r"\mathrm{KL}\left(p_r\Vert\tfrac12(p_r+p_g)\right)-\tfrac18\Delta": lambda p, q, s: (
        kl(p, (p + q) / 2) - triangle(p, q) / 8
    ),
    r"(1-s)\,\mathrm{KL}\left(p_r\Vert\tfrac12(p_r+p_g)\right)-\tfrac18(1-s)^2\Delta": (
        lambda p, q, s: (1 - s) * kl(p, (p + q) / 2) - (1 - s) ** 2 * triangle(p, q) / 8
    ),
    "W_1(p_r,p_g)": lambda p, q, s: np.abs(np.cumsum(p - q)).sum(),
    r"2m\,\mathrm{TV}(p_r,p_g)": lambda p, q, s: np.abs(p - q).sum(),
    r"\mathrm{KL}(p_g\Vert p_r)-\mathrm{JS}_\otimes": lambda p, q, s: kl(q, p) - paired_js(p, q),
}


@EVERY
def test_gradient_of_g_is_that_of_what_it_is_said_to_descend(spec):
    """Move a little probability of G with D held at its best; compare with the claim's change."""
    loss, draw = LOSSES.create(spec), np.random.default_rng(5)
    smoothing = getattr(loss, "label_smoothing", 0.0)
    scale = getattr(loss, "margin", 1.0)
    x = np.linspace(-4, 6, 201)
    p, q = stats.norm(0, 1.5).pdf(x), stats.norm(1.3, 1.8).pdf(x)
    p, q = p / p.sum(), q / q.sum()
    logit = best_logit(loss, p, q, np.arange(len(x)) * 1.0)
    claim = CLAIMS[loss.divergence.generator_objective]
    for _ in range(3):
        move = q * draw.normal(size=len(x))
        move -= q * move.sum()
        change = expected(loss.generator, logit, p, move, 1.0)
        h = 1e-4
        claimed = claim(p, q + h * move, smoothing) - claim(p, q - h * move, smoothing)
        assert change == pytest.approx(scale * claimed / (2 * h), rel=1e-4, abs=1e-8)


@EVERY
def test_loss_at_the_equilibrium_implies_no_distance(spec):
    loss = LOSSES.create(spec)
    divergence = loss.divergence
    assert divergence.at_equilibrium == pytest.approx(loss.equilibrium()[0], abs=1e-12)
    assert divergence.distance_from_loss(loss.equilibrium()[0]) == pytest.approx(0.0, abs=1e-12)
    for scale in (0.3, 4.0):
        assert divergence.distance_from_loss(
            divergence.best_loss(0.3, scale), scale
        ) == pytest.approx(0.3)


def test_wasserstein_is_a_length():
    # A box moved by 3 units of x, seen by D in units of 2: the best score is x itself.
    divergence = LOSSES.create("wasserstein").divergence
    assert divergence.distance_from_loss(-1.5, scale=2.0) == pytest.approx(3.0)
    assert divergence.derivation(-1.5, 2.0).endswith("=3.000")
    assert LOSSES.create("hinge").divergence.distance_from_loss(1.0, scale=2.0) == pytest.approx(
        0.5
    )


@EVERY
def test_only_a_floating_loss_ignores_a_constant(spec):
    loss = LOSSES.create(spec)
    real, fake = torch.tensor([0.3, -1.0]).double(), torch.tensor([0.1, 2.0]).double()
    same = [
        torch.allclose(half(real, fake), half(real + 0.7, fake + 0.7))
        for half in (loss.discriminator, loss.generator)
    ]
    assert all(same) == loss.shift_invariant


@pytest.mark.parametrize("target", ["normal", "uniform", "exponential", "normal_mixture"])
def test_the_chart_s_own_grid_is_fine_enough(target):
    """With 10,000 samples of a known law smoothed on 300 points, as the page has them."""
    dataset = DATASETS.create(target)
    law = dataset.distribution()
    other = stats.norm(law.mean() + law.std(), 1.2 * law.std())
    samples = np.sort(other.rvs(10_000, random_state=np.random.default_rng(1)))
    axis = PlotAxis.around(dataset)
    axis.extend(samples)
    x = axis_points(axis)
    p, q = np.asarray(law.pdf(x), dtype=float), kde(samples, axis)
    fine = np.linspace(x[0] - 3 * law.std(), x[-1] + 3 * law.std(), 1_500)
    for spec in SPECS:
        divergence = LOSSES.create(spec).divergence
        found = divergence.true(p, q, x)
        exact = divergence.true(np.asarray(law.pdf(fine), dtype=float), other.pdf(fine), fine)
        assert found == pytest.approx(exact, rel=0.05), spec


def test_configs_know_what_their_loss_measures():
    config = ExperimentConfig.from_dict({"loss": {"name": "hinge", "margin": 0.5}})
    assert config.loss.divergence.slope == 1.0


@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_best_curve_of_a_floating_loss_lies_at_the_height_of_d(shift):
    loss = LOSSES.create("relativistic_pairing")
    x = np.linspace(-4, 5, 300)
    p, q = stats.norm(0, 1).pdf(x), stats.norm(1, 1).pdf(x)
    best = optimal_logits(loss, p, q, x, shift + 0.5 - x)  # log p/q = ½ − x
    np.testing.assert_allclose(best, shift + 0.5 - x, atol=1e-9)
    ended = optimal_logits(loss, p, np.where(x < 3, q, 0.0), x, shift + 0.5 - x)
    assert np.isnan(ended[x >= 3]).all()
    np.testing.assert_allclose(ended[x < 3], best[x < 3], atol=1e-9)
    nowhere = optimal_logits(loss, p, np.zeros_like(x), x, x)
    assert np.isnan(nowhere).all()
    anchored = LOSSES.create("minimax")
    kept = optimal_logits(anchored, p, q, x, x + 9)
    np.testing.assert_array_equal(kept, anchored.optimal_logit(p, q, x))
