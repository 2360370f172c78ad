"""Every generator with every discriminator, and what their papers say about their layers."""

import itertools
import math

import pytest
import torch
from torch import nn

from gan_core.networks import (
    DISCRIMINATORS,
    GENERATORS,
    build_discriminator,
    build_generator,
    build_seeded,
    layer_table,
)
from gan_core.networks.base import ACTIVATIONS, SeededDropout
from gan_core.registry import knobs

SHAPES = {"numbers": (1,), "pictures": (1, 28, 28), "colours": (3, 16, 16)}
LATENT = 5


def small(cls, **knobs_):
    """Return the component with few units, and other knobs as given."""
    units = {"width": 6, "channels": 4}
    return cls(**{k: v for k, v in units.items() if k in knobs(cls)}, **knobs_)


def fits(component, shape):
    try:
        component.check_shape(shape)
    except ValueError:
        return False
    return True


def variants(registry):
    """Return every network with each of its choices and with its dropout on and off."""
    for cls in registry:
        yield small(cls)
        for name, made in knobs(cls).items():
            if made.choices is not None:
                yield from (small(cls, **{name: c}) for c in made.choices if c != made.default)
        if "dropout" in knobs(cls):
            yield small(cls, dropout=0.0 if cls().dropout else 0.4)
        if cls.name == "mlp":
            yield small(cls, depth=0)
            yield small(cls, depth=3)


def with_shapes(components):
    return [
        pytest.param(c, shape, id="-".join([*map(str, c.to_dict().values()), label]))
        for c in components
        for label, shape in SHAPES.items()
        if fits(c, shape)
    ]


EVERY_G = with_shapes(variants(GENERATORS))
EVERY_D = with_shapes(variants(DISCRIMINATORS))
PAIRS = [
    pytest.param(small(g), small(d), shape, id=f"{g.name}-{d.name}-{label}")
    for g, d in itertools.product(GENERATORS, DISCRIMINATORS)
    for label, shape in SHAPES.items()
    if fits(small(g), shape) and fits(small(d), shape)
]


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def build_g(component, shape, seed=0):
    return build_seeded(lambda: component.build(LATENT, shape), seed)


def build_d(component, shape, seed=0):
    return build_seeded(lambda: component.build(shape, rng()), seed)


def assert_gradients_are_finite(network):
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


@pytest.mark.parametrize(("g", "d", "shape"), PAIRS)
def test_pair(g, d, shape):
    generator, discriminator = build_g(g, shape), build_d(d, shape)
    fake = generator(torch.randn(7, LATENT, generator=rng()))
    logits = discriminator(fake)
    assert fake.shape == (7, *shape)
    assert logits.shape == (7,)
    logits.square().sum().backward()
    assert_gradients_are_finite(generator)
    assert_gradients_are_finite(discriminator)


@pytest.mark.parametrize(("g", "shape"), EVERY_G)
def test_every_generator(g, shape):
    network = build_g(g, shape)
    fake = network(torch.randn(7, LATENT, generator=rng()))
    assert fake.shape == (7, *shape)
    if len(shape) == 3 and getattr(g, "output", "auto") != "linear":
        assert fake.abs().max() <= 1
    fake.square().sum().backward()
    assert_gradients_are_finite(network)


@pytest.mark.parametrize(("d", "shape"), EVERY_D)
def test_every_discriminator(d, shape):
    network = build_d(d, shape)
    logits = network(torch.randn(7, *shape, generator=rng()))
    assert logits.shape == (7,)
    logits.square().sum().backward()
    assert_gradients_are_finite(network)


@pytest.mark.parametrize(("g", "shape"), EVERY_G)
def test_layer_table_of_a_generator(g, shape):
    network = build_g(g, shape)
    assert_layer_table_is_true(network, (LATENT,), shape)


@pytest.mark.parametrize(("d", "shape"), EVERY_D)
def test_layer_table_of_a_discriminator(d, shape):
    network = build_d(d, shape)
    assert_layer_table_is_true(network, shape, (1,))


