"""Ways through the latent space against their formulas."""

import math

import pytest
import torch

from gan_core.explain.latent_space import (
    arithmetic,
    lerp,
    sheet,
    slerp,
    truncate,
    walk,
)
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
    corners = draw(3)
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
    torch.testing.assert_close(arithmetic(UNIFORM, plus, minus, base)[0], plain)
    scaled = arithmetic(GAUSSIAN, plus, minus, base)[0]
    torch.testing.assert_close(scaled / scaled.norm(), plain / plain.norm())
    assert scaled.norm() == pytest.approx(base.norm(dim=1).mean().item())


def test_truncation_draws_towards_the_mean():
    z = draw(4)
    torch.testing.assert_close(truncate(GAUSSIAN, z, 0.5), z / 2)
    exponential = PRIORS.create({"name": "exponential", "scale": 3.0})
    torch.testing.assert_close(truncate(exponential, z, 0.0), torch.full((4, 16), 3.0))
    torch.testing.assert_close(truncate(exponential, z, 1.0), z)
