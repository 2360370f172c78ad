"""The trainer: its algorithm against a plain loop, and whatever must not disturb a run."""

import copy
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from gan_core import ExperimentConfig, Trainer
from gan_core.config import MUTABLE_FIELDS
from gan_core.data import DATASETS
from gan_core.data.pixels import to_uint8
from gan_core.losses import LOSSES
from gan_core.optimizers import OPTIMIZERS
from gan_core.priors import PRIORS
from gan_core.registry import knobs
from gan_core.regularizers import REGULARIZERS
from gan_core.training.monitoring.failures import MAX_ABS_VALUE
from gan_core.training.monitoring.snapshot import STATISTICS
from tests.probing import given

torch.set_num_threads(1)
TINY = {
    "architecture": {
        "generator": {"name": "mlp", "depth": 1, "width": 6},
        "discriminator": {"name": "mlp", "depth": 1, "width": 6},
    },
    "batch_size": 16,
}
NORMALISED = {
    "latent_dim": 3,
    "architecture": {
        "generator": {"name": "mlp", "width": 6, "normalisation": "batch"},
        "discriminator": {"name": "mlp", "width": 6, "normalisation": "spectral", "dropout": 0.3},
    },
    "regularizer": "gradient_penalty",
    "instance_noise": 0.2,
}
BATCH_NORM = {
    "latent_dim": 3,
    "architecture": {
        "generator": {"name": "mlp", "width": 6, "normalisation": "spectral"},
        "discriminator": {"name": "mlp", "width": 6, "normalisation": "batch"},
    },
    "loss": "relativistic_pairing",
    "n_critic": 2,
}
PICTURES = {
    "dataset": "mnist",
    "latent_dim": 4,
    "architecture": {
        "generator": {"name": "dcgan", "channels": 4},
        "discriminator": {"name": "cnn", "channels": 4},
    },
    "batch_size": 4,
}
CONDITIONAL = PICTURES | {
    "architecture": {
        "generator": {"name": "resnet", "channels": 4},
        "discriminator": {"name": "resnet", "channels": 4},
        "conditional": True,
    },
    "loss": "relativistic_pairing",
    "regularizer": "gradient_penalty",
}
KINDS = {
    "tiny": {},
    "normalised": NORMALISED,
    "batch norm": BATCH_NORM,
    "pictures": PICTURES,
    "conditional": CONDITIONAL,
}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def config_of(kind="tiny", **changes):
    return ExperimentConfig.from_dict(TINY | KINDS[kind] | changes)


def restore_trainer(kind="tiny", **changes):
    return Trainer(config_of(kind, **changes))


def assert_same(one, other, path="state"):
    """Compare two states bit for bit."""
    assert type(one) is type(other), path
    if isinstance(one, torch.Tensor):
        assert torch.equal(one.nan_to_num(-7), other.nan_to_num(-7)), path
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key in one:
            assert_same(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), path
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same(a, b, f"{path}[{i}]")
    else:
        assert one == other or (one != one and other != other), path


def weights(network):
    return [parameter.detach().clone() for parameter in network.parameters()]


def are_equal(some, others):
    return all(map(torch.equal, some, others))


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
    "dataset", [c.name for c in DATASETS if not c.pictures and "upload" not in knobs(c)]
)
def test_every_prior_with_every_target(prior, dataset):
    trainer = restore_trainer(prior=prior, dataset=dataset, latent_dim=2)
    trainer.step(2)
    snapshot = trainer.snapshot()
    assert all(map(math.isfinite, snapshot.statistics.values()))
    assert np.isfinite(snapshot.samples).all()


@EVERY_KIND
def test_same_seed_same_bits(kind):
    one, same, other = (restore_trainer(kind, seed=seed) for seed in (5, 5, 6))
    for trainer in (one, same, other):
        trainer.step(6)
    assert_same(one.state_dict(), same.state_dict())
    assert torch.equal(one.sample(4), same.sample(4))
    assert not are_equal(weights(one.generator), weights(other.generator))


@EVERY_KIND
def test_interleaved_runs_do_not_disturb_each_other(kind):
    alone = restore_trainer(kind)
    alone.step(6)
    one, other = restore_trainer(kind), restore_trainer("tiny", seed=9, optimizer_d="sgd")
    for _ in range(6):
        one.step()
        torch.rand(5)
        other.step()
        torch.manual_seed(3)
    assert_same(one.state_dict(), alone.state_dict())


