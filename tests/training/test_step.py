"""The trainer: its algorithm against a plain loop, and whatever must not disturb a run."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from gan_core import ExperimentConfig, Trainer
from gan_core.data import DATASETS
from gan_core.data.pixels import to_uint8
from gan_core.losses import LOSSES
from gan_core.priors import PRIORS
from gan_core.registry import knobs
from gan_core.regularizers import REGULARIZERS
from gan_core.training.monitoring.snapshot import STATISTICS
from tests.helpers.images import given
from tests.helpers.trainers import (
    EVERY_KIND,
    TINY,
    are_equal,
    assert_same,
    config_of,
    restore_trainer,
    weights,
)


@pytest.mark.parametrize(
    ("loss", "regularizer"), list(itertools.product(LOSSES.names(), REGULARIZERS.names()))
)
def test_every_loss_with_every_regularizer(loss, regularizer):
    trainer = restore_trainer(loss=loss, regularizer=regularizer)
    before = weights(trainer.generator), weights(trainer.discriminator)
    assert trainer.step(5) == 5
    snapshot = trainer.snapshot()
    assert trainer.failure is None
    assert set(snapshot.statistics) == set(STATISTICS)
    assert all(map(math.isfinite, snapshot.statistics.values()))
    has_penalty = regularizer not in ("none", "weight_clipping")
    assert (snapshot.statistics["penalty"] > 0) == has_penalty
    after = weights(trainer.generator), weights(trainer.discriminator)
    assert not are_equal(before[0], after[0])
    assert not are_equal(before[1], after[1])


@pytest.mark.parametrize("prior", PRIORS.names())
@pytest.mark.parametrize(
    "dataset", [c.name for c in DATASETS if c.kind_name == "one_dim" and "upload" not in knobs(c)]
)
def test_every_prior_with_every_target(prior, dataset):
    trainer = restore_trainer(prior=prior, dataset=dataset, latent_dim=2)
    trainer.step(2)
    snapshot = trainer.snapshot()
    assert all(map(math.isfinite, snapshot.statistics.values()))
    assert np.isfinite(snapshot.samples).all()


@EVERY_KIND
def test_halves_of_a_step_make_a_step(kind):
    whole, halves = restore_trainer(kind), restore_trainer(kind)
    whole.step(4)
    for _ in range(4):
        for _ in range(halves.config.n_critic):
            halves.step_discriminator()
        halves.step_generator()
    assert_same(whole.state_dict(), halves.state_dict())


@EVERY_KIND
def test_a_half_moves_one_network(kind):
    trainer = restore_trainer(kind)
    trainer.step(2)
    g, d = weights(trainer.generator), weights(trainer.discriminator)
    trainer.step_generator()
    assert are_equal(d, weights(trainer.discriminator))
    assert not are_equal(g, weights(trainer.generator))
    g = weights(trainer.generator)
    trainer.step_discriminator()
    assert are_equal(g, weights(trainer.generator))
    assert not are_equal(d, weights(trainer.discriminator))


def test_counts():
    trainer = restore_trainer(n_critic=3)
    assert trainer.step(4) == 4
    assert (trainer.step_count, trainer.updates_d, trainer.samples_seen) == (4, 12, 12 * 16)
    trainer.step_discriminator()
    assert (trainer.step_count, trainer.updates_d, trainer.samples_seen) == (4, 13, 13 * 16)
    trainer.step_generator()
    assert (trainer.step_count, trainer.updates_d, trainer.samples_seen) == (5, 13, 13 * 16)
    snapshot = trainer.snapshot()
    assert (snapshot.step, snapshot.updates_d, snapshot.samples_seen) == (5, 13, 13 * 16)
    assert snapshot.epoch is None
    assert snapshot.history["step"].tolist() == [1, 2, 3, 4, 5]


def test_epoch_counts_pictures():
    trainer = restore_trainer("pictures", batch_size=50)
    trainer.step(3)
    assert trainer.snapshot().epoch == pytest.approx(150 / 5000)


def test_step_stops_when_asked():
    trainer = restore_trainer()
    asked = iter([True, True, True, True, True, False])  # after D's update and after G's
    assert trainer.step(10, lambda: next(asked)) == 3
    assert trainer.step_count == 3
    assert trainer.step_fraction == 0
    assert trainer.step(0) == 0


class PlainLoop:
    """The algorithm by hand: networks of one hidden layer, plain gradient steps.

    G is judged on the noise that D has just seen, or on fresh noise.
    """

    def __init__(self, trainer):
        self.config = trainer.config
        self.rng = torch.Generator()
        self.rng.set_state(trainer.gan.rng["train"].get_state())
        self.g, self.d = (
            [p.detach().clone().requires_grad_() for p in network.parameters()]
            for network in (trainer.generator, trainer.discriminator)
        )

    @staticmethod
    def network(parameters, x):
        w1, b1, w2, b2 = parameters
        hidden = x @ w1.T + b1
        return torch.where(hidden > 0, hidden, 0.2 * hidden) @ w2.T + b2

    def score(self, x):
        return self.network(self.d, (x - 4.0) / 1.25)[:, 0]

    def real(self):
        return torch.empty(16, 1).normal_(4.0, 1.25, generator=self.rng)

    def noise(self):
        return torch.empty(16, 1).uniform_(-1, 1, generator=self.rng)

    def descend(self, loss, parameters, lr):
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= lr * gradient
        return math.sqrt(sum(float(g.square().sum()) for g in gradients))

    def penalty(self, real):
        """R1 with γ = 0.5 on what D sees."""
        seen = ((real - 4.0) / 1.25).requires_grad_()
        (slope,) = torch.autograd.grad(self.network(self.d, seen).sum(), seen, create_graph=True)
        return 0.25 * (slope**2).sum(1).mean()

    def step(self):
        for _ in range(self.config.n_critic):
            real, z = self.real(), self.noise()
            on_real, on_fake = self.score(real), self.score(self.network(self.g, z).detach())
            loss_d = self.loss_d(on_real, on_fake)
            penalty = self.penalty(real)
            norm_d = self.descend(loss_d + penalty, self.d, self.config.optimizer_d.lr)
        if self.config.fresh_noise:
            z = self.noise()
        loss_g = self.loss_g(self.network(self.g, z))
        norm_g = self.descend(loss_g, self.g, self.config.optimizer_g.lr)
        return {
            "loss_d": loss_d.item(),
            "penalty": penalty.item(),
            "loss_g": loss_g.item(),
            "grad_norm_d": norm_d,
            "grad_norm_g": norm_g,
        }


class PlainNonSaturating(PlainLoop):
    def loss_d(self, real, fake):
        return -(torch.sigmoid(real).log() + (1 - torch.sigmoid(fake)).log()).mean()

    def loss_g(self, fake):
        return -torch.sigmoid(self.score(fake)).log().mean()


class PlainRelativistic(PlainLoop):
    def loss_d(self, real, fake):
        return -torch.sigmoid(real - fake).log().mean()

    def loss_g(self, fake):
        real = self.real()
        return -torch.sigmoid(self.score(fake) - self.score(real)).log().mean()


@pytest.mark.parametrize(
    ("loss", "plain"),
    [("non_saturating", PlainNonSaturating), ("relativistic_pairing", PlainRelativistic)],
)
@pytest.mark.parametrize("fresh_noise", [False, True])
@pytest.mark.parametrize("n_critic", [1, 3])
def test_trainer_is_the_plain_loop(loss, plain, n_critic, fresh_noise):
    trainer = restore_trainer(
        loss=loss,
        n_critic=n_critic,
        fresh_noise=fresh_noise,
        optimizer_g={"name": "sgd", "lr": 0.05},
        optimizer_d={"name": "sgd", "lr": 0.1},
        ema_decay=0.0,
    )
    loop = plain(trainer)
    for _ in range(20):
        expected = loop.step()
        trainer.step()
        statistics = trainer.snapshot().statistics
        found = {name: statistics[name] for name in expected}
        assert found == pytest.approx(expected, rel=2e-4, abs=1e-6)
    torch.testing.assert_close(weights(trainer.generator), [p.detach() for p in loop.g])
    torch.testing.assert_close(weights(trainer.discriminator), [p.detach() for p in loop.d])


@pytest.mark.parametrize("loss", ["non_saturating", "wasserstein"])
def test_scores_of_a_step_by_hand(loss):
    trainer = restore_trainer(loss=loss)
    trainer.step(3)

    def d_of(x):
        logits = trainer.discriminator((x - 4.0) / 1.25)
        return (logits.sigmoid() if loss == "non_saturating" else logits).mean().item()

    rng = torch.Generator()
    rng.set_state(trainer.gan.rng["train"].get_state())
    d_real = d_of(torch.empty(16, 1).normal_(4.0, 1.25, generator=rng))
    z = torch.empty(16, 1).uniform_(-1, 1, generator=rng)
    trainer.step_discriminator()
    statistics = trainer.snapshot().statistics
    assert statistics["d_real"] == pytest.approx(d_real, rel=1e-5)

    before = d_of(trainer.generator(z))
    trainer.step_generator()
    after = d_of(trainer.generator(z))
    snapshot = trainer.snapshot()
    assert snapshot.statistics["d_fake_before"] == pytest.approx(before, rel=1e-5)
    assert snapshot.statistics["d_fake_after"] == pytest.approx(after, rel=1e-5)
    assert snapshot.history["d_fake_after"][-1] == pytest.approx(after, rel=1e-5)
    assert before != after


def test_average_of_the_generator_by_hand():
    trainer = restore_trainer(ema_decay=0.8)
    average = weights(trainer.generator)
    for t in range(1, 61):
        trainer.step()
        decay = min(0.8, (1 + t) / (10 + t))
        now = weights(trainer.generator)
        average = [decay * a + (1 - decay) * w for a, w in zip(average, now, strict=True)]
    w1, b1, w2, b2 = average
    hidden = trainer.fixed_z @ w1.T + b1
    expected = torch.where(hidden > 0, hidden, 0.2 * hidden) @ w2.T + b2
    torch.testing.assert_close(trainer.generate(trainer.fixed_z), expected)


def test_without_average_the_generator_itself_is_shown():
    trainer = restore_trainer(ema_decay=0.0)
    trainer.step(3)
    assert torch.equal(trainer.generate(trainer.fixed_z), trainer.generator(trainer.fixed_z))


def test_standardise():
    x = torch.tensor([[1.0], [5.0]])
    for standardise in ("none", "discriminator", "both"):
        trainer = restore_trainer(
            architecture=TINY["architecture"] | {"standardise": standardise}, ema_decay=0.0
        )
        seen = x if standardise == "none" else (x - 4.0) / 1.25
        torch.testing.assert_close(trainer.discriminate(x), trainer.discriminator(seen))
        made = trainer.generator(trainer.fixed_z)
        made = made * 1.25 + 4.0 if standardise == "both" else made
        torch.testing.assert_close(trainer.generate(trainer.fixed_z), made)


@EVERY_KIND
def test_snapshot(kind):
    trainer = restore_trainer(kind)
    trainer.step(3)
    snapshot = trainer.snapshot()
    assert {len(values) for values in snapshot.history.values()} == {3}
    if trainer.config.dataset.kind_name == "images":
        assert snapshot.samples.shape == (64, 1, 28, 28)
        assert snapshot.samples.dtype == np.uint8
        assert snapshot.density is None
        return
    assert snapshot.samples.shape == (10_000,)
    assert snapshot.moments["mean"] == pytest.approx(snapshot.samples.mean())
    line = snapshot.density
    law = trainer.config.dataset.distribution()
    np.testing.assert_allclose(line.p_real, law.pdf(line.x))
    inside = np.mean((snapshot.samples >= line.x[0]) & (snapshot.samples <= line.x[-1]))
    assert np.trapezoid(line.p_fake, line.x) == pytest.approx(inside, abs=0.03)
    assert line.outside == pytest.approx(1 - inside)
    points = torch.tensor(line.x, dtype=torch.float32).unsqueeze(1)
    logits = trainer.discriminate(points)
    d = logits.sigmoid() if trainer.config.loss.is_probabilistic else logits
    np.testing.assert_allclose(line.d, d.numpy(), rtol=1e-5, atol=1e-6)
    assert len(line.lines_z) == len(line.lines_x)
    first = trainer.fixed_z[:, 0]
    rows = [(first == z).nonzero()[0, 0].item() for z in torch.tensor(line.lines_z).float()]
    np.testing.assert_allclose(snapshot.samples[rows], line.lines_x)


def test_pixels_are_rounded_and_cut_off():
    row = torch.tensor([-1.0, 0.0, 1.0, 5.0, -5.0, math.nan, 0.5]).view(1, 1, 1, 7)
    assert to_uint8(row).ravel().tolist() == [0, 128, 255, 255, 0, 0, 191]


def test_unknown_device_gets_a_sentence():
    with pytest.raises(ValueError, match="device = 'tpu' is not one of auto, cpu, cuda"):
        Trainer(config_of(), device="tpu")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 7, 13])
def test_default_experiment_converges(seed):
    trainer = Trainer(ExperimentConfig.from_dict({"seed": seed}))
    std = trainer.config.dataset.std
    assert trainer.snapshot().metrics["wasserstein_1"] > 2 * std
    trainer.step(1500)
    assert trainer.snapshot().metrics["wasserstein_1"] < 0.08 * std


@EVERY_KIND
@pytest.mark.parametrize("n_critic", [1, 3])
def test_a_step_left_half_way_is_completed(kind, n_critic):
    whole, halved = (
        restore_trainer(kind, n_critic=n_critic),
        restore_trainer(kind, n_critic=n_critic),
    )
    whole.step(3)
    assert halved.step(2) == 2
    assert halved.step(5, should_continue=lambda: False) == 0
    assert (halved.step_count, halved.updates_d) == (2, 2 * n_critic + 1)
    assert halved.step_fraction == pytest.approx(1 / (n_critic + 1))
    again = restore_trainer(kind, n_critic=n_critic)
    again.load_state_dict(halved.state_dict())
    for trainer in (halved, again):
        assert trainer.step() == 1
        assert trainer.step_fraction == 0
        assert_same(trainer.state_dict(), whole.state_dict())


def test_the_class_that_is_asked_for_is_made():
    images = torch.tensor([20, 235], dtype=torch.uint8).repeat(100)[:, None, None, None]
    images = images.expand(200, 1, 4, 4).contiguous()
    dataset = given(images, torch.arange(200)[:, None] % 2, {"shade": ("dark", "light")})
    parts = config_of(latent_dim=4).architecture
    config = config_of(latent_dim=4, batch_size=32).replace(
        dataset=dataset, architecture=replace(parts, standardise="none", conditional=True)
    )
    trainer = Trainer(config)
    trainer.step(600)
    z = torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
    dark, light = (trainer.generate(z, torch.full((50,), label)) for label in (0, 1))
    assert dark.mean().item() == pytest.approx(20 / 127.5 - 1, abs=0.2)
    assert light.mean().item() == pytest.approx(235 / 127.5 - 1, abs=0.2)
    grid = trainer.snapshot().samples
    assert (grid[1::2].mean() - grid[::2].mean()) > 180
