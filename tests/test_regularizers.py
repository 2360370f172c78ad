"""Penalties on discriminators whose gradient is known, and their own gradients."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call

from gan_core.networks import DISCRIMINATORS
from gan_core.regularizers import REGULARIZERS

EVERY = pytest.mark.parametrize("name", REGULARIZERS.names())
PENALTIES = [
    cls.name
    for cls in REGULARIZERS
    if cls().penalty(lambda x: x.sum(1), torch.ones(2, 1), torch.ones(2, 1), torch.Generator())
    is not None
]
REAL, FAKE = torch.randn(2, 50, 3, dtype=torch.double, generator=torch.manual_seed(0))


def rng():
    return torch.Generator().manual_seed(5)


def linear(*w):
    w = torch.tensor(w, dtype=torch.double)
    return lambda x: x @ w


def square(x):
    """‖x‖², whose gradient is 2x."""
    return x.square().sum(1)


def penalty(spec, discriminator, real=REAL, fake=FAKE):
    made = REGULARIZERS.create(spec).penalty(discriminator, real, fake, rng())
    assert made.shape == (len(real),)
    return made.detach().numpy()


@pytest.mark.parametrize("norm", [0.3, 1.0, 2.5])
@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"name": "gradient_penalty", "strength": 7.0}, lambda norm: 7 * (norm - 1) ** 2),
        (
            {"name": "gradient_penalty", "strength": 7.0, "one_sided": True},
            lambda norm: 7 * max(norm - 1, 0) ** 2,
        ),
        ({"name": "dragan", "strength": 3.0}, lambda norm: 3 * (norm - 1) ** 2),
        (
            {"name": "dragan", "strength": 3.0, "one_sided": True},
            lambda norm: 3 * max(norm - 1, 0) ** 2,
        ),
        ({"name": "r1", "gamma": 0.8}, lambda norm: 0.4 * norm**2),
        ({"name": "r1_r2", "gamma": 0.8}, lambda norm: 0.8 * norm**2),
    ],
    ids=lambda v: "-".join(map(str, v.values())) if isinstance(v, dict) else "",
)
def test_linear_discriminator(spec, expected, norm):
    slope = norm * np.array([2, -3, 6]) / 7
    np.testing.assert_allclose(penalty(spec, linear(*slope)), expected(norm), atol=1e-12)


def test_quadratic_discriminator():
    real, fake = REAL.square().sum(1).numpy(), FAKE.square().sum(1).numpy()
    np.testing.assert_allclose(penalty({"name": "r1", "gamma": 0.8}, square), 0.4 * 4 * real)
    np.testing.assert_allclose(
        penalty({"name": "r1_r2", "gamma": 0.8}, square), 0.4 * 4 * (real + fake)
    )


def test_gradient_penalty_looks_between_real_and_generated():
    mix = torch.rand(50, 1, generator=rng())
    between = mix * REAL + (1 - mix) * FAKE
    expected = 10 * (2 * between.norm(dim=1) - 1) ** 2
    np.testing.assert_allclose(penalty("gradient_penalty", square), expected.numpy())


def test_dragan_looks_around_the_real_samples():
    spread = 1.5 * REAL.numpy().std() * torch.randn(50, 3, generator=rng())
    expected = 4 * (2 * (REAL + spread).norm(dim=1) - 1) ** 2
    spec = {"name": "dragan", "strength": 4.0, "spread": 1.5}
    np.testing.assert_allclose(penalty(spec, square), expected.numpy())
    np.testing.assert_array_equal(penalty(spec, square, fake=FAKE + 9), penalty(spec, square))


def test_dragan_looks_to_both_sides():
    """D(x) = x²/2 has the slope x: the mean penalty of N(x, s²) is (x − 1)² + s², by hand."""
    real = torch.tensor([[-1.0], [1.0]], dtype=torch.double).repeat(100_000, 1) + 20
    spec = {"name": "dragan", "strength": 1.0, "spread": 0.5}
    slopes = np.sqrt(penalty(spec, lambda x: x.square().sum(1) / 2, real, real)) + 1
    noise = slopes - real[:, 0].numpy()  # x²/2 has the slope x + noise there
    assert noise.mean() == pytest.approx(0.0, abs=5 * 0.5 / len(real) ** 0.5)
    assert noise.std() == pytest.approx(0.5, rel=0.01)
    expected = ((real - 1).square() + 0.25).mean().item()
    assert penalty(spec, lambda x: x.square().sum(1) / 2, real, real).mean() == pytest.approx(
        expected, rel=1e-3
    )


def test_gradient_of_a_picture_is_taken_over_all_its_pixels():
    pictures = torch.zeros(4, 1, 28, 28, dtype=torch.double)
    value = penalty("r1", lambda x: 3 * x.flatten(1).sum(1), pictures, pictures)
    np.testing.assert_allclose(value, 0.5 / 2 * 9 * 784)


@pytest.mark.parametrize("name", PENALTIES)
def test_derivative_with_respect_to_the_weights(name):
    network = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 1), nn.Flatten(0)).double()
    for i, parameter in enumerate(network.parameters()):
        nn.init.normal_(parameter, generator=torch.manual_seed(i))
    weights = {n: p.detach() for n, p in network.named_parameters()}
    regularizer = REGULARIZERS.create(name)

    def mean_penalty(at):
        critic = lambda x: functional_call(network, at, (x,))  # noqa: E731
        return regularizer.penalty(critic, REAL, FAKE, rng()).mean()

    at = {n: w.clone().requires_grad_() for n, w in weights.items()}
    gradients = torch.autograd.grad(
        mean_penalty(at), list(at.values()), allow_unused=True, materialize_grads=True
    )
    h = 1e-6
    for (n, w), gradient in zip(weights.items(), gradients, strict=True):
        way = torch.randn(w.shape, dtype=torch.double, generator=torch.manual_seed(9))
        ahead, behind = (mean_penalty(weights | {n: w + s * h * way}) for s in (1, -1))
        slope = ((ahead - behind) / (2 * h)).item()
        assert (gradient * way).sum().item() == pytest.approx(slope, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("name", PENALTIES)
def test_flat_discriminator_gives_no_nan(name):
    w = torch.zeros(3, dtype=torch.double, requires_grad=True)
    regularizer = REGULARIZERS.create(name)
    value = regularizer.penalty(lambda x: x @ w, REAL, FAKE, rng())
    expected = getattr(regularizer, "strength", 0.0)  # (0 − 1)², or 0²
    assert value.tolist() == [expected] * 50
    value.sum().backward()
    assert w.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", PENALTIES)
def test_batch_of_one_number(name):
    one = torch.ones(1, 1, dtype=torch.double)
    assert np.isfinite(penalty(name, square, one, one)).all()


def test_only_penalties_add_to_the_loss():
    assert set(REGULARIZERS.names()) - set(PENALTIES) == {"none", "weight_clipping"}


def test_weight_clipping():
    network = nn.Linear(2, 2)
    before = torch.tensor([[0.5, -0.2], [0.05, -3.0]])
    network.weight.data, network.bias.data = before.clone(), torch.tensor([0.1, -0.11])
    REGULARIZERS.create({"name": "weight_clipping", "limit": 0.1}).after_update(network)
    assert torch.equal(network.weight, torch.tensor([[0.1, -0.1], [0.05, -0.1]]))
    assert torch.equal(network.bias, torch.tensor([0.1, -0.1]))


@pytest.mark.parametrize("name", [*PENALTIES, "none"])
def test_nothing_else_touches_the_weights(name):
    network = nn.Linear(2, 2)
    before = [p.clone() for p in network.parameters()]
    REGULARIZERS.create(name).after_update(network)
    assert all(map(torch.equal, before, network.parameters()))


def variants():
    """Return every discriminator with each of its normalisations, on the shapes it reads."""
    for cls in DISCRIMINATORS:
        made = cls()
        field = cls.__dataclass_fields__.get("normalisation")
        choices = field.metadata["knob"].choices if field else [None]
        for shape in ((1,), (1, 28, 28)):
            try:
                made.check_shape(shape)
            except ValueError:
                continue
            for choice in choices:
                spec = {"name": cls.name} | ({"normalisation": choice} if choice else {})
                yield pytest.param(spec, shape, id=f"{cls.name}-{choice}-{len(shape)}d")


@EVERY
@pytest.mark.parametrize(("spec", "shape"), list(variants()))
def test_finite_on_every_network(name, spec, shape):
    small = {"width": 8} if "mlp" in spec["name"] else {"channels": 4}
    torch.manual_seed(0)
    network = DISCRIMINATORS.create(spec | small).build(shape, rng())
    real, fake = torch.rand(2, 6, *shape, generator=rng())
    regularizer = REGULARIZERS.create(name)
    value = regularizer.penalty(network, real, fake, rng())
    loss = network(real).mean() + (0 if value is None else value.mean())
    loss.backward()
    regularizer.after_update(network)
    assert math.isfinite(loss.item())
    assert all(p.grad.isfinite().all() and p.isfinite().all() for p in network.parameters())
