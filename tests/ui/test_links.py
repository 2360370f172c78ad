"""Experiments in links, good ones and bad ones."""

import pytest

from gan_core import ExperimentConfig
from gan_core.data.base import prepare
from gan_core.presets import PRESETS
from tests.helpers.pages import both_pages, setting, visit

FULL = {
    "distributions": {
        "dataset": {"name": "normal_mixture", "modes": 4, "spacing": 3.0},
        "prior": {"name": "laplace", "scale": 0.5},
        "latent_dim": 3,
        "architecture": {
            "generator": {"name": "mlp", "depth": 2, "width": 32, "activation": "tanh"},
            "discriminator": {"name": "maxout_mlp"},
            "standardise": "both",
        },
        "loss": {"name": "least_squares"},
        "regularizer": {"name": "gradient_penalty", "strength": 2.0, "one_sided": True},
        "optimizer_g": {"name": "rmsprop", "lr": 1e-3},
        "optimizer_d": {"name": "sgd", "lr": 0.01, "momentum": 0.5},
        "batch_size": 96,
        "n_critic": 2,
        "ema_decay": 0.9,
        "instance_noise": 0.1,
        "seed": 12,
    },
    "pictures": {
        "dataset": {"name": "mnist", "resolution": 28, "subset": "bundled"},
        "prior": {"name": "bernoulli"},
        "latent_dim": 10,
        "architecture": {
            "generator": {"name": "cnn"},
            "discriminator": {"name": "mlp", "depth": 2, "width": 48, "dropout": 0.2},
        },
        "loss": {"name": "hinge"},
        "regularizer": {"name": "r1", "gamma": 1.0},
        "optimizer_g": {"name": "sgd", "lr": 0.02, "momentum": 0.1},
        "optimizer_d": {"name": "rmsprop", "lr": 1e-4},
        "batch_size": 32,
        "n_critic": 3,
        "ema_decay": 0.0,
        "instance_noise": 0.2,
        "seed": 34,
    },
}


@both_pages
def test_a_link_with_a_whole_setup(page):
    opened = visit(page, FULL[page])
    config = ExperimentConfig.from_dict(FULL[page])
    assert opened.config == config
    assert not opened.at.warning
    shown = {name: opened.widget(name).value for name in opened.widgets()}
    assert shown == {name: setting(config, name) for name in shown}
    assert visit(page, opened.at.query_params["setup"]).config == config


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_the_written_link_gives_the_same_experiment(preset):
    page = preset.config.dataset.kind.page
    prepare(preset.config.dataset)
    link = visit(page, preset.experiment).at.query_params["setup"]
    assert visit(page, link).config == preset.config


def test_the_link_follows_the_sidebar():
    opened = visit("distributions")
    opened.set("loss", "wasserstein")
    opened.set("dataset", "student_t")
    opened.press("new_seed")
    again = visit("distributions", opened.at.query_params["setup"])
    assert again.config == opened.config
    assert again.config.loss.name == "wasserstein"


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "is not an object"),
        ('"normal"', "is not an object"),
        ('{"lr": 1}', "key 'lr' is unknown"),
        ('{"loss": "nope"}', "loss 'nope' is unknown; there are minimax"),
        ('{"loss": {"name": "hinge", "width": 2}}', "key 'width' is unknown"),
        ('{"dataset": null}', "dataset = None"),
        ('{"dataset": {"name": ["normal"]}}', "is unknown"),
        ('{"dataset": {"name": "normal", "std": -1}}', "normal: std = -1"),
        ('{"dataset": {"name": "normal", "mean": NaN}}', "normal: mean = nan"),
        ('{"n_critic": 11}', "n_critic = 11"),
        ('{"n_critic": "3"}', "n_critic = '3'"),
        ('{"seed": 1e400}', "seed = inf"),
        ('{"architecture": {"generator": {"name": "dcgan"}}}', "dcgan"),
        ('{"dataset": {"name": "mnist"}}', "made of pictures"),
        (
            '{"dataset": {"name": "csv_column", "upload": "0123456789abcdef"}}',
            "not on this machine",
        ),
        (
            '{"dataset": {"name": "csv_column", "upload": "../../etc/passwd"}}',
            "not on this machine",
        ),
    ],
)
def test_a_bad_link_gets_a_sentence_and_the_default(link, reason):
    opened = visit("distributions", link)
    assert len(opened.at.warning) == 1
    assert "link was not used" in opened.at.warning[0].value
    assert reason in opened.at.warning[0].value.replace(r"\_", "_")
    assert len(opened.at.warning[0].value) < 400
    assert opened.config == ExperimentConfig()
    opened.look()
    assert len(opened.at.warning) == 1
    opened.press("dismiss")
    assert not opened.at.warning


@pytest.mark.parametrize(
    ("setup", "reason"),
    [
        ({"dataset": {"name": "normal"}}, "made of numbers"),
        ({"dataset": {"name": "mnist"}, "batch_size": 6_000}, "larger than the data set"),
        ({"dataset": {"name": "mnist", "subset": "full"}}, "not on this machine"),
        ({"dataset": {"name": "fashion_mnist"}}, "not on this machine"),
    ],
)
def test_a_bad_link_to_pictures(setup, reason):
    opened = visit("pictures", setup)
    assert [reason in warning.value for warning in opened.at.warning] == [True]
    assert opened.config == ExperimentConfig.from_dict({"dataset": {"name": "mnist"}})