def assert_layer_table_is_true(network, input_shape, output_shape):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    rows = layer_table(network, input_shape)
    assert sum(row.parameters for row in rows) == sum(p.numel() for p in network.parameters())
    assert rows[-1].output == " × ".join(map(str, output_shape))
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())


def test_layer_table_by_hand():
    spec = {"name": "mlp", "depth": 2, "width": 6, "dropout": 0.4, "normalisation": "layer"}
    network = build_d(DISCRIMINATORS.create(spec), (1, 28, 28))
    assert [tuple(row) for row in layer_table(network, (1, 28, 28))] == [
        ("Flatten", "784", 0),
        ("Linear", "6", 784 * 6 + 6),
        ("LayerNorm", "6", 12),
        ("LeakyReLU (0.2)", "6", 0),
        ("Dropout (0.4)", "6", 0),
        ("Linear", "6", 42),
        ("LayerNorm", "6", 12),
        ("LeakyReLU (0.2)", "6", 0),
        ("Dropout (0.4)", "6", 0),
        ("Linear", "1", 7),
        ("Logit", "1", 0),
    ]


@pytest.mark.parametrize(
    ("build", "component", "shape"),
    [
        pytest.param(build, *case.values, id=f"{label}-{case.id}")
        for build, cases, label in ((build_g, EVERY_G, "g"), (build_d, EVERY_D, "d"))
        for case in cases
    ],
)
def test_weights_follow_from_the_seed_alone(build, component, shape):
    before = torch.get_rng_state()
    one = build(component, shape, seed=3).state_dict()
    torch.rand(3)
    moved = torch.get_rng_state()
    same = build(component, shape, seed=3).state_dict()
    other = build(component, shape, seed=4).state_dict()
    assert torch.equal(torch.get_rng_state(), moved)
    torch.set_rng_state(before)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_failed_build_leaves_torchs_generator_alone():
    before = torch.get_rng_state()

    def fail():
        torch.rand(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        build_seeded(fail, 1)
    assert torch.equal(torch.get_rng_state(), before)


def test_dcgan_starts_as_in_its_paper():
    networks = (
        build_seeded(lambda: GENERATORS["dcgan"]().build(64, (1, 28, 28)), 0),
        build_d(DISCRIMINATORS["dcgan"](), (1, 28, 28)),
    )
    for layer in itertools.chain(*networks):
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            n = layer.weight.numel()
            assert layer.bias is None
            assert layer.weight.mean().item() == pytest.approx(0, abs=5 * 0.02 / n**0.5)
            assert layer.weight.std().item() == pytest.approx(0.02, rel=5 / (2 * n) ** 0.5)
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.weight.mean().item() == pytest.approx(1, abs=0.02)
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.5)
            assert not layer.bias.any()


def test_maxout_is_the_largest_of_its_pieces():
    network = build_d(DISCRIMINATORS["maxout_mlp"](depth=1, width=3, pieces=2, dropout=0.0), (1,))
    maxout = network[0]
    x = torch.tensor([[1.5], [-2.0]])
    lines = x @ maxout.linear.weight.T + maxout.linear.bias
    expected = torch.stack([lines[:, [0, 2, 4]], lines[:, [1, 3, 5]]]).amax(0)
    torch.testing.assert_close(maxout(x), expected)
    assert maxout.linear.weight.abs().max() <= 0.005


