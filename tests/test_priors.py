"""Noise priors against distributions written out here."""

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from gan_core.priors import PRIORS

N = 50_000
LAWS = [
    ({"name": "uniform", "half_width": 2.5}, stats.uniform(-2.5, 5.0)),
    ({"name": "gaussian", "std": 1.5}, stats.norm(0.0, 1.5)),
    ({"name": "exponential", "scale": 2.0}, stats.gamma(1.0, scale=2.0)),
    ({"name": "laplace", "scale": 1.5}, stats.gennorm(1.0, scale=1.5)),
    ({"name": "triangular", "half_width": 3.0}, stats.triang(0.5, -3.0, 6.0)),
    ({"name": "student_t", "df": 6.0}, stats.t(6.0)),
    ({"name": "student_t", "df": 1.0}, stats.cauchy()),
]
SPECS = ["-".join(map(str, spec.values())) for spec, _ in LAWS]
WITH_LAW = pytest.mark.parametrize(("spec", "law"), LAWS, ids=SPECS)
EVERY = pytest.mark.parametrize("name", PRIORS.names())


def rng(seed=7):
    return torch.Generator().manual_seed(seed)


def assert_follows(values, cdf):
    assert stats.kstest(values, cdf).pvalue > 0.01


@WITH_LAW
def test_every_coordinate_follows_the_law(spec, law):
    z = PRIORS.create(spec).sample(N, 3, rng()).numpy()
    assert z.shape == (N, 3)
    for coordinate in z.T:
        assert_follows(coordinate, law.cdf)


@WITH_LAW
def test_drawn_law_is_the_written_one(spec, law):
    drawn = PRIORS.create(spec).marginal(3)
    x = law.ppf(np.linspace(0.001, 0.999, 97))
    np.testing.assert_allclose(drawn.cdf(x), law.cdf(x), atol=1e-12)
    np.testing.assert_allclose(drawn.pdf(x), law.pdf(x), atol=1e-12)


@pytest.mark.parametrize(("spec", "law"), LAWS[:-1], ids=SPECS[:-1])
def test_moments(spec, law):
    z = PRIORS.create(spec).sample(N, 1, rng()).double().numpy().ravel()
    variance, kurtosis = law.var(), float(law.stats(moments="k"))
    assert z.mean() == pytest.approx(law.mean(), abs=4 * (variance / N) ** 0.5)
    assert z.var() == pytest.approx(variance, abs=4 * variance * ((kurtosis + 2) / N) ** 0.5)


@EVERY
@pytest.mark.parametrize("latent_dim", [1, 2, 16])
def test_samples_follow_the_drawn_law(name, latent_dim):
    prior = PRIORS.create(name)
    last = prior.sample(N, latent_dim, rng())[:, -1].double().numpy()
    atoms = prior.support(latent_dim)
    if atoms is None:
        assert_follows(last, prior.marginal(latent_dim).cdf)
        return
    assert sum(atoms.values()) == pytest.approx(1)
    assert set(np.unique(last)) == set(atoms)
    counts = [(last == value).sum() for value in atoms]
    assert stats.chisquare(counts, [N * p for p in atoms.values()]).pvalue > 0.01


@EVERY
def test_coordinates_are_independent(name):
    first, second = PRIORS.create(name).sample(N, 64, rng()).double().numpy()[:, [3, 40]].T
    if name == "sphere":  # uncorrelated, but the others know how long a vector may be
        assert stats.pearsonr(first, second).pvalue > 0.01
        return
    thirds = [np.digitize(v, np.quantile(v, [0.3, 0.6])) for v in (first, second)]
    cells = stats.contingency.crosstab(*thirds).count
    assert cells.size >= 4
    assert stats.chi2_contingency(cells).pvalue > 0.01


@EVERY
@pytest.mark.parametrize("latent_dim", [1, 512])
def test_draws_depend_on_the_generator_alone(name, latent_dim):
    prior = PRIORS.create(name)
    before = torch.get_rng_state()
    one, same = (prior.sample(9, latent_dim, rng(3)) for _ in range(2))
    other = prior.sample(9, latent_dim, rng(4))
    assert torch.equal(torch.get_rng_state(), before)
    assert one.shape == (9, latent_dim)
    assert one.dtype == torch.float32
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@EVERY
@pytest.mark.parametrize("latent_dim", [2, 5])
def test_drawn_density(name, latent_dim):
    prior = PRIORS.create(name)
    law = prior.marginal(latent_dim)
    if prior.support(latent_dim) is not None:
        assert sum(law.pmf(value) for value in prior.support(latent_dim)) == pytest.approx(1)
        return
    q = np.linspace(0.02, 0.98, 49)
    x = law.ppf(q)
    np.testing.assert_allclose(law.cdf(x), q, atol=1e-9)
    low, high = law.support()
    middle = law.ppf(0.5)
    mass = integrate.quad(law.pdf, low, middle)[0] + integrate.quad(law.pdf, middle, high)[0]
    assert mass == pytest.approx(1, abs=1e-6)
    h = 1e-6
    inner = x[np.abs(x - middle) > 1e-3]  # Laplace and triangular have a corner in the middle
    slope = (law.cdf(inner + h) - law.cdf(inner - h)) / (2 * h)
    np.testing.assert_allclose(law.pdf(inner), slope, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("p", [0.5, 0.2])
def test_bernoulli(p):
    prior = PRIORS.create({"name": "bernoulli", "p": p})
    assert prior.support(4) == {-1.0: 1 - p, 1.0: p}
    z = prior.sample(N, 2, rng()).numpy()
    assert set(np.unique(z)) == {-1.0, 1.0}
    assert (z == 1).mean(axis=0) == pytest.approx(p, abs=4 * (p * (1 - p) / N) ** 0.5)


@pytest.mark.parametrize("latent_dim", [1, 2, 3, 64])
def test_sphere(latent_dim):
    z = PRIORS.create({"name": "sphere", "radius": 2.0}).sample(N, latent_dim, rng()).double()
    radius = 2 * latent_dim**0.5
    torch.testing.assert_close(z.norm(dim=1), torch.full((N,), radius).double(), rtol=1e-5, atol=0)
    assert z.mean(0).abs().max() < 5 * (4 / N) ** 0.5
    if latent_dim > 1:
        # A squared coordinate of a point on the unit sphere is Beta(1/2, (d − 1)/2).
        share = (z[:, 0] / radius).square().numpy()
        assert_follows(share, stats.beta(0.5, (latent_dim - 1) / 2).cdf)


def test_sphere_on_a_line_has_two_points():
    prior = PRIORS.create({"name": "sphere", "radius": 3.0})
    assert prior.support(1) == {-3.0: 0.5, 3.0: 0.5}
    assert prior.support(2) is None
