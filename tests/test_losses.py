"""Losses against closed forms, finite differences and the theory of the 2014 paper."""

import math

import numpy as np
import pytest
import torch
from scipy import optimize, special, stats

from gan_core.data import DATASETS
from gan_core.losses import LOSSES

EVERY = pytest.mark.parametrize("name", LOSSES.names())


def cost(label, logit):
    """Return −log of the probability that the logit gives the label 1 or 0."""
    return np.logaddexp(0, -logit if label else logit)


def cross_entropy(real, fake, s=0.0):
    return (1 - s) * cost(1, real) + s * cost(0, real) + cost(0, fake)


CLOSED_FORMS = [
    ({"name": "minimax"}, cross_entropy, lambda real, fake: -cost(0, fake)),
    ({"name": "non_saturating"}, cross_entropy, lambda real, fake: cost(1, fake)),
    (
        {"name": "non_saturating", "label_smoothing": 0.25},
        lambda real, fake: cross_entropy(real, fake, 0.25),
        lambda real, fake: cost(1, fake),
    ),
    (
        {"name": "least_squares"},
        lambda real, fake: ((real - 1) ** 2 + fake**2) / 2,
        lambda real, fake: (fake - 1) ** 2 / 2,
    ),
    (
        {"name": "least_squares", "label_smoothing": 0.25},
        lambda real, fake: ((real - 0.75) ** 2 + fake**2) / 2,
        lambda real, fake: (fake - 1) ** 2 / 2,
    ),
    ({"name": "wasserstein"}, lambda real, fake: fake - real, lambda real, fake: -fake),
    (
        {"name": "hinge"},
        lambda real, fake: np.maximum(0, 1 - real) + np.maximum(0, 1 + fake),
        lambda real, fake: -fake,
    ),
    (
        {"name": "hinge", "margin": 0.5},
        lambda real, fake: np.maximum(0, 0.5 - real) + np.maximum(0, 0.5 + fake),
        lambda real, fake: -fake,
    ),
    (
        {"name": "relativistic_pairing"},
        lambda real, fake: cost(1, real - fake),
        lambda real, fake: cost(1, fake - real),
    ),
]
SPECS = ["-".join(map(str, spec.values())) for spec, *_ in CLOSED_FORMS]
WITH_FORM = pytest.mark.parametrize(("spec", "form_d", "form_g"), CLOSED_FORMS, ids=SPECS)


@WITH_FORM
@pytest.mark.parametrize("size", [0.1, 3.0, 1e4])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_values(spec, form_d, form_g, size, dtype):
    real, fake = size * np.random.default_rng(0).uniform(-1, 1, (2, 200))
    real[:4], fake[:4] = [size, size, -size, -size], [size, -size, size, -size]
    loss = LOSSES.create(spec)
    logits = torch.tensor(real, dtype=dtype), torch.tensor(fake, dtype=dtype)
    rtol, atol = (1e-12, 1e-14) if dtype == torch.float64 else (1e-4, 1e-5)
    for half, form in ((loss.discriminator, form_d), (loss.generator, form_g)):
        value = half(*logits)
        assert value.shape == (200,)
        np.testing.assert_allclose(value.double().numpy(), form(real, fake), rtol, atol)


@EVERY
@pytest.mark.parametrize("half", ["discriminator", "generator"])
def test_gradients(name, half):
    loss = LOSSES.create(name)
    logits = 2 * torch.randn(2, 20, dtype=torch.double, generator=torch.manual_seed(1))
    assert torch.autograd.gradcheck(
        lambda x: getattr(loss, half)(x[0], x[1]), logits.requires_grad_()
    )


@EVERY
@pytest.mark.parametrize("half", ["discriminator", "generator"])
def test_gradients_of_extreme_logits_are_finite(name, half):
    extremes = torch.tensor([-1e4, 0.0, 1e4])
    pairs = torch.cartesian_prod(extremes, extremes).T.clone().requires_grad_()
    getattr(LOSSES.create(name), half)(pairs[0], pairs[1]).sum().backward()
    assert pairs.grad.isfinite().all()