@pytest.mark.parametrize("choice", list(ACTIVATIONS))
def test_activation_is_the_chosen_one(choice):
    network = build_d(DISCRIMINATORS["mlp"](depth=1, width=4, activation=choice), (1,))
    x = torch.tensor([[-1.5], [0.5]])
    hidden = x @ network[0].weight.T + network[0].bias
    formulas = {
        "leaky_relu": hidden.clamp(min=0) + 0.2 * hidden.clamp(max=0),
        "relu": hidden.clamp(min=0),
        "tanh": 1 - 2 / (1 + (2 * hidden).exp()),
        "silu": hidden / (1 + (-hidden).exp()),
        "elu": hidden.clamp(min=0) + hidden.clamp(max=0).exp() - 1,
    }
    expected = formulas[choice] @ network[2].weight.T + network[2].bias
    torch.testing.assert_close(network(x), expected.squeeze(1))


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_spectral_norm_bounds_every_layer(name):
    spec = {"name": name, "normalisation": "spectral"}
    network = build_d(DISCRIMINATORS.create(spec), (1, 28, 28))
    limited = [m for m in network if nn.utils.parametrize.is_parametrized(m)]
    assert len(limited) == 3
    for layer in limited:
        layer.parametrizations.weight.original.data.mul_(50)
    x = torch.randn(4, 1, 28, 28, generator=rng())
    for _ in range(50):
        network(x)
    for layer in limited:
        largest = torch.linalg.svdvals(layer.weight.detach().flatten(1))[0].item()
        assert largest == pytest.approx(1, abs=0.02)


def test_dropout_is_unbiased_and_reproducible():
    layer = SeededDropout(0.3, rng(1))
    x = torch.full((200_000,), 2.0).unsqueeze(1)
    dropped = layer(x)
    kept = (dropped != 0).float().mean().item()
    assert kept == pytest.approx(0.7, abs=5 * (0.3 * 0.7 / 200_000) ** 0.5)
    assert dropped.mean().item() == pytest.approx(2.0, rel=0.01)
    assert dropped.unique().tolist() == pytest.approx([0, 2 / 0.7])
    assert not torch.equal(layer(x), dropped)
    layer.rng.manual_seed(1)
    before = torch.get_rng_state()
    assert torch.equal(layer(x), dropped)
    assert torch.equal(torch.get_rng_state(), before)


def test_dropout_rests_in_evaluation():
    layer = SeededDropout(0.3, rng()).eval()
    state = layer.rng.get_state()
    x = torch.randn(5, 3, generator=rng())
    assert torch.equal(layer(x), x)
    assert torch.equal(layer.rng.get_state(), state)


@pytest.mark.parametrize("cls", [*GENERATORS, *DISCRIMINATORS], ids=lambda cls: cls.__name__)
def test_networks_for_pictures_say_what_they_need(cls):
    network = small(cls)
    assert fits(network, (1, 28, 28))
    if not fits(network, (1,)):
        for shape in ((1,), (1, 30, 30), (28, 28), (3, 64, 32)):
            text = " × ".join(map(str, shape))
            with pytest.raises(ValueError, match=f"{cls.name} needs .* pixels; .* has {text}"):
                network.check_shape(shape)


def test_width_is_the_number_of_units():
    g = GENERATORS["mlp"](depth=2, width=10)
    parameters = sum(math.prod(p.shape) for p in build_g(g, (1,)).parameters())
    assert parameters == (LATENT * 10 + 10) + (10 * 10 + 10) + (10 + 1)


@pytest.mark.parametrize("side", [16, 28, 32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("name", ["dcgan", "cnn", "resnet"])
def test_pictures_of_every_side_and_any_channels(name, channels, side):
    shape = (channels, side, side)
    generator = build_g(small(GENERATORS[name]), shape)
    discriminator = build_d(small(DISCRIMINATORS[name]), shape)
    fake = generator(torch.randn(2, LATENT, generator=rng()))
    assert fake.shape == (2, *shape)
    assert discriminator(fake).shape == (2,)


def example_generator():
    """The layers of the generator in PyTorch's DCGAN example, by their places in `main`."""
    sizes = [(100, 512, 1, 0), (512, 256, 2, 1), (256, 128, 2, 1), (128, 64, 2, 1)]
    layers = []
    for inputs, outputs, stride, padding in sizes:
        layers.append(nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False))
        layers += [nn.BatchNorm2d(outputs), nn.ReLU(True)]
    layers += [nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh()]
    return nn.ModuleDict({"main": nn.Sequential(*layers)})


def example_discriminator():
    layers = [nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
    for inputs, outputs in ((64, 128), (128, 256), (256, 512)):
        layers.append(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False))
        layers += [nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2, inplace=True)]
    layers += [nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Sigmoid()]
    return nn.ModuleDict({"main": nn.Sequential(*layers)})


