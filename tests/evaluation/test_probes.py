"""Probes: how well they read pictures, and how they are kept."""

import pytest
import torch

from gan_core.data.mnist import bundled_digits
from gan_core.data.pixels import to_samples
from gan_core.evaluation import probe_network, probes
from gan_core.evaluation.probes import FactorProbe, RandomProbe, probe_path
from gan_core.runtime.tasks import run_to_end
from tests.helpers.images import (
    CPU,
    DIGITS,
    SHAPES,
    coloured_shapes,
    copying,
    given,
    probe_of,
)

pytestmark = [pytest.mark.slow, pytest.mark.typed]


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """A data folder of its own, and a training that is short."""
    monkeypatch.setenv("GAN_DATA", str(tmp_path))
    monkeypatch.setattr(probe_network, "STEPS", 12)
    return tmp_path


def test_a_trained_probe_is_kept_and_used_again(quick, monkeypatch):
    first = run_to_end(probes.classifier_slices(DIGITS, bundled_digits(), CPU))
    assert len(list((quick / "probes").iterdir())) == 1
    monkeypatch.setattr(probes, "train_slices", lambda *_: pytest.fail("it is trained again"))
    second = run_to_end(probes.classifier_slices(DIGITS, bundled_digits(), CPU))
    pixels = bundled_digits().images[::100]
    assert torch.equal(first.read(pixels).features, second.read(pixels).features)
    assert (first.accuracies, first.describe()) == (second.accuracies, second.describe())


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "other network"])
def test_a_damaged_file_is_replaced(quick, damage):
    digits = bundled_digits()
    first = run_to_end(probes.classifier_slices(DIGITS, digits, CPU))
    path = probe_path(first.key)
    whole = path.read_bytes()
    if damage == "other network":
        other = run_to_end(probes.classifier_slices(*few_digits(), CPU))
        path.write_bytes(probe_path(other.key).read_bytes())
    else:
        path.write_bytes({"cut": whole[:999], "noise": b"\xff" * 999, "empty": b""}[damage])
    again = run_to_end(probes.classifier_slices(DIGITS, digits, CPU))
    assert again.accuracies == first.accuracies
    assert path.read_bytes() == whole


def few_digits():
    digits = bundled_digits()
    two = digits.labels < 2
    held = given(digits.images[two], digits.factors[two]).held
    return {"digit": ("0", "1")}, held


def test_training_follows_from_its_seed_and_disturbs_nobody(quick):
    before = torch.random.get_rng_state()
    made = []
    for seed in (0, 1):
        for path in (quick / "probes").glob("*"):
            path.unlink()
        made.append(run_to_end(probes.classifier_slices(DIGITS, bundled_digits(), CPU, seed)))
    probe_path(made[0].key).unlink(missing_ok=True)
    made.append(run_to_end(probes.classifier_slices(DIGITS, bundled_digits(), CPU, 0)))
    assert torch.equal(before, torch.random.get_rng_state())
    weights = [probe.network.heads[0].weight for probe in made]
    assert torch.equal(weights[0], weights[2])
    assert not torch.equal(weights[0], weights[1])


def test_stopping_half_way_leaves_nothing(quick):
    work = probes.classifier_slices(DIGITS, bundled_digits(), CPU)
    shares = [next(work).fraction for _ in range(5)]
    work.close()
    assert shares == sorted(shares)
    assert not list(quick.rglob("*.safetensors"))


@pytest.mark.parametrize("names", [{}, {"folder": ("holiday",)}])
def test_unknown_pictures_get_random_features(quick, names):
    images = torch.randint(256, (300, 3, 32, 32), dtype=torch.uint8)
    factors = torch.zeros(300, 1, dtype=torch.long) if names else None
    dataset = given(images, factors, names)
    first, second = probe_of(dataset), probe_of(dataset)
    assert isinstance(first, RandomProbe)
    batch = first.read(images[:40])
    assert torch.equal(batch.features, second.read(images[:40]).features)
    assert batch.logits == ()
    assert batch.features.std(0).median() > 0
    assert "andomly initialised features" in first.describe()
    assert not list(quick.rglob("*.safetensors"))


def test_too_few_pictures_get_random_features(quick):
    digits = bundled_digits()
    few = given(digits.images[:100], digits.factors[:100], DIGITS)
    assert isinstance(probe_of(few), RandomProbe)
    assert "100 pictures are too few" in probe_of(few).describe()


def test_folders_that_can_be_seen_get_a_classifier_and_others_do_not(quick, monkeypatch):
    monkeypatch.setattr(probe_network, "STEPS", 150)
    shapes = coloured_shapes(400, 16)
    names = {"folder": SHAPES["colour"]}
    seen = probe_of(given(shapes.held.images, shapes.held.factors[:, 1:], names))
    assert isinstance(seen, FactorProbe)
    assert seen.accuracies["folder"] > 0.8
    assert "held-out" in seen.describe()
    rng = torch.Generator().manual_seed(1)
    by_chance = torch.randint(4, (400, 1), generator=rng)
    monkeypatch.setattr(probe_network, "STEPS", 20)
    unseen = probe_of(given(shapes.held.images, by_chance, names))
    assert isinstance(unseen, RandomProbe)
    assert "a classifier of the folder is right on" in unseen.describe()


def test_samples_are_read_as_real_pictures_are(quick):
    probe = run_to_end(probes.classifier_slices(DIGITS, bundled_digits(), CPU))
    assert isinstance(probe, FactorProbe)
    pixels = bundled_digits().images[::500]
    samples = copying(pixels).sample(50, torch.Generator().manual_seed(1))
    from gan_core.evaluation.evaluate import as_bytes

    assert set(map(bytes, as_bytes(samples).numpy())) <= set(map(bytes, pixels.numpy()))
    torch.testing.assert_close(
        probe.read(as_bytes(to_samples(pixels))).features, probe.read(pixels).features
    )


@pytest.mark.parametrize("side", [8, 16, 28, 32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_networks_for_every_size(side, channels):
    network = probe_network.ProbeNetwork((channels, side, side), (3, 5)).eval()
    features, logits = network(torch.zeros(2, channels, side, side))
    assert features.shape == (2, probe_network.FEATURES)
    assert [part.shape[1] for part in logits] == [3, 5]