@EVERY_KIND
def test_torchs_generator_is_left_alone(kind):
    before = torch.get_rng_state()
    trainer = restore_trainer(kind)
    trainer.step(3)
    trainer.snapshot()
    trainer.sample(5)
    trainer.real_samples(5)
    trainer.layers()
    assert torch.equal(torch.get_rng_state(), before)


@EVERY_KIND
def test_looking_does_not_change_the_run(kind):
    unseen, seen = restore_trainer(kind), restore_trainer(kind)
    unseen.step(6)
    for _ in range(6):
        seen.snapshot()
        seen.layers()
        seen.real_samples(3)
        seen.sample(7)
        labels = None if seen.fixed_labels is None else seen.fixed_labels[:2]
        seen.discriminate(seen.sample(2), labels)
        seen.step()
        seen.state_dict()
    one, other = unseen.state_dict(), seen.state_dict()
    for state in (one, other):  # what looking is about
        del state["metric_history"], state["rng"]["sample"]
    assert_same(one, other)


@EVERY_KIND
def test_what_is_recorded_does_not_change_the_run(kind):
    each, none = restore_trainer(kind), restore_trainer(kind)
    none.history.stride = 64
    for trainer in (each, none):
        trainer.step(6)
    one, other = each.state_dict(), none.state_dict()
    assert one["latest"].keys() - other["latest"].keys() == {"d_fake_after"}
    for state in (one, other):
        del state["history"], state["latest"]
    assert_same(one, other)


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


def test_step_stops_when_it_is_told_to():
    trainer = restore_trainer()
    asked = iter([True, True, True, True, True, False])  # after D's update and after G's
    assert trainer.step(10, lambda: next(asked)) == 3
    assert trainer.step_count == 3
    assert trainer.step_fraction == 0
    assert trainer.step(0) == 0


