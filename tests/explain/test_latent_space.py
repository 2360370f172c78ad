"""Ways through the latent space against their formulas."""

import math

import numpy as np
import pytest
import torch

from gan_core import ExperimentConfig, Trainer
from gan_core.explain.latent_space import (
    arithmetic,
    lerp,
    sheet,
    slerp,
    truncate,
    walk,
)
from gan_core.explain.numbered_samples import NumberedSamples
from gan_core.priors import PRIORS

GAUSSIAN, UNIFORM = PRIORS.create("gaussian"), PRIORS.create("uniform")
NORTH, EAST = torch.tensor([[0.0, 2.0]]), torch.tensor([[2.0, 0.0]])


def draw(n, latent=16, seed=0):
    return torch.randn(n, latent, generator=torch.Generator().manual_seed(seed))


def test_an_arc_of_a_right_angle():
    made = slerp(NORTH, EAST, torch.tensor([0.0, 1 / 3, 0.5, 1.0]))
    angles = [math.degrees(math.atan2(x, y)) for x, y in made.tolist()]
    assert angles == pytest.approx([0, 30, 45, 90], abs=1e-4)
    torch.testing.assert_close(made.norm(dim=1), torch.full((4,), 2.0))


@pytest.mark.parametrize("end", [NORTH, -NORTH])
def test_where_no_arc_is_defined_the_line_is_taken(end):
    share = torch.linspace(0, 1, 5)
    torch.testing.assert_close(slerp(NORTH, end, share), lerp(NORTH, end, share))


def test_a_walk_takes_the_path_that_suits_the_prior():
    start, end = draw(1, 256), draw(1, 256, seed=1)
    shortest = min(start.norm(), end.norm())
    arc, line = walk(GAUSSIAN, start, end, 9), walk(UNIFORM, start, end, 9)
    for path in (arc, line):
        torch.testing.assert_close(path[[0, -1]], torch.cat([start, end]), atol=1e-5, rtol=0)
    assert arc.norm(dim=1).min() > 0.98 * shortest
    assert line.norm(dim=1).min() < 0.8 * shortest
    torch.testing.assert_close(line[4], (start + end)[0] / 2)


@pytest.mark.parametrize("prior", [GAUSSIAN, UNIFORM])
def test_a_sheet_has_its_three_samples_at_its_corners(prior):
    corners = prior.sample(3, 16, torch.Generator().manual_seed(0))
    points = sheet(prior, corners, 5)
    assert points.shape == (25, 16)
    torch.testing.assert_close(points[[0, 4, 20]], corners)
    if prior is UNIFORM:
        torch.testing.assert_close(points[2 * 5 + 2], (corners[1] + corners[2]) / 2)
    else:
        lengths = corners.norm(dim=1)
        assert points.norm(dim=1).min() >= 0.7 * lengths.min()


def test_arithmetic():
    plus, minus, base = draw(3), draw(3, seed=1), draw(3, seed=2)
    plain = plus.mean(0) - minus.mean(0) + base.mean(0)
    torch.testing.assert_close(arithmetic(UNIFORM, plus, minus, base)[0], plain.clamp(-1, 1))
    assert plain.abs().max() > 1
    scaled = arithmetic(GAUSSIAN, plus, minus, base)[0]
    torch.testing.assert_close(scaled / scaled.norm(), plain / plain.norm())
    assert scaled.norm() == pytest.approx(base.norm(dim=1).mean().item())


def test_truncation_draws_towards_the_mean():
    z = draw(4).abs()
    torch.testing.assert_close(truncate(GAUSSIAN, z, 0.5), z / 2)
    exponential = PRIORS.create({"name": "exponential", "scale": 3.0})
    torch.testing.assert_close(truncate(exponential, z, 0.0), torch.full((4, 16), 3.0))
    torch.testing.assert_close(truncate(exponential, z, 1.0), z)


@pytest.mark.parametrize("df", [1.0, 1.5])
def test_truncation_of_a_prior_without_a_mean_draws_towards_its_median(df):
    cauchy = PRIORS.create({"name": "student_t", "df": df})
    z = cauchy.sample(50, 4, torch.Generator().manual_seed(0))
    torch.testing.assert_close(truncate(cauchy, z, 0.7), 0.7 * z)


BOUNDED = {
    "uniform": (-1.0, 1.0),
    "triangular": (-1.0, 1.0),
    "exponential": (0.0, math.inf),
    "bernoulli": (-1.0, 1.0),
}


@pytest.mark.parametrize("name", BOUNDED)
def test_no_way_leaves_the_bounds_of_the_prior(name):
    prior = PRIORS.create(name)
    z = prior.sample(60, 3, torch.Generator().manual_seed(1))
    ways = {
        "sheet": torch.cat([sheet(prior, z[i : i + 3], 8) for i in range(57)]),
        "walk": walk(prior, z[:1], z[1:2], 9),
        "sum": torch.cat([arithmetic(prior, *z[i : i + 3, None]) for i in range(57)]),
        "truncation": truncate(prior, z, 1.5),
    }
    for way, points in ways.items():
        assert points.amin() >= BOUNDED[name][0], way
        assert points.amax() <= BOUNDED[name][1], way


def test_a_sheet_that_would_leave_the_noise_stays_on_its_edge():
    corners = UNIFORM.sample(3, 2, torch.Generator().manual_seed(3))
    a, b, c = corners.double().numpy()
    share = np.linspace(0, 1, 8)
    plain = np.array([a + s * (b - a) + t * (c - a) for t in share for s in share])
    assert (np.abs(plain) > 1).any()
    np.testing.assert_allclose(sheet(UNIFORM, corners, 8), np.clip(plain, -1, 1), atol=1e-6)


@pytest.mark.parametrize("prior", PRIORS.names())
@pytest.mark.parametrize("latent", [1, 3])
def test_what_a_prior_draws_is_in_it(prior, latent):
    made = PRIORS.create(prior)
    z = made.sample(500, latent, torch.Generator().manual_seed(2))
    assert made.contains(z).all()
    assert torch.equal(made.clip(z), z)


@pytest.mark.parametrize(
    ("prior", "way", "edge", "outside"),
    [
        ("bernoulli", "walk", 0, 7),
        ("sphere", "walk", 0, 0),
        ("sphere", "truncate", 0, 64),
        ("gaussian", "truncate", 0, 0),
        ("uniform", "walk", 0, 0),
    ],
)
def test_points_that_are_no_noise_are_counted(prior, way, edge, outside):
    config = {"dataset": "mnist", "prior": prior, "latent_dim": 8, "batch_size": 4}
    small = {"name": "mlp", "width": 4}
    config |= {"architecture": {"generator": small, "discriminator": small}}
    samples = NumberedSamples(Trainer(ExperimentConfig.from_dict(config), engine="eager"))
    points = samples.walk(0, 1, 9) if way == "walk" else samples.truncate(0.5)
    assert (samples.num_on_edge(points), samples.num_outside(points)) == (edge, outside)
    longer = samples.truncate(1.5)
    expected = (samples.z.abs() > 1 / 1.5).any(1).sum() if prior == "uniform" else 0
    assert samples.num_on_edge(longer) == expected
