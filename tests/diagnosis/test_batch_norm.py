"""Batch norm in D: what it hides from D, what is said of it, and where."""

import pytest
import torch
from torch import nn

from gan_core import ExperimentConfig, Trainer
from gan_core.diagnosis import diagnose, indicators_of, reference_of
from gan_core.diagnosis.remarks import remarks
from gan_core.networks import DISCRIMINATORS
from gan_core.registry import knobs
from gan_core.regularizers import REGULARIZERS
from tests.helpers.trainers import PICTURES

BATCH_NORM = {"discriminator": {"name": "mlp", "normalisation": "batch"}}
NUMBERS = {"architecture": BATCH_NORM, "regularizer": "none"}


def read(**given):
    return ExperimentConfig.from_dict(given)


def doctor(trainer):
    return diagnose(indicators_of(trainer, trainer.snapshot(), reference_of(trainer)))


def networks():
    """Return every discriminator with each of its normalisations, and without a hidden layer."""
    for cls in DISCRIMINATORS:
        field = knobs(cls).get("normalisation")
        for choice in field.choices if field else [None]:
            for depth in (0, 2) if getattr(cls, "depth", 0) and cls.name == "mlp" else [None]:
                given = {"normalisation": choice, "depth": depth}
                yield {"name": cls.name} | {k: v for k, v in given.items() if v is not None}


@pytest.mark.parametrize(
    "spec", list(networks()), ids=lambda spec: "-".join(map(str, spec.values()))
)
def test_a_discriminator_knows_whether_it_has_batch_norm(spec):
    made = DISCRIMINATORS.create(spec)
    network = made.build((1, 28, 28), torch.Generator())
    layers = list(network.modules())
    norms = [layer for layer in layers if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    assert made.has_batch_norm == bool(norms)
    x = torch.rand(16, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        in_training, at_rest = network.train()(x), network.eval()(x)
    spectral = "spectral" in spec.values() or spec["name"] == "resnet"  # its norm is an estimate
    if not spectral:
        assert made.differs_at_rest == (not torch.allclose(in_training, at_rest, atol=1e-6))


def test_d_with_batch_norm_sees_neither_mean_nor_spread():
    d = Trainer(read(**NUMBERS), engine="eager").discriminator.train()
    x = torch.randn(256, 1, generator=torch.Generator().manual_seed(0))
    apart = (d(x) - d(-7 + 3 * x)).abs().max()  # what is left is batch norm's ε
    assert apart < 0.02 * d(x).std()


def test_a_run_on_numbers_with_batch_norm_in_d_never_learns_and_the_doctor_says_why():
    blind, seeing = (Trainer(read(architecture=a), engine="eager") for a in (BATCH_NORM, {}))
    first = blind.snapshot().metrics["wasserstein_1"]
    assert doctor(blind).condition == "blind_d"
    for trainer in (blind, seeing):
        trainer.step(600)
    assert seeing.snapshot().metrics["wasserstein_1"] < 0.2 * first
    assert blind.snapshot().metrics["wasserstein_1"] > 0.5 * first
    said = doctor(blind)
    assert said.condition == "blind_d"
    assert "batch norm" in said.sentence
    cured = said.remedies[0].config
    assert not cured.architecture.discriminator.has_batch_norm
    assert remarks(cured) == ()


def test_pictures_with_batch_norm_in_d_are_not_said_to_be_blind():
    trainer = Trainer(read(**PICTURES | {"architecture": {}}), engine="eager")
    assert trainer.config.architecture.discriminator.has_batch_norm
    assert doctor(trainer).condition != "blind_d"
    assert remarks(trainer.config) == ()


@pytest.mark.parametrize("name", REGULARIZERS.names())
@pytest.mark.parametrize("data", [NUMBERS, {"dataset": "mnist"}], ids=["numbers", "digits"])
def test_a_gradient_penalty_with_batch_norm_in_d_is_remarked_on_at_both_knobs(name, data):
    found = remarks(read(**data | {"regularizer": name}))
    about = {remark.field for remark in found if REGULARIZERS[name].title in remark.sentence}
    x = torch.ones(2, 1)
    has_penalty = REGULARIZERS[name]().penalty(lambda x: x.sum(1), x, x, torch.Generator())
    assert about == ({"discriminator", "regularizer"} if has_penalty is not None else set())
    assert bool(set(found) - {r for r in found if r.field in about}) <= ("dataset" not in data)


def test_with_batch_norm_a_sample_has_no_gradient_of_its_own():
    """The gradient of one logit by the other samples is not 0."""
    d = Trainer(read(**NUMBERS), engine="eager").discriminator.train()
    x = torch.randn(8, 1, generator=torch.Generator().manual_seed(1), requires_grad=True)
    (gradient,) = torch.autograd.grad(d(x)[0], x)
    assert gradient[1:].abs().max() > 1e-4
