"""Picture metrics against numpy and scipy, and evaluations against generators that cheat."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import linalg, spatial, special, stats
from torch_fidelity.metric_prc import prc_features_to_metric

from gan_core import ExperimentConfig, Trainer
from gan_core.cli import headless
from gan_core.cli.evaluate import evaluate_run
from gan_core.evaluation import evaluate, probe_network
from gan_core.evaluation.evaluate import Evaluation
from gan_core.evaluation.metrics.batch import FeatureBatch
from gan_core.evaluation.metrics.images import IMAGE_METRICS
from gan_core.evaluation.metrics.kernel import KERNEL_SUBSETS
from gan_core.evaluation.nearest_neighbors import neighbor_slices
from gan_core.evaluation.one_dim import evaluate_1d
from gan_core.evaluation.probes import probe_slices
from gan_core.runtime.tasks import run_to_end
from tests.helpers.images import CPU, copying, evaluated, given

pytestmark = [pytest.mark.slow, pytest.mark.typed]

DCGAN = {
    "dataset": "mnist",
    "latent_dim": 8,
    "batch_size": 16,
    "architecture": {"generator": {"name": "dcgan", "channels": 4}, "discriminator": "cnn"},
}


def metric(name, real, fake):
    return IMAGE_METRICS[name]().measure(real, fake)


def batch(n, seed=0, shift=0.0, values=(10,), width=12):
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(width, width)) / 3
    features = rng.normal(size=(n, width)) @ mixing + shift
    logits = [3 * rng.normal(size=(n, k)) for k in values]
    population = np.stack([rng.integers(0, k, 400) for k in values], 1)
    return FeatureBatch(
        torch.from_numpy(features),
        tuple(map(torch.from_numpy, logits)),
        torch.from_numpy(population),
    )


PAIRS = [(batch(60), batch(60, 1, 0.3)), (batch(60), batch(45, 2, 0.1)), (batch(41), batch(60, 3))]


@pytest.mark.parametrize(("real", "fake"), PAIRS)
def test_frechet_against_scipy(real, fake):
    x, y = real.features.numpy(), fake.features.numpy()
    a, b = np.cov(x.T), np.cov(y.T)
    apart = ((x.mean(0) - y.mean(0)) ** 2).sum()
    expected = apart + np.trace(a + b - 2 * linalg.sqrtm(a @ b).real)
    assert metric("frechet", real, fake) == pytest.approx(expected, abs=1e-4)


def test_frechet_of_two_gaussians():
    n, d = 200_000, 4
    rng = np.random.default_rng(0)
    spread, other = np.array([1.0, 2.0, 0.5, 3.0]), np.array([2.0, 1.0, 0.5, 2.0])
    x = FeatureBatch(torch.from_numpy(rng.normal(size=(n, d)) * spread))
    y = FeatureBatch(torch.from_numpy(rng.normal(size=(n, d)) * other + [1.0, 0, 0, -2.0]))
    # Diagonal covariances: ‖μ₁ − μ₂‖² + Σ (σ₁ − σ₂)².
    assert metric("frechet", x, y) == pytest.approx(5 + 3, rel=0.02)


def mmd(x, y):
    """Unbiased squared MMD, by loops over pairs."""
    k = lambda a, b: (a @ b / len(a) + 1) ** 3  # noqa: E731
    n, m = len(x), len(y)
    xx = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    yy = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return xx + yy - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


def test_kernel_distance_of_whole_batches_against_loops():
    real, fake = batch(50), batch(50, 1, 0.3)
    expected = mmd(real.features.numpy(), fake.features.numpy())
    assert metric("kernel_distance", real, fake) == pytest.approx(expected, abs=1e-4)


def test_kernel_distance_over_subsets(monkeypatch):
    from gan_core.evaluation.metrics import kernel

    monkeypatch.setattr(kernel, "KERNEL_SUBSET_SIZE", 20)
    real, fake = batch(50), batch(60, 1, 0.3)
    expected = []
    for seed in range(KERNEL_SUBSETS):
        rng = np.random.RandomState(seed)
        y = fake.features.numpy()[rng.choice(60, 20, replace=False)]
        x = real.features.numpy()[rng.choice(50, 20, replace=False)]
        expected.append(mmd(x, y))
    assert metric("kernel_distance", real, fake) == pytest.approx(np.mean(expected), abs=1e-4)


def test_classifier_score_by_hand():
    real, fake = batch(60, values=(10, 4)), batch(60, 1, values=(10, 4))
    expected = []
    for logits in fake.logits:
        p = special.softmax(logits.numpy(), 1)
        expected.append(np.exp(np.mean([stats.entropy(row, p.mean(0)) for row in p])))
    assert metric("classifier_score", real, fake) == pytest.approx(np.mean(expected), abs=1e-4)
    sharp = FeatureBatch(torch.zeros(30, 2), (100 * torch.eye(10).repeat(3, 1),))
    assert metric("classifier_score", real, sharp) == pytest.approx(10)
    one = FeatureBatch(torch.zeros(30, 2), (100 * torch.eye(10)[:1].repeat(30, 1),))
    assert metric("classifier_score", real, one) == pytest.approx(1)


def radii(points, k):
    return [sorted(math.dist(p, q) for q in points)[k] for p in points]


@pytest.mark.parametrize(("real", "fake"), PAIRS)
def test_balls_against_loops(real, fake):
    x, y = real.features.tolist(), fake.features.tolist()

    def inside(points, centres, k):
        reach = radii(centres, k)
        balls = [list(zip(centres, reach, strict=True))] * len(points)
        return [[math.dist(p, c) <= r for c, r in b] for p, b in zip(points, balls, strict=True)]

    expected = {
        "precision": np.mean([any(row) for row in inside(y, x, 3)]),
        "recall": np.mean([any(row) for row in inside(x, y, 3)]),
        "density": np.sum(inside(y, x, 5)) / (5 * len(y)),
        "coverage": np.mean(np.any(inside(y, x, 5), axis=0)),
    }
    for name, value in expected.items():
        assert metric(name, real, fake) == pytest.approx(value, abs=1e-4), name
    theirs = prc_features_to_metric(fake.features, real.features, prc_neighborhood=3, verbose=False)
    assert metric("precision", real, fake) == pytest.approx(theirs["precision"], abs=1e-4)
    assert metric("recall", real, fake) == pytest.approx(theirs["recall"], abs=1e-4)


def test_blocks_do_not_matter(monkeypatch):
    from gan_core.evaluation.metrics import knn

    real, fake = PAIRS[0]
    names = ("precision", "recall", "density", "coverage")
    whole = [metric(name, real, fake) for name in names]
    monkeypatch.setattr(knn, "BLOCK", 7 * 60)
    assert [metric(name, real, fake) for name in names] == whole


def test_sure_by_hand():
    p = torch.tensor([[0.95, 0.05], [0.85, 0.15], [0.05, 0.95], [0.5, 0.5]])
    other = torch.tensor([[0.99, 0.01], [0.99, 0.01], [0.2, 0.8], [0.99, 0.01]])
    both = FeatureBatch(torch.zeros(4, 2), (p.log(), other.log()))
    assert metric("sure", both, both) == 0.25
    assert metric("sure", both, replace(both, logits=both.logits[:1])) == 0.5


def test_census_by_hand():
    known = torch.tensor([[0]] * 50 + [[1]] * 30 + [[2]] * 20)
    real = FeatureBatch(torch.zeros(1, 2), (torch.zeros(1, 4),), known)
    found = torch.tensor([0] * 6 + [1] * 2 + [3] * 2)
    fake = FeatureBatch(torch.zeros(10, 2), (torch.eye(4)[found],))
    # The value 3, which no real picture has, counts as one picture of 101.
    expected = 0.6 * math.log(0.6 / (50 / 101)) + 0.2 * math.log(0.2 / (30 / 101))
    expected += 0.2 * math.log(0.2 / (1 / 101))
    assert metric("census_kl", real, fake) == pytest.approx(expected, abs=1e-4)


def test_census_and_modes_of_several_factors_against_scipy():
    real, fake = batch(60, values=(3, 4)), batch(60, 1, values=(3, 4))
    found, known = fake.factors.numpy(), real.population.numpy()
    expected = sum(
        stats.entropy(np.bincount(found[:, i], minlength=k), np.bincount(known[:, i], minlength=k))
        for i, k in enumerate((3, 4))
    )
    assert metric("census_kl", real, fake) == pytest.approx(expected, abs=1e-4)
    tables = [np.histogram2d(*f.T, bins=(range(4), range(5)))[0].ravel() for f in (found, known)]
    assert metric("modes_kl", real, fake) == pytest.approx(stats.entropy(*tables), abs=1e-4)
    assert metric("modes", real, fake) == len({tuple(row) for row in found.tolist()})


def test_metrics_apply_where_they_make_sense():
    def names(values):
        return [cls.name for cls in IMAGE_METRICS if cls.applies(values)]

    geometric = ["frechet", "kernel_distance", "precision", "recall", "density", "coverage"]
    assert names(()) == [name for name in IMAGE_METRICS.names() if name in geometric]
    assert set(IMAGE_METRICS.names()) - set(names((10,))) == {"modes", "modes_kl"}
    assert names((10, 10, 10)) == IMAGE_METRICS.names()
    assert "modes" not in names((15, 10, 15, 10, 16))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
def test_small_batches_have_numbers_or_none(n):
    small = batch(n)
    for cls in IMAGE_METRICS:
        value = metric(cls.name, small, small)
        assert math.isnan(value) or math.isfinite(value)
    assert math.isnan(metric("precision", small, small)) == (n < 4)
    assert math.isnan(metric("coverage", small, small)) == (n < 6)
    assert math.isnan(metric("frechet", small, small)) == (n < 2)


@pytest.fixture
def quick(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_DATA", str(tmp_path))
    monkeypatch.setattr(probe_network, "STEPS", 8)
    monkeypatch.setattr(evaluate, "_references", evaluate.BoundedCache(2))


def test_an_evaluation_comes_in_many_slices_and_disturbs_nothing(quick):
    trainer, calm = (Trainer(ExperimentConfig.from_dict(DCGAN)) for _ in range(2))
    trainer.step(2)
    calm.step(2)
    before, everybodys = trainer.state_dict(), torch.random.get_rng_state()
    work = Evaluation(trainer.frozen_generator(), trainer.config.dataset, trainer.source, 300)
    slices = []
    for piece in work.slices():
        slices.append(piece)
        if len(slices) == 20:
            trainer.step()
            calm.step()
            before = trainer.state_dict()
    shares = [piece.fraction for piece in slices]
    assert len(slices) > 40
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1
    assert all(piece.message for piece in slices)
    assert work.quality.step == 2
    after = trainer.state_dict()
    assert torch.equal(everybodys, torch.random.get_rng_state())
    for name in before["generator"]:
        assert torch.equal(before["generator"][name], after["generator"][name])
    for name, state in before["rng"].items():
        assert torch.equal(state, after["rng"][name])
    trainer.step(3)
    calm.step(3)
    assert torch.equal(trainer.generate(trainer.fixed_z), calm.generate(calm.fixed_z))


def test_same_generator_same_numbers(quick):
    trainer = Trainer(ExperimentConfig.from_dict(DCGAN))
    trainer.step(2)
    first = Evaluation(
        trainer.frozen_generator(), trainer.config.dataset, trainer.source, 200
    ).run()
    second = Evaluation(
        trainer.frozen_generator(), trainer.config.dataset, trainer.source, 200
    ).run()
    assert first == second
    evaluate._references = evaluate.BoundedCache(2)
    assert (
        Evaluation(trainer.frozen_generator(), trainer.config.dataset, trainer.source, 200).run()
        == first
    )
    other = Evaluation(
        trainer.frozen_generator(), trainer.config.dataset, trainer.source, 200, seed=3
    ).run()
    assert other.values["frechet"] != first.values["frechet"]


def test_stopping_half_way_leaves_nothing(quick):
    trainer = Trainer(ExperimentConfig.from_dict(DCGAN))
    first = Evaluation(
        trainer.frozen_generator(), trainer.config.dataset, trainer.source, 200
    ).run()
    total = len(
        list(
            Evaluation(
                trainer.frozen_generator(), trainer.config.dataset, trainer.source, 200
            ).slices()
        )
    )
    for stop in range(1, total, 5):
        evaluate._references = evaluate.BoundedCache(2)
        work = Evaluation(trainer.frozen_generator(), trainer.config.dataset, trainer.source, 200)
        slices = work.slices()
        for _, _ in zip(range(stop), slices, strict=False):
            pass
        slices.close()
        assert work.quality is None
    assert (
        Evaluation(trainer.frozen_generator(), trainer.config.dataset, trainer.source, 200).run()
        == first
    )


@pytest.mark.parametrize("n", [2, 5, 9, 40])
@pytest.mark.parametrize("known", [True, False])
def test_few_pictures_get_a_note_and_do_not_crash(quick, n, known):
    images = torch.randint(256, (n, 3, 16, 16), dtype=torch.uint8)
    factors = torch.arange(n)[:, None] % 2 if known else None
    dataset = given(images, factors, {"kind": ("a", "b")} if known else None)
    quality = evaluated(copying(images, dataset), dataset)
    assert quality.samples == n // 2
    assert f"There are {n} pictures only" in quality.notes[0]
    assert ("Too few samples" in " ".join(quality.notes)) == (n // 2 < 6)
    assert "(random features)" in quality.values["frechet"].title
    assert "classifier features" not in json.dumps(quality.to_dict(), allow_nan=False)
    reason = f"{n} pictures are too few" if known else "it is not known what"
    assert reason in quality.probe
    found = run_to_end(
        neighbor_slices(
            images[:1], dataset.held, run_to_end(probe_slices(dataset, dataset.held, CPU))
        )
    )
    assert found.in_pixels.index[0, 0] == 0
    assert found.in_pixels.distances[0, 0] == 0


def test_neighbours_against_scipy(quick, digits):
    probe = run_to_end(probe_slices(ExperimentConfig.from_dict(DCGAN).dataset, digits, CPU))
    noise = torch.randint(0, 60, (4, 1, 28, 28), dtype=torch.uint8)
    pixels = digits.images[[5, 900, 1800, 4000]] // 2 + noise
    found = run_to_end(neighbor_slices(pixels, digits, probe, k=3))
    flat = digits.images.flatten(1).double().numpy()
    distances = spatial.distance.cdist(pixels.flatten(1).double().numpy(), flat) / 28
    assert found.in_pixels.index.tolist() == distances.argsort(1)[:, :3].tolist()
    assert found.in_pixels.distances.numpy() == pytest.approx(np.sort(distances)[:, :3], abs=1e-4)
    features = probe.read(digits.images).features.numpy()
    distances = spatial.distance.cdist(probe.read(pixels).features.numpy(), features)
    assert found.in_features.distances.numpy() == pytest.approx(np.sort(distances)[:, :3], abs=1e-4)
    rng = torch.Generator().manual_seed(2014)
    some = torch.randperm(5000, generator=rng)[:200]
    between = spatial.distance.cdist(flat[some], flat) / 28
    between[np.arange(200), some] = np.inf
    assert found.in_pixels.median_distance == pytest.approx(np.sort(between.min(1))[99], abs=1e-3)
    assert found.in_pixels.close_threshold == pytest.approx(
        np.quantile(between.min(1), 0.01), abs=1e-3
    )


def test_mirrored_pictures_are_compared_with_mirrored_ones(quick):
    images = torch.zeros(400, 1, 16, 16, dtype=torch.uint8)
    images[..., :8] = torch.randint(256, (400, 1, 16, 8), dtype=torch.uint8)
    plain, turning = given(images), given(images, flips=True)
    both = torch.cat([images, images.flip(3)])
    straight = evaluated(copying(both, plain), plain, 200).values["recall"]
    mirrored = evaluated(copying(both, turning), turning, 200).values["precision"]
    assert mirrored.value > 0.9 * mirrored.real_against_real
    assert straight.higher_is_better


def test_numbers_on_the_line_come_with_perfect_samplers():
    trainer = Trainer(ExperimentConfig())
    quality = evaluate_1d(trainer.frozen_generator(), trainer.config.dataset, 500)
    assert set(quality.values) == {"wasserstein_1", "kolmogorov_smirnov", "jensen_shannon"}
    for measured in quality.values.values():
        assert measured.value > measured.real_against_real > 0
        assert measured.samples == 500
        assert not measured.higher_is_better
    assert quality == evaluate_1d(trainer.frozen_generator(), trainer.config.dataset, 500)


def test_a_written_run_is_evaluated(quick, tmp_path):
    trainer = headless.train(ExperimentConfig.from_dict(DCGAN), 2, tmp_path / "run")
    quality = evaluate_run(tmp_path / "run", 100, "cpu")
    assert (
        quality
        == Evaluation(trainer.frozen_generator(), trainer.config.dataset, trainer.source, 100).run()
    )
    made = quality.to_dict()
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert made["step"] == 2
    for measured in quality.values.values():
        assert measured.title in quality.table()
    with pytest.raises(ValueError, match="is not the folder of a run"):
        evaluate_run(tmp_path, 100, "cpu")
