"""Targets on the line against distributions written out here, and the user's own column."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import integrate, stats

from gan_core import ExperimentConfig, Trainer
from gan_core.data import DATASETS
from gan_core.data.csv_column import MAX_VALUES, EmpiricalLaw, store_column
from gan_core.data.tables.table import read_table
from gan_core.runtime.files import load_values, store_values

N = 50_000


class WrittenMixture:
    """Σ wᵢ N(μᵢ, σ²)."""

    def __init__(self, centers, std, weights):
        self.parts = [(w, stats.norm(mu, std)) for w, mu in zip(weights, centers, strict=True)]

    def cdf(self, x):
        return sum(w * part.cdf(x) for w, part in self.parts)

    def pdf(self, x):
        return sum(w * part.pdf(x) for w, part in self.parts)


LAWS = [
    ({"name": "normal", "mean": -3.0, "std": 0.5}, stats.norm(-3.0, 0.5)),
    (
        {"name": "normal_mixture", "modes": 3, "spacing": 4.0, "std": 0.6},
        WrittenMixture([-4, 0, 4], 0.6, [1 / 3] * 3),
    ),
    (
        {
            "name": "normal_mixture",
            "modes": 2,
            "center": 1.0,
            "spacing": 3.0,
            "std": 0.5,
            "weights": "3, 1",
        },
        WrittenMixture([-0.5, 2.5], 0.5, [0.75, 0.25]),
    ),
    ({"name": "uniform", "low": -1.0, "width": 3.0}, stats.uniform(-1.0, 3.0)),
    ({"name": "exponential", "scale": 3.0}, stats.gamma(1.0, scale=3.0)),
    ({"name": "lognormal", "mu": 0.5, "sigma": 0.4}, stats.lognorm(0.4, scale=np.exp(0.5))),
    ({"name": "student_t", "df": 3.5, "loc": 2.0, "scale": 1.5}, stats.t(3.5, 2.0, 1.5)),
]
SPECS = ["-".join(map(str, spec.values())) for spec, _ in LAWS]
WITH_LAW = pytest.mark.parametrize(("spec", "written"), LAWS, ids=SPECS)
CONTINUOUS = pytest.mark.parametrize(
    "name",
    [cls.name for cls in DATASETS if cls.kind_name == "one_dim" and cls.name != "csv_column"],
)


def rng(seed=11):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_DATA", str(tmp_path))
    return tmp_path


@WITH_LAW
def test_samples_follow_the_law(spec, written):
    x = DATASETS.create(spec).sample(N, rng())
    assert x.shape == (N, 1)
    assert x.dtype == torch.float32
    assert stats.kstest(x.numpy().ravel(), written.cdf).pvalue > 0.01


@WITH_LAW
def test_law_is_the_written_one(spec, written):
    law = DATASETS.create(spec).distribution()
    x = np.linspace(*law.ppf(np.array([0.0005, 0.9995])), 203)
    np.testing.assert_allclose(law.pdf(x), written.pdf(x), atol=1e-12)
    np.testing.assert_allclose(law.cdf(x), written.cdf(x), atol=1e-12)


@WITH_LAW
def test_moments_by_integration(spec, written):
    target = DATASETS.create(spec)
    law = target.distribution()
    edges = law.ppf(np.array([1e-15, 0.01, 0.2, 0.4, 0.6, 0.8, 0.99]))

    def expected(f):
        pieces = [*edges, np.inf]
        return sum(
            integrate.quad(lambda x: f(x) * written.pdf(x), a, b, limit=200)[0]
            for a, b in pairwise(pieces)
        )

    mean = expected(lambda x: x)
    std = expected(lambda x: (x - mean) ** 2) ** 0.5
    moments = target.moments()
    assert (law.mean(), law.std()) == pytest.approx((mean, std), rel=1e-3, abs=1e-6)
    assert (moments["mean"], moments["std"]) == pytest.approx((mean, std), rel=1e-3, abs=1e-6)
    if spec["name"] != "student_t":  # its tail makes the third moment hard to integrate
        skew = expected(lambda x: ((x - mean) / std) ** 3)
        assert moments["skew"] == pytest.approx(skew, rel=1e-3, abs=1e-6)


def test_moment_that_does_not_exist_is_nan():
    assert math.isnan(DATASETS.create({"name": "student_t", "df": 2.5}).moments()["skew"])


@WITH_LAW
def test_density_distribution_function_and_quantiles_agree(spec, written):
    law = DATASETS.create(spec).distribution()
    q = np.linspace(0.01, 0.99, 99)
    x = np.asarray(law.ppf(q))
    np.testing.assert_allclose(law.cdf(x), q, atol=1e-8)
    h = 1e-6
    slope = (np.asarray(law.cdf(x + h)) - law.cdf(x - h)) / (2 * h)
    np.testing.assert_allclose(law.pdf(x), slope, rtol=1e-5, atol=1e-7)
    edges = law.ppf(np.array([1e-12, 0.2, 0.4, 0.6, 0.8, 1 - 1e-12]))
    mass = sum(
        integrate.quad(lambda x: law.pdf(np.array([x])).item(), a, b, limit=200)[0]
        for a, b in pairwise(edges)
    )
    assert mass == pytest.approx(1, abs=1e-6)


@CONTINUOUS
def test_batches_depend_on_the_generator_alone(name):
    source = DATASETS.create(name).open(torch.device("cpu"))
    before = torch.get_rng_state()
    one, same, other = source.batch(9, rng(3)), source.batch(9, rng(3)), source.batch(9, rng(4))
    assert torch.equal(torch.get_rng_state(), before)
    assert one.shape == (9, 1)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.mark.parametrize(
    "weights",
    [
        "1",
        "1, 2",
        "1, 2, 3, 4",
        "1, 0, 1",
        "1, -1, 1",
        "a, b, c",
        "1, nan, 1",
        "1, inf, 1",
        "1e308, 1e308, 1",
        "1; 1; 1",
        ",,",
    ],
)
def test_weights_that_fit_no_mixture(weights):
    with pytest.raises(ValueError, match="is not 3 positive numbers separated by commas"):
        DATASETS.create({"name": "normal_mixture", "modes": 3, "weights": weights})


def column_of(text):
    table = read_table(text if isinstance(text, bytes) else text.encode())
    dataset, note = store_column(table, table.columns[-1])
    return dataset.distribution().values.tolist(), note


@pytest.mark.parametrize(
    ("text", "values", "left_out"),
    [
        ("x,y\n1,2.5\n2,3.5\n", [2.5, 3.5], 0),
        ("1,2.5\n2,3.5\n", [2.5, 3.5], 0),
        ("2.5\n-3.5\n7\n", [-3.5, 2.5, 7.0], 0),
        ("height\n2.5\n3.5\n", [2.5, 3.5], 0),
        ("a;b\n1;2.5\n2;3.5\n", [2.5, 3.5], 0),
        ("a\tb\n1\t2.5\n2\t3.5\n", [2.5, 3.5], 0),
        ("a, b\n1, 2.5\n2, 3.5\n", [2.5, 3.5], 0),
        ("\ufeffa,b\n1,2.5\n2,3.5\n", [2.5, 3.5], 0),
        ("a,b\r\n1,2.5\r\n2,3.5\r\n", [2.5, 3.5], 0),
        ("a,b\n1,2.5\n2,much\n3,\n4,nan\n5,inf\n6,1e3\n", [2.5, 1000.0], 4),
    ],
)
def test_column_is_read(text, values, left_out):
    read, note = column_of(text)
    assert read == values
    assert note.startswith(f"{len(values)} numbers from column ")
    assert ("rows without a number left out" in note) == (left_out > 0)
    if left_out:
        assert f"; {left_out} rows" in note


def test_headers_are_kept_or_made_up():
    assert list(read_table(b"a,b\n1,2\n3,4\n").columns) == ["a", "b"]
    assert list(read_table(b"1,2\n3,4\n").columns) == ["column 1", "column 2"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "This file is empty"),
        (b" \n\n", "This file is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "This file is not text"),
        (b"a,b\n", "has a header but no rows"),
        (b"x\n1\n", "'x' has only one number"),
        (b"x\nred\nblue\n", "'x' has no numbers"),
        (b"x\nnan\ninf\n", "'x' has no numbers"),
        (b"x\n5\n5\n5\n", r"'x' is constant \(5\)"),
        (b"x\n1\n1e31\n", r"'x' has a number beyond ±1e\+30"),
        (b"x\n1000000000\n1000000001\n", "varies by less than a millionth of its mean"),
        (b"x\n1e-300\n-1e-300\n3e-300\n", "varies by less than 1e-30"),
        (b"1,2\n1,2,3,4\n", "cannot be read as a table"),
    ],
)
def test_column_that_cannot_be_a_target_gets_a_sentence(content, says):
    with pytest.raises(ValueError, match=says):
        column_of(content)


def test_column_that_is_not_there():
    with pytest.raises(ValueError, match="There is no column 'z'; there are a, b"):
        store_column(read_table(b"a,b\n1,2\n"), "z")


@pytest.mark.parametrize("values", [[1e30, -1e30, 5e29], [1e-29, -1e-29, 3e-29], [1e6, 1e6 + 8]])
def test_extreme_column_trains_on_finite_numbers(values):
    dataset, _ = store_column(pd.DataFrame({"x": values}), "x")
    config = ExperimentConfig.from_dict({"dataset": dataset.to_dict()})
    trainer = Trainer(config)
    trainer.step(30)
    assert trainer.failure is None
    assert trainer.step_count == 30


def test_two_million_rows_become_one_million():
    drawn = np.random.default_rng(1).normal(5.0, 2.0, 2_000_000).round(3)
    content = "\n".join(["value", *map(str, drawn.tolist())]).encode()
    dataset, note = store_column(read_table(content), "value")
    assert note == "2,000,000 numbers from column 'value'; 1,000,000 of them drawn at random."
    assert dataset.size == MAX_VALUES == 1_000_000
    assert dataset.distribution().mean() == pytest.approx(drawn.mean(), abs=4 * 2 / 1000)
    assert dataset.distribution().std() == pytest.approx(drawn.std(), rel=0.005)


@pytest.mark.parametrize(
    "upload",
    ["0" * 16, "../../etc/passwd", "../" * 20 + "etc/passwd", "/etc/passwd", "a\x00b", "é" * 5000],
)
def test_unknown_upload_gets_a_sentence(upload):
    with pytest.raises(ValueError, match="is not on this machine; upload the file again") as caught:
        DATASETS.create({"name": "csv_column", "upload": upload})
    assert len(str(caught.value)) < 350


def test_only_names_of_uploads_are_looked_up(folder):
    np.arange(3.0).tofile(folder / "secret.f64")
    with pytest.raises(ValueError, match="is not on this machine"):
        load_values("../secret")


def test_no_upload_yet():
    with pytest.raises(ValueError, match="choose a CSV file"):
        DATASETS.create("csv_column")


def test_upload_is_remembered_on_disk(folder):
    values = np.array([3.5, -1.25, 1e20])
    upload = store_values(values)
    assert load_values(upload).tolist() == values.tolist()
    assert [path.name for path in (folder / "uploads").iterdir()] == [f"{upload}.f64"]
    assert store_values(values) == upload
    assert store_values(values + 1) != upload


def test_empirical_law():
    law = EmpiricalLaw(np.array([3.0, 1.0, 2.0, 2.0]), bandwidth=1.0)
    np.testing.assert_array_equal(
        law.cdf(np.array([0.9, 1.0, 1.5, 2.0, 3.0])), [0, 0.25, 0.25, 0.75, 1]
    )
    np.testing.assert_array_equal(
        law.ppf(np.array([0.0, 0.25, 0.26, 0.75, 0.76, 1.0])), [1, 1, 2, 2, 3, 3]
    )
    assert (law.mean(), law.std()) == (2.0, 0.5**0.5)
    assert law.stats() == pytest.approx((2.0, 0.5, 0.0))


def test_empirical_density_is_a_kernel_estimate():
    values = np.random.default_rng(2).gamma(3.0, 2.0, 4000)
    law = EmpiricalLaw(values, bandwidth=1.5)
    quarter, three_quarters = np.quantile(values, [0.25, 0.75])
    width = 1.5 * 0.9 * min(values.std(), (three_quarters - quarter) / 1.34) * 4000**-0.2
    x = np.linspace(-5, 40, 901)
    kernels = stats.norm.pdf(x[:, None], values[None, :], width).mean(axis=1)
    np.testing.assert_allclose(law.pdf(x), kernels, atol=2e-3 * kernels.max())
    assert np.trapezoid(law.pdf(x), x) == pytest.approx(1, abs=1e-3)


def test_samples_of_a_column_are_its_values():
    values = np.random.default_rng(3).integers(0, 5, 300) / 10
    dataset, _ = store_column(pd.DataFrame({"x": values}), "x")
    drawn = dataset.sample(N, rng()).numpy().ravel()
    tenths = np.arange(5) / 10
    assert set(drawn) == set(tenths.astype(np.float32))
    counts = [(drawn == np.float32(v)).sum() for v in tenths]
    assert stats.chisquare(counts, [N * (values == v).mean() for v in tenths]).pvalue > 0.01