class PlainLoop:
    """The algorithm by hand: networks of one hidden layer, plain gradient steps.

    G is judged on the noise that D has just seen.
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
@pytest.mark.parametrize("n_critic", [1, 3])
def test_trainer_is_the_plain_loop(loss, plain, n_critic):
    trainer = restore_trainer(
        loss=loss,
        n_critic=n_critic,
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


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tiny", "normalised", "batch norm", "pictures"])
@pytest.mark.parametrize(
    "optimizer",
    [{"name": name} for name in OPTIMIZERS.names()] + [{"name": "sgd", "momentum": 0.9}],
    ids=lambda spec: "-".join(map(str, spec.values())),
)
def test_saved_and_loaded_run_goes_on_as_if_uninterrupted(kind, optimizer):
    optimizers = {"optimizer_g": optimizer | {"lr": 1e-3}, "optimizer_d": optimizer | {"lr": 1e-3}}
    uninterrupted = restore_trainer(kind, **optimizers)
    uninterrupted.step(7)
    state = uninterrupted.state_dict()
    saved = copy.deepcopy(state)
    uninterrupted.step(20)
    assert_same(state, saved)

    resumed = restore_trainer(kind, **optimizers)
    resumed.step(2)
    resumed.load_state_dict(state)
    assert_same(resumed.state_dict(), state)
    resumed.step(20)
    assert_same(resumed.state_dict(), uninterrupted.state_dict())


@EVERY_KIND
def test_run_saved_between_the_halves_of_a_step_goes_on_as_if_uninterrupted(kind):
    uninterrupted, resumed = restore_trainer(kind), restore_trainer(kind)
    uninterrupted.step(3)
    uninterrupted.step_discriminator()
    resumed.load_state_dict(uninterrupted.state_dict())
    for trainer in (uninterrupted, resumed):
        trainer.step_generator()
        trainer.step(3)
    assert_same(resumed.state_dict(), uninterrupted.state_dict())


def test_update_keeps_weights_moments_and_history():
    trainer = restore_trainer()
    trainer.step(5)
    before = trainer.state_dict()
    changes = {
        "loss": "hinge",
        "regularizer": {"name": "r1", "gamma": 2.0},
        "optimizer_g": {"name": "adam", "lr": 0.123, "beta1": 0.4, "beta2": 0.8},
        "batch_size": 8,
        "n_critic": 2,
        "ema_decay": 0.5,
        "instance_noise": 0.1,
        "precision": "bf16",
    }
    assert set(changes) == MUTABLE_FIELDS - {"optimizer_d"}
    trainer.update_config(config_of(**changes))
    after = trainer.state_dict()
    groups = [state["optimizer_g"].pop("param_groups") for state in (before, after)]
    assert [state.pop("changes") for state in (before, after)] == [[], [(5, "Hinge")]]
    assert_same(before, after)
    assert before["optimizer_g"]["state"][0]["exp_avg_sq"].any()
    assert groups[1][0]["lr"] == 0.123
    assert tuple(groups[1][0]["betas"]) == (0.4, 0.8)
    trainer.step(2)
    assert (trainer.updates_d, trainer.samples_seen) == (5 + 4, 5 * 16 + 4 * 8)


def test_updated_run_is_the_run_of_the_new_settings():
    """Two runs whose settings meet go on alike."""
    new = config_of(loss="hinge", n_critic=2, ema_decay=0.5, regularizer="dragan", batch_size=8)
    old = restore_trainer()
    old.step(3)
    fresh = Trainer(new)
    fresh.load_state_dict(old.state_dict())
    old.update_config(new)
    assert old.config_changes == [(3, "Hinge")]
    fresh.config_changes = list(old.config_changes)
    old.step(5)
    fresh.step(5)
    assert_same(old.state_dict(), fresh.state_dict())


def test_update_of_the_optimizers_kind_starts_its_moments_anew():
    trainer = restore_trainer()
    trainer.step(3)
    before = weights(trainer.generator)
    trainer.update_config(config_of(optimizer_g={"name": "rmsprop", "lr": 0.01}))
    assert are_equal(before, weights(trainer.generator))
    assert trainer.optimizer_g.state_dict()["state"] == {}
    assert trainer.optimizer_d.state_dict()["state"] != {}
    trainer.step()
    assert not are_equal(before, weights(trainer.generator))


@pytest.mark.parametrize("loss", LOSSES.names())
def test_settings_may_change_between_the_halves_of_a_step(loss):
    trainer = restore_trainer()
    trainer.step_discriminator()
    trainer.update_config(config_of(loss=loss, batch_size=8, instance_noise=0.1, ema_decay=0.5))
    trainer.step_generator()
    assert trainer.step(2) == 2
    assert trainer.samples_seen == 16 + 8 + 8
    assert all(map(math.isfinite, trainer.snapshot().statistics.values()))


def test_pairs_are_pairs_when_the_batch_changes_between_the_halves():
    """G is judged on 16 pairs, of which D, blind to x, can tell nothing: log 2 each."""
    trainer = restore_trainer(loss="relativistic_pairing")
    trainer.step_discriminator()
    trainer.update_config(config_of(loss="relativistic_pairing", batch_size=8))
    seen = []
    with torch.no_grad():
        for parameter in trainer.discriminator.parameters():
            parameter.zero_()
        trainer.discriminator.register_forward_hook(lambda _, x, y: seen.append(len(y)))
    trainer.step_generator()
    assert seen[0] == 2 * 16
    assert trainer.snapshot().statistics["loss_g"] == pytest.approx(math.log(2))


def test_average_can_be_switched_off_and_on():
    trainer = restore_trainer()
    trainer.step(3)

    def shows_generator_itself():
        return torch.equal(trainer.generate(trainer.fixed_z), trainer.generator(trainer.fixed_z))

    assert not shows_generator_itself()
    trainer.update_config(config_of(ema_decay=0.0))
    assert shows_generator_itself()
    trainer.step(3)
    trainer.update_config(config_of(ema_decay=0.9))
    assert shows_generator_itself()
    trainer.step(3)
    assert not shows_generator_itself()


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"latent_dim": 2},
        {"prior": "gaussian"},
        {"dataset": "uniform"},
        {"architecture": {"generator": {"name": "mlp", "width": 7}}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_update_refuses_what_needs_a_new_run(change):
    trainer = restore_trainer()
    trainer.step(2)
    before = trainer.state_dict()
    (name,) = change
    with pytest.raises(ValueError, match=f"^{name} cannot change during a run"):
        trainer.update_config(config_of(**change))
    assert_same(trainer.state_dict(), before)
    assert trainer.config == config_of()


WILD = {"optimizer_g": {"name": "sgd", "lr": 100.0}, "optimizer_d": {"name": "sgd", "lr": 100.0}}
CALM = {"optimizer_g": {"name": "sgd", "lr": 0.01}, "optimizer_d": {"name": "sgd", "lr": 0.01}}


def first_broken_step(trainer, most=200):
    """Return the first step with a statistic beyond all bounds, found by looking at each."""
    for _ in range(most):
        for _ in range(trainer.config.n_critic):
            trainer.step_discriminator()
        trainer.statistics._pending.clear()
        trainer.step_generator()
        latest = dict(trainer.statistics.latest)
        latest.pop("d_fake_after", None)
        if not all(v.abs() < MAX_ABS_VALUE for v in latest.values()):
            return trainer.step_count
    return None


@pytest.mark.parametrize("kind", ["tiny", "normalised"])
def test_divergence_goes_back_to_healthy_weights(kind):
    wild = config_of(kind, loss="least_squares", **WILD)
    trainer, watched = (restore_trainer(kind, loss="least_squares", **CALM) for _ in range(2))
    for t in (trainer, watched):
        t.step(40)
        t.update_config(wild)
    healthy = trainer.state_dict()
    taken = trainer.step(1000)

    assert taken < 1000
    assert trainer.failure.step == first_broken_step(watched)
    assert trainer.failure.healthy_step == trainer.step_count == 40
    assert f"At step {trainer.failure.step:,} " in trainer.failure.sentence()
    assert "those of step 40" in trainer.failure.sentence()
    assert_same(trainer.state_dict(), healthy)
    assert all(w.isfinite().all() for w in weights(trainer.generator))
    history = trainer.snapshot().history
    assert history["step"].tolist() == list(range(1, 41))

    trainer.update_config(config_of(kind, loss="least_squares", **CALM))
    assert trainer.step(30) == 30
    assert trainer.failure is None
    assert trainer.snapshot().history["step"][-1] == 70


def test_looking_at_a_run_that_diverged_shows_healthy_numbers():
    trainer = restore_trainer(loss="least_squares", **WILD)
    trainer.step(24)
    snapshot = trainer.snapshot()
    assert trainer.failure is not None
    assert snapshot.step == trainer.failure.healthy_step == 0
    assert np.isfinite(snapshot.samples).all()
    assert all(map(math.isfinite, snapshot.metrics.values()))


def test_divergence_after_loading_goes_back_to_what_was_loaded():
    settings = {"loss": "least_squares"}
    saved = restore_trainer(**settings, **CALM)
    saved.step(60)
    state = saved.state_dict()
    trainer = restore_trainer(**settings, **CALM)
    trainer.load_state_dict(state)
    assert trainer.step(10) == 10
    with torch.no_grad():
        next(trainer.discriminator.parameters()).fill_(math.nan)
    trainer.step(100)
    assert trainer.failure.step == 71
    assert_same(trainer.state_dict(), state)


def test_huge_samples_can_be_looked_at():
    trainer = restore_trainer(ema_decay=0.0)
    with torch.no_grad():
        for parameter in trainer.generator.parameters():
            parameter.mul_(1e6)
    snapshot = trainer.snapshot()
    assert snapshot.density.outside > 0.9
    assert np.isfinite(snapshot.density.p_fake).all()


@EVERY_KIND
def test_snapshot(kind):
    trainer = restore_trainer(kind)
    trainer.step(3)
    snapshot = trainer.snapshot()
    assert {len(values) for values in snapshot.history.values()} == {3}
    if trainer.config.dataset.pictures:
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


def test_momentum_switched_on_during_a_run_is_given_back_after_a_breakdown():
    calm = {"name": "sgd", "lr": 0.01, "momentum": 0.0}
    with_momentum = calm | {"momentum": 0.9}
    trainer = restore_trainer(optimizer_g=calm, optimizer_d=calm, loss="least_squares")
    trainer.step(30)
    wild = with_momentum | {"lr": 100.0}
    trainer.update_config(
        config_of(optimizer_g=wild, optimizer_d=wild, loss="least_squares"),
    )
    trainer.step(60)
    assert trainer.failure
    trainer.update_config(
        config_of(optimizer_g=with_momentum, optimizer_d=with_momentum, loss="least_squares")
    )
    assert trainer.step(60) == 60
    assert not trainer.failure
