"""The curves of a loss, the batch on them, and the slopes under which G learns."""

import numpy as np
import pytest
import torch

from gan_core.explain.loss_curves import gradient_of_g, loss_view, slope_of_g
from gan_core.explain.narration import latex_mean
from gan_core.losses import LOSSES
from gan_core.training.algorithm import generator_loss
from tests.helpers.experiments import LINE, restore_trainer

# The numbers behind chapter 2


@pytest.mark.parametrize("name", LOSSES.names())
def test_the_batch_lies_on_the_curves(name):
    loss = LOSSES.create(name)
    rng = torch.Generator().manual_seed(3)
    real, fake = (3 * torch.randn(40, generator=rng) for _ in range(2))
    view = loss_view(loss, real, fake)
    for logits, costs, curve in (
        (view.real, view.real_costs_d, view.d_of_real),
        (view.fake, view.fake_costs_d, view.d_of_fake),
        (view.fake, view.fake_costs_g, view.g),
    ):
        assert costs == pytest.approx(np.interp(logits, view.logit, curve), abs=0.02)
    assert view.logit[0] <= min(real.min(), fake.min()) <= view.logit[-1]
    step = view.logit[1] - view.logit[0]
    slope = np.gradient(view.g, step)
    assert view.slope_g[1:-1] == pytest.approx(slope[1:-1], abs=0.02)


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("minimax", lambda a: -1 / (1 + np.exp(-a))),
        ("non_saturating", lambda a: -1 / (1 + np.exp(a))),
        ("least_squares", lambda a: a - 1),
        ("wasserstein", lambda a: -np.ones_like(a)),
    ],
)
def test_slopes_by_hand(name, slope):
    logits = torch.linspace(-6, 6, 13, dtype=torch.float64)
    found = slope_of_g(LOSSES.create(name), logits, logits).numpy()
    assert found == pytest.approx(slope(logits.numpy()), abs=1e-12)


@pytest.mark.parametrize("name", ["minimax", "non_saturating", "hinge"])
def test_the_gradient_under_a_loss_is_that_of_a_run_with_it(name):
    trainer = restore_trainer({**LINE, "loss": "non_saturating"}, 15)
    gan = trainer.gan
    batch, loss = gan.peek_batch(), LOSSES.create(name)
    with gan.no_side_effects():
        (found,) = gradient_of_g(gan, batch, [loss])
    with gan.no_side_effects():
        gan.config = gan.config.replace(loss=loss)
        objective = generator_loss(gan, batch).total
    gradients = torch.autograd.grad(objective, list(trainer.generator.parameters()))
    square = sum(g.square().sum().item() for g in gradients)
    assert found > 0
    assert found == pytest.approx(square**0.5, rel=1e-5)


def test_a_mean_is_written_out():
    each = torch.tensor([1.0, -2.0, 4.0])
    assert latex_mean(each) == r"\frac{1.000 - 2.000 + \dots}{3} = 1.000"
    assert latex_mean(each[:2]) == r"\frac{1.000 - 2.000}{2} = -0.5000"