def test_generator_of_the_minimax_game_saturates_and_the_other_does_not():
    def slope(name):
        fake = torch.tensor([-10.0], requires_grad=True)
        LOSSES.create(name).generator(fake, fake).backward()
        return fake.grad.item()

    assert slope("minimax") == pytest.approx(-1 / (1 + math.exp(10)), rel=1e-5)
    assert slope("non_saturating") == pytest.approx(-1 / (1 + math.exp(-10)), rel=1e-5)


@EVERY
def test_column_against_row_is_refused_while_shapes_are_enforced(name, request):
    if not request.config.getoption("--jaxtyping-packages"):
        pytest.skip("Shapes are enforced by --jaxtyping-packages=gan_core,beartype.beartype.")
    loss = LOSSES.create(name)
    for half in (loss.discriminator, loss.generator):
        with pytest.raises(TypeError, match="Type-check error"):
            half(torch.zeros(4, 1), torch.zeros(4))


@EVERY
def test_only_a_paired_loss_shows_real_samples_to_the_generator(name):
    loss = LOSSES.create(name)
    fake = torch.tensor([0.3, -2.0])
    near, far = (loss.generator(torch.full((2,), c), fake) for c in (0.0, 5.0))
    assert torch.equal(near, far) != loss.relativistic


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"name": "minimax"}, (2 * math.log(2), -math.log(2))),
        ({"name": "non_saturating"}, (2 * math.log(2), math.log(2))),
        ({"name": "least_squares"}, (0.25, 0.125)),
        ({"name": "wasserstein"}, (0.0, 0.0)),
        ({"name": "hinge"}, (2.0, 0.0)),
        ({"name": "hinge", "margin": 0.5}, (1.0, 0.0)),
        ({"name": "relativistic_pairing"}, (math.log(2), math.log(2))),
    ],
    ids=str,
)
def test_equilibrium(spec, expected):
    assert LOSSES.create(spec).equilibrium() == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("smoothing", [0.1, 0.3])
def test_equilibrium_under_label_smoothing(smoothing):
    # D* = (1 − s)/2 where the distributions agree, so the loss is the entropy of that coin, twice.
    p = (1 - smoothing) / 2
    entropy = -p * math.log(p) - (1 - p) * math.log(1 - p)
    for name, generator in (("minimax", math.log(1 - p)), ("non_saturating", -math.log(p))):
        loss = LOSSES.create({"name": name, "label_smoothing": smoothing})
        assert special.expit(loss.equilibrium_logit) == pytest.approx(p)
        assert loss.equilibrium() == pytest.approx((2 * entropy, generator))
    squares = LOSSES.create({"name": "least_squares", "label_smoothing": smoothing})
    assert squares.equilibrium_logit == pytest.approx(p)
    assert squares.equilibrium() == pytest.approx((p**2, (p - 1) ** 2 / 2))


def expected_loss(loss, p_real, p_fake):
    """Return logit → p_real · f(logit) + p_fake · g(logit), for a loss f(real) + g(fake).

    A paired loss is no such sum; tests/test_divergences.py has it.
    """

    def both(real, fake):
        real, fake = torch.tensor([[real], [fake]], dtype=torch.double)
        return loss.discriminator(real, fake).item()

    rest = both(0.0, 0.0) / 2
    return lambda t: p_real * (both(t, 0.0) - rest) + p_fake * (both(0.0, t) - rest)


OPTIMAL = [
    {"name": cls.name, **knobs}
    for cls in LOSSES
    if not cls.relativistic and cls().optimal_logit(np.ones(1), np.ones(1), np.zeros(1)) is not None
    for knobs in (
        [{}, {"label_smoothing": 0.1}, {"label_smoothing": 0.3}]
        if hasattr(cls(), "label_smoothing")
        else [{}, {"margin": 0.5}]
    )
]


