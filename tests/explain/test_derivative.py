"""Gradients looked at: three ways to one derivative, norms against plain autograd, no trace."""

import copy
import itertools

import numpy as np
import pytest
import torch
from scipy.special import expit
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrize import ParametrizationList

from gan_core import ExperimentConfig, Trainer
from gan_core.explain.derivative import derivative
from gan_core.explain.layer_gradients import layer_gradients
from gan_core.explain.replay_gan import NETWORKS, ReplayGAN
from gan_core.explain.sample_gradients import sample_gradient
from gan_core.losses import LOSSES
from gan_core.networks import DISCRIMINATORS, GENERATORS
from gan_core.networks.base import leaf_layers

pytestmark = [pytest.mark.slow, pytest.mark.typed]

SMALL = {
    ("generator", "mlp"): {"width": 6},
    ("generator", "dcgan"): {"channels": 4},
    ("generator", "cnn"): {"channels": 4},
    ("generator", "resnet"): {"channels": 4},
    ("discriminator", "mlp"): {"width": 6},
    ("discriminator", "maxout_mlp"): {"width": 6, "pieces": 3, "init_range": 0.5},
    ("discriminator", "dcgan"): {"channels": 4},
    ("discriminator", "cnn"): {"channels": 4},
    ("discriminator", "resnet"): {"channels": 4},
}
PICTURES = {"dataset": "mnist", "latent_dim": 3, "batch_size": 3, "regularizer": "none"}
LINE = {"latent_dim": 2, "batch_size": 7, "regularizer": "none"}


def parts(generator, discriminator, g=None, d=None, **more):
    return {
        "architecture": {
            "generator": {"name": generator, **SMALL["generator", generator], **(g or {})},
            "discriminator": {
                "name": discriminator,
                **SMALL["discriminator", discriminator],
                **(d or {}),
            },
        }
        | more
    }


RUNS = {
    "line": LINE | parts("mlp", "mlp"),
    "line, maxout": LINE | parts("mlp", "maxout_mlp", standardise="both"),
    "line, batch norm": LINE
    | parts("mlp", "mlp", {"normalisation": "batch"}, {"normalisation": "batch"}),
    "line, layer and spectral norm, dropout, blur": LINE
    | parts(
        "mlp",
        "mlp",
        {"normalisation": "layer", "activation": "silu"},
        {"normalisation": "spectral", "dropout": 0.3, "activation": "elu"},
    )
    | {"instance_noise": 0.3},
    "MLP, maxout": PICTURES | parts("mlp", "maxout_mlp"),
    "MLP": PICTURES | parts("mlp", "mlp", d={"dropout": 0.2}),
    "DCGAN": PICTURES | parts("dcgan", "dcgan"),
    "CNN": PICTURES | parts("cnn", "cnn", d={"normalisation": "spectral"}),
    "ResNet": PICTURES | parts("resnet", "resnet"),
    "DCGAN, told the class": PICTURES | parts("dcgan", "dcgan", conditional=True),
    "ResNet, told the class": PICTURES | parts("resnet", "resnet", conditional=True),
}
EVERY_RUN = pytest.mark.parametrize("run", RUNS)


def test_runs_have_every_network():
    for registry, key in ((GENERATORS, "generator"), (DISCRIMINATORS, "discriminator")):
        used = {run["architecture"][key]["name"] for run in RUNS.values()}
        assert used == set(registry.names())


def restore_trainer(run, steps=1, **changes):
    trainer = Trainer(ExperimentConfig.from_dict(RUNS[run] | changes))
    trainer.step(steps)
    return trainer