def renumbered(state, shift):
    """Return a state of the example under our names: `main.3.weight` is layer 3 + shift."""
    parts = {name: name.split(".") for name in state}
    return {f"{int(p[1]) + shift}.{p[2]}": state[name] for name, p in parts.items()}


def test_weights_of_pytorchs_dcgan_example_fit():
    torch.manual_seed(11)
    theirs_g, theirs_d = example_generator(), example_discriminator()
    ours_g = GENERATORS["dcgan"](channels=64).build(100, (3, 64, 64))
    ours_d = DISCRIMINATORS["dcgan"](channels=64).build((3, 64, 64), rng())
    ours_g.load_state_dict(renumbered(theirs_g.state_dict(), shift=1))
    ours_d.load_state_dict(renumbered(theirs_d.state_dict(), shift=0))
    z = torch.randn(4, 100, generator=rng())
    theirs = theirs_g["main"](z[:, :, None, None])
    torch.testing.assert_close(ours_g(z), theirs)
    probability = theirs_d["main"](theirs).view(-1)
    torch.testing.assert_close(torch.sigmoid(ours_d(theirs)), probability)


def test_dcgan_starts_as_its_paper_says():
    network = build_g(GENERATORS["dcgan"](channels=64), (3, 64, 64))
    for layer in network:
        if isinstance(layer, nn.ConvTranspose2d):
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.weight.mean().item() == pytest.approx(1, abs=0.01)
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.3)


def test_resnet_layers_are_those_of_the_paper():
    network = build_d(DISCRIMINATORS["resnet"](channels=128), (3, 32, 32))
    kinds = [type(layer).__name__ for layer in network]
    assert kinds[:4] == ["DownBlock"] * 4
    assert sum(isinstance(m, nn.Conv2d) for m in network.modules()) == 4 * 2 + 3
    limited = [m for m in network.modules() if nn.utils.parametrize.is_parametrized(m)]
    assert len(limited) == 12
    shapes = [row.output for row in layer_table(network, (3, 32, 32))][:5]
    halves = ["128 × 16 × 16", "128 × 8 × 8", "128 × 4 × 4", "128 × 4 × 4"]
    assert shapes == [*halves, "128 × 4 × 4"]


CLASSES = 6


@pytest.mark.parametrize(("g", "d", "shape"), PAIRS)
def test_every_pair_can_be_conditional(g, d, shape):
    generator = build_seeded(lambda: build_generator(g, LATENT, shape, CLASSES), 0)
    discriminator = build_seeded(lambda: build_discriminator(d, shape, rng(), CLASSES), 0)
    labels = torch.arange(12) % CLASSES
    z = torch.randn(12, LATENT, generator=rng())
    fake = generator(z, labels)
    logits = discriminator(fake, labels)
    assert fake.shape == (12, *shape)
    assert logits.shape == (12,)
    logits.square().sum().backward()
    assert_gradients_are_finite(generator)
    assert_gradients_are_finite(discriminator)
    with torch.no_grad():
        generator.eval()
        moved = (generator(z, labels) - generator(z, labels.flip(0))).flatten(1).abs().amax(1)
        generator.train()
    assert (moved > 0).all()
    assert_layer_table_is_true(generator, (LATENT,), shape)
    assert_layer_table_is_true(discriminator, shape, (1,))


def test_projection_is_the_papers_equation():
    d = DISCRIMINATORS["mlp"](depth=1, width=5)
    network = build_seeded(lambda: build_discriminator(d, (1,), rng(), 3), 0)
    x, labels = torch.randn(4, 1, generator=rng()), torch.tensor([2, 0, 1, 2])
    first, last = network.features[0], network.head[0]
    phi = x @ first.weight.T + first.bias
    phi = phi.clamp(min=0) + 0.2 * phi.clamp(max=0)
    psi = phi @ last.weight[0] + last.bias
    inner = torch.stack([network.embedding.weight[y] @ phi[i] for i, y in enumerate(labels)])
    torch.testing.assert_close(network(x, labels), psi + inner)