@pytest.mark.parametrize("spec", OPTIMAL, ids=str)
def test_optimal_logit_minimises_the_expected_loss(spec):
    loss = LOSSES.create(spec)
    densities = (0.02, 0.3, 1.0, 2.5)
    for p_real in densities:
        for p_fake in densities:
            value = expected_loss(loss, p_real, p_fake)
            best = optimize.minimize_scalar(value, bounds=(-12, 12), options={"xatol": 1e-9})
            at = loss.optimal_logit(np.array([p_real]), np.array([p_fake]), np.zeros(1)).item()
            assert value(at) == pytest.approx(best.fun, rel=1e-7)
            if spec["name"] != "hinge" or p_real != p_fake:  # else any logit up to the margin
                assert at == pytest.approx(best.x, abs=1e-4)


@pytest.mark.parametrize("spec", OPTIMAL, ids=str)
def test_optimal_logit_at_the_ends_of_the_supports(spec):
    loss = LOSSES.create(spec)
    real, fake = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    only_real, only_fake, nowhere = loss.optimal_logit(real, fake, np.zeros(3))
    assert only_real > only_fake
    assert math.isnan(nowhere)


def test_a_loss_without_a_closed_form_says_so():
    given = np.ones(1), np.ones(1), np.zeros(1)
    assert LOSSES.create("wasserstein").optimal_logit(*given) is None


LINE_TARGETS = [cls for cls in DATASETS if cls.kind_name == "one_dim" and cls.name != "csv_column"]
PAIRS = [
    *(
        pytest.param(law, stats.norm(law.mean() + 0.7 * law.std(), 1.3 * law.std()), id=cls.name)
        for cls in LINE_TARGETS
        for law in [cls().distribution()]
    ),
    pytest.param(stats.norm(0, 1), stats.norm(0, 1), id="the same"),
    pytest.param(stats.uniform(0, 2), stats.uniform(1, 2), id="half overlapping"),
    pytest.param(stats.uniform(0, 1), stats.uniform(2, 1), id="apart"),
    pytest.param(stats.norm(4, 1.25), stats.laplace(0, 0.5), id="normal and Laplace"),
]
JS_BY_HAND = {"the same": 0.0, "half overlapping": math.log(2) / 2, "apart": math.log(2)}


@pytest.mark.parametrize(("real", "fake"), PAIRS)
@pytest.mark.parametrize("name", ["minimax", "non_saturating"])
def test_value_of_the_game_is_the_jensen_shannon_divergence(name, real, fake, request):
    spread = np.ravel([law.ppf(np.array([1e-7, 1 - 1e-7])) for law in (real, fake)])
    edges = np.linspace(min(spread) - 1, max(spread) + 1, 400_001)
    x = (edges[1:] + edges[:-1]) / 2
    dx = edges[1] - edges[0]
    p, q = np.asarray(real.pdf(x)), fake.pdf(x)
    somewhere = p + q > 0

    logit = LOSSES.create(name).optimal_logit(p, q, x)
    d = special.expit(logit)
    best = p[somewhere] / (p + q)[somewhere]
    np.testing.assert_allclose(d[somewhere], best, rtol=1e-9, atol=1e-300)
    assert np.isnan(d[~somewhere]).all()

    on_real, on_fake = p[p > 0] * cost(1, logit[p > 0]), q[q > 0] * cost(0, logit[q > 0])
    value = -(on_real.sum() + on_fake.sum()) * dx
    middle = (p + q) / 2
    js = (special.rel_entr(p, middle) + special.rel_entr(q, middle)).sum() * dx / 2
    # Up to the cells of the grid in which a density jumps.
    assert value == pytest.approx(-math.log(4) + 2 * js, abs=5e-5)
    by_hand = JS_BY_HAND.get(request.node.callspec.id.removeprefix(f"{name}-"))
    if by_hand is not None:
        assert value == pytest.approx(-math.log(4) + 2 * by_hand, abs=1e-4)
