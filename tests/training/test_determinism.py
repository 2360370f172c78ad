"""The same seed gives the same bits, whatever is looked at, saved or trained beside it."""

import copy

import pytest
import torch

from gan_core.optimizers import OPTIMIZERS
from tests.helpers.trainers import EVERY_KIND, are_equal, assert_same, restore_trainer, weights


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
    none.statistics.end_step = lambda step, batch, row: None
    for trainer in (each, none):
        trainer.step(6)
    one, other = each.state_dict(), none.state_dict()
    assert one["latest"].keys() - other["latest"].keys() == {"d_fake_after"}
    for state in (one, other):
        del state["history"], state["latest"]
    assert_same(one, other)


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