def largest(replay, network):
    """Return for the first, middle and last layer with weights: layer, index, its gradient."""
    loss = replay.loss_terms(network).loss.mean()
    found = []
    for i, layer in enumerate(replay.layers(network)):
        weights = list(layer.parameters())
        if weights:
            gradients = torch.autograd.grad(loss, weights, retain_graph=True)
            flat = torch.cat([g.flatten() for g in gradients])
            found.append((i, flat.abs().argmax().item(), flat))
    return [found[i] for i in sorted({0, len(found) // 2, len(found) - 1})]


@pytest.mark.parametrize(("run", "loss"), list(itertools.product(RUNS, LOSSES.names())))
def test_three_ways_agree(run, loss):
    gan = restore_trainer(run, loss=loss).gan
    batch = gan.peek_batch()
    for network in NETWORKS:
        for layer, index, gradients in largest(ReplayGAN(gan, batch, torch.float64), network):
            scale = gradients.abs().max().item()
            found = derivative(gan, batch, network, layer, index)
            assert found.autograd == pytest.approx(gradients[index].item(), rel=1e-9)
            assert found.chain == pytest.approx(found.autograd, rel=1e-9, abs=1e-9 * scale)
            assert found.differences == pytest.approx(found.autograd, rel=1e-4, abs=1e-4 * scale)
            assert scale > 1e-9, "Nothing flows, so nothing was compared."
            paired = gan.config.loss.relativistic
            assert (found.real is not None) == (network == "discriminator" or paired)


def test_every_link_against_finite_differences():
    """Also of the outputs of the layers in between and of each sample's logit."""
    gan = restore_trainer("DCGAN").gan
    batch = gan.peek_batch()
    layer, index, _ = largest(ReplayGAN(gan, batch, torch.float64), "generator")[1]
    found = derivative(gan, batch, "generator", layer, index)
    seen = []
    for side in (1e-6, -1e-6):
        replay = ReplayGAN(gan, batch, torch.float64)
        weights = next(replay.layers("generator")[layer].parameters())
        with torch.no_grad():
            weights[np.unravel_index(index, weights.shape)] += side
        with replay.recorded() as outputs:
            bill = replay.loss_terms("generator")
        seen.append(([o[0].detach() for o in outputs.values()], bill.fake_logits.detach().numpy()))
    (above, logits_above), (below, logits_below) = seen
    norms = [(a - b).norm().item() / 2e-6 for a, b in zip(above, below, strict=True)]
    assert [link.norm for link in found.sensitivities] == pytest.approx(norms[layer:], rel=1e-5)
    np.testing.assert_array_equal(norms[:layer], 0)
    change = (logits_above - logits_below) / 2e-6
    np.testing.assert_allclose(found.fake.change, change, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.fake.slope, -expit(-found.fake.logit), rtol=1e-12)


def test_derivative_worked_out_by_hand():
    """x = u z + b, logit = w x' + c, x' = (x − mean) / std: two linear networks."""
    run = {"latent_dim": 1, "batch_size": 5, "loss": "minimax", "regularizer": "none"}
    run |= parts("mlp", "mlp", {"depth": 0}, {"depth": 0})
    gan = Trainer(ExperimentConfig.from_dict(run)).gan
    batch = gan.peek_batch()
    z = batch.z.squeeze(1).double().numpy()
    u, b, w, c = (
        p.double().item()
        for network in (gan.generator, gan.discriminator)
        for p in network.parameters()
    )
    fake = w * (u * z + b - 4.0) / 1.25 + c
    found = derivative(gan, batch, "generator", 0, 0)
    np.testing.assert_allclose(found.fake.logit, fake, rtol=1e-9)
    np.testing.assert_allclose(found.fake.change, w * z / 1.25, rtol=1e-9)
    np.testing.assert_allclose(found.fake.slope, -expit(fake), rtol=1e-9)
    assert found.autograd == pytest.approx(np.mean(-expit(fake) * w * z / 1.25), rel=1e-9)
    assert (found.parameter, found.real) == ("weight[0, 0]", None)
    assert found.weight == pytest.approx(u)
    assert found.loss == pytest.approx(np.mean(-np.logaddexp(0, fake)))

    seen = batch.real.squeeze(1).double().numpy()
    real = w * seen + c
    found = derivative(gan, batch, "discriminator", 0, 1)
    by_hand = np.mean(-expit(-real) + expit(fake))
    assert (found.parameter, found.layer) == ("bias[0]", "Linear")
    assert found.autograd == pytest.approx(by_hand, rel=1e-9)
    np.testing.assert_allclose(found.real.product, -expit(-real), rtol=1e-9)
    assert [link.layer for link in found.sensitivities] == ["Linear", "Logit"]
    assert found.sensitivities[0].norm == pytest.approx(np.sqrt(10))


def test_wrong_places_get_a_sentence():
    gan = restore_trainer("line").gan
    batch = gan.peek_batch()
    for place, words in {
        ("critic", 0, 0): "network = 'critic' is not one of generator, discriminator",
        ("generator", 9, 0): "layer = 9 is not from 0 to 2",
        ("generator", 0, 18): "index = 18 is not from 0 to 17",
        ("generator", 0, -1): "index = -1 is not from 0 to 17",
        ("generator", 1, 0): "LeakyReLU .* has no weights",
    }.items():
        with pytest.raises(ValueError, match=words):
            derivative(gan, batch, *place)


def kept(network, x):
    """Go through a network layer by layer; keep each output and its gradient."""
    outputs = []
    for layer in network:
        x = layer(x)
        if x.requires_grad:
            x.retain_grad()
        outputs.append(x)
    return x, outputs


def plain(network):
    """Return a copy that overwrites nothing, with spectral norms at rest."""
    network = copy.deepcopy(network)
    for module in network.modules():
        if isinstance(module, ParametrizationList):
            module.eval()
        elif not isinstance(module, nn.Sequential) and hasattr(module, "inplace"):
            module.inplace = False
    return network


def norm_of(tensors):
    gradients = [t.grad for t in tensors if t.grad is not None]
    return sum(g.square().sum().item() for g in gradients) ** 0.5 if gradients else None


PLAIN = {
    "line": RUNS["line"],
    "DCGAN": RUNS["DCGAN"],
    "CNN": PICTURES | parts("cnn", "cnn", d={"normalisation": "spectral", "dropout": 0.0}),
    "ResNet": RUNS["ResNet"],
    "MLP, maxout": PICTURES | parts("mlp", "maxout_mlp", d={"dropout": 0.0}),
}


@pytest.mark.parametrize("loss", ["non_saturating", "least_squares"])
@pytest.mark.parametrize("run", PLAIN)
def test_norms_are_those_of_plain_autograd(run, loss):
    """Two passes of D written out, and backward()."""
    trainer = Trainer(ExperimentConfig.from_dict(PLAIN[run] | {"loss": loss}))
    trainer.step(1)
    gan = trainer.gan
    batch = gan.peek_batch()
    rows = layer_gradients(gan, batch)

    def cost(logits, label):
        if loss == "least_squares":
            return (logits - label).square().mean() / 2
        return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))

    for turn in ("in_d_update", "in_g_update"):
        g, d = plain(gan.generator), plain(gan.discriminator)
        x, of_g = kept(g, batch.z)
        seen = (x - gan.mean) / gan.std
        if turn == "in_d_update":
            on_real, of_real = kept(d, batch.real)
            on_fake, of_fake = kept(d, seen.detach())
            (cost(on_real, 1.0) + cost(on_fake, 0.0)).backward()
            of_d = list(zip(of_real, of_fake, strict=True))
        else:
            on_fake, of_fake = kept(d, seen)
            cost(on_fake, 1.0).backward()
            of_d = [(output,) for output in of_fake]
            d.zero_grad()
        expected = [norm_of([output]) for output in of_g] + [norm_of(both) for both in of_d]
        found = [getattr(row, turn) for row in rows]
        assert_same([norms.output for norms in found], expected)
        expected = [norm_of(layer.parameters()) for layer in (*g, *d)]
        assert_same([norms.weights for norms in found], expected)
        counts = [sum(p.numel() for p in layer.parameters()) for layer in (*g, *d)]
        assert [row.parameters for row in rows] == counts


def assert_same(found, expected):
    assert [value is None for value in found] == [value is None for value in expected]
    pairs = [pair for pair in zip(found, expected, strict=True) if pair[0] is not None]
    assert pairs
    for value, right in pairs:
        assert value == pytest.approx(right, rel=2e-4, abs=1e-9)


@pytest.mark.parametrize(
    "run", ["line", "line, batch norm", "MLP, maxout", "MLP", "DCGAN", "DCGAN, told the class"]
)
def test_norms_are_those_of_the_step_itself(run):
    """Of the trainer's own update: the same dropout too. (Spectral norm moves in the step.)"""
    trainer = restore_trainer(run)
    in_d_update = layer_gradients(trainer.gan, trainer.gan.peek_batch())
    turns = {"discriminator": trainer.step_discriminator()}
    batch = trainer._batch
    in_g_update = layer_gradients(trainer.gan, batch)
    turns["generator"] = trainer.step_generator()
    for network, rows, side in (
        ("discriminator", in_d_update, "in_d_update"),
        ("generator", in_g_update, "in_g_update"),
    ):
        chosen = [getattr(row, side).weights for row in rows if row.network == network]
        total = sum(norm**2 for norm in chosen if norm is not None) ** 0.5
        step = sum(g.square().sum().item() for g in turns[network].gradients) ** 0.5
        assert total == pytest.approx(step, rel=1e-4)
        by_tensor = dict(
            zip(getattr(trainer, network).parameters(), turns[network].gradients, strict=True)
        )
        layers = leaf_layers(getattr(trainer, network))
        expected = [
            sum(by_tensor[p].square().sum().item() for p in layer.parameters()) ** 0.5
            for layer in layers
            if list(layer.parameters())
        ]
        found = [norm for norm in chosen if norm is not None]
        assert sorted(found) == pytest.approx(sorted(expected), rel=1e-4)


@EVERY_RUN
def test_looking_leaves_no_trace(run):
    alone, watched = restore_trainer(run), restore_trainer(run)
    batch = watched.gan.peek_batch()
    for _ in range(2):
        rows = layer_gradients(watched.gan, batch)
        derivative(watched.gan, batch, "generator", last_with_weights(rows, "generator"), 0)
        place = last_with_weights(rows, "discriminator")
        derivative(watched.gan, batch, "discriminator", place, 0)
        sample_gradient(watched.gan, batch)
        alone.step_discriminator()
        watched.step_discriminator()
        layer_gradients(watched.gan, watched._batch)
        sample_gradient(watched.gan, watched._batch)
        before = [p.detach().clone() for p in watched.discriminator.parameters()]
        alone.step_generator()
        watched.step_generator()
        after = list(watched.discriminator.parameters())
        assert all(map(torch.equal, before, after))
    for network in NETWORKS:
        one, other = getattr(alone, network), getattr(watched, network)
        pairs = zip(one.state_dict().items(), other.state_dict().values(), strict=True)
        for (name, value), same in pairs:
            assert torch.equal(value, same), name
        for mine, same in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.equal(mine.grad, same.grad)
        assert not any(module._forward_hooks for module in other.modules())
        assert other.training
    for name, rng in alone.gan.rng.items():
        assert torch.equal(rng.get_state(), watched.gan.rng[name].get_state()), name


def last_with_weights(rows, network):
    own = [row for row in rows if row.network == network]
    return max(i for i, row in enumerate(own) if row.parameters)


@EVERY_RUN
def test_nothing_reaches_g_in_the_update_of_d_nor_d_s_weights_in_that_of_g(run):
    trainer = restore_trainer(run)
    rows = layer_gradients(trainer.gan, trainer.gan.peek_batch())
    names = trainer.layers()
    for network in NETWORKS:
        own = [row for row in rows if row.network == network]
        table = [(row.layer, row.output, row.parameters) for row in names[network]]
        assert [(row.layer, row.output, row.parameters) for row in own] == table
        for row in own:
            if network == "generator":
                assert row.in_d_update == (None, None)
            else:
                assert row.in_g_update.weights is None
                assert row.in_g_update.output >= 0
            has_weights = getattr(row, f"in_{network[0]}_update").weights is not None
            assert has_weights == (row.parameters > 0)


@pytest.mark.parametrize("loss", LOSSES.names())
@pytest.mark.parametrize("run", ["line", "line, batch norm", "DCGAN"])
def test_push_is_the_slope_of_each_sample_s_loss(run, loss):
    trainer = restore_trainer(run, loss=loss)
    gan = trainer.gan
    batch = gan.peek_batch()
    with gan.no_side_effects():
        real, _ = gan.sample_real_input(len(batch.z))  # what a paired loss will draw
    d = copy.deepcopy(gan.discriminator).double()

    @torch.no_grad()
    def losses(fake):
        seen = (fake - gan.mean) / gan.std
        on_fake = d(seen)
        on_real = d(real.double()) if gan.config.loss.relativistic else on_fake
        return gan.config.loss.generator(on_real, on_fake)

    found, fake = sample_gradient(gan, batch), batch.fake.detach().double()
    assert found.shape == fake.shape
    scale = found.abs().max().item()
    assert scale > 1e-6
    for i in range(len(fake)):
        at = (i, *(found[i].abs() == found[i].abs().max()).nonzero()[0].tolist())
        moved = [fake.clone(), fake.clone()]
        for x, side in zip(moved, (1e-6, -1e-6), strict=True):
            x[at] += side
        above, below = map(losses, moved)
        slope = (above - below).sum().item() / 2e-6
        assert found[at].item() == pytest.approx(-slope, rel=1e-3, abs=1e-4 * scale)
        if run == "line":  # without batch norm the others do not notice
            assert torch.equal(above[:i], below[:i])
