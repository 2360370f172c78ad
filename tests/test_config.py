"""Experiments as JSON, and what makes one impossible."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_core import ExperimentConfig
from gan_core.config import REGISTRIES
from gan_core.data.importing.packs import new_pack
from gan_core.presets import PRESETS
from gan_core.registry import knobs
from gan_core.runtime.files import store_values

read = ExperimentConfig.from_dict


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_DATA", str(tmp_path))


def one_at_a_time():
    """Return the defaults with one component replaced, for numbers and for pictures."""
    for key, registry in REGISTRIES.items():
        for cls in registry:
            if "upload" in knobs(cls):
                continue
            part = {"name": cls.name}
            for dataset in ("normal", "mnist"):
                given = {"dataset": dataset}
                if key in ("generator", "discriminator"):
                    given["architecture"] = {key: part}
                else:
                    given[key] = part
                yield pytest.param(given, id=f"{dataset}-{key}-{cls.name}")


def is_impossible(given):
    networks = given.get("architecture", {}).values()
    return given["dataset"] == "normal" and any(
        n["name"] in ("cnn", "dcgan", "resnet") for n in networks
    )


def is_beyond_the_default_network(given):
    """Return whether the data set is of a shape that the networks of the defaults cannot make."""
    dataset = REGISTRIES["dataset"].create(given["dataset"])
    networks = dataset.kind.experiment["architecture"]
    for side, network in networks.items():
        try:
            REGISTRIES[side].create(network).check_shape(dataset.sample_shape)
        except ValueError:
            return True
    return False


COMBINATIONS = [
    case
    for case in one_at_a_time()
    if not is_impossible(case.values[0]) and not is_beyond_the_default_network(case.values[0])
]
IMPOSSIBLE = [case for case in one_at_a_time() if is_impossible(case.values[0])]


def assert_round_trips(config):
    assert read(config.to_dict()) == config
    assert ExperimentConfig.from_json(config.to_json()) == config
    assert json.loads(config.to_json()) == config.to_dict()
    assert read(config.diff_from_defaults()) == config
    assert ExperimentConfig.from_json(json.dumps(config.diff_from_defaults())) == config


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_presets_round_trip(preset):
    assert preset.look_for
    assert_round_trips(preset.config)


@pytest.mark.parametrize("given", COMBINATIONS)
def test_every_component_round_trips_in_an_experiment(given):
    assert_round_trips(read(given))


def test_every_field_round_trips():
    everything = {
        "dataset": {"name": "student_t", "df": 4.5, "loc": 1.0, "scale": 2.0},
        "prior": {"name": "sphere", "radius": 2.0},
        "latent_dim": 7,
        "architecture": {
            "generator": {
                "name": "mlp",
                "depth": 3,
                "width": 10,
                "activation": "elu",
                "normalisation": "layer",
                "output": "linear",
            },
            "discriminator": {
                "name": "maxout_mlp",
                "depth": 1,
                "width": 11,
                "pieces": 3,
                "dropout": 0.25,
                "init_range": 0.1,
            },
            "standardise": "both",
            "conditional": False,
        },
        "loss": {"name": "hinge", "margin": 0.5},
        "regularizer": {
            "name": "dragan",
            "strength": 3.0,
            "one_sided": True,
            "spread": 1.5,
        },
        "optimizer_g": {"name": "rmsprop", "lr": 0.001, "alpha": 0.5},
        "optimizer_d": {"name": "sgd", "lr": 0.125, "momentum": 0.75},
        "batch_size": 33,
        "n_critic": 4,
        "fresh_noise": True,
        "ema_decay": 0.5,
        "instance_noise": 0.25,
        "precision": "bf16",
        "seed": 2**31 - 1,
    }
    config = read(everything)
    assert config.to_dict() == everything
    assert_round_trips(config)


def test_short_dict_is_short():
    assert list(read({}).diff_from_defaults()) == ["dataset"]
    changed = read({"seed": 3, "architecture": {"generator": {"name": "mlp", "depth": 2}}})
    assert set(changed.diff_from_defaults()) == {"dataset", "seed", "architecture"}
    assert set(changed.diff_from_defaults()["architecture"]) == {"generator"}


def test_missing_parts_take_the_defaults_of_the_kind_of_data():
    assert read({}) == ExperimentConfig()
    pictures = read({"dataset": "mnist"})
    assert pictures.architecture.generator.name == "dcgan"
    assert pictures.architecture.standardise == "none"
    assert pictures.latent_dim == 64


def test_partial_component_takes_the_rest_from_the_default_of_the_same_name():
    config = read({"dataset": "mnist", "optimizer_g": {"name": "adam", "beta1": 0.25}})
    assert config.optimizer_g.to_dict() == {
        "name": "adam",
        "lr": 5e-4,
        "beta1": 0.25,
        "beta2": 0.999,
    }


def test_partial_component_of_another_name_takes_its_own_defaults():
    config = read({"dataset": "mnist", "architecture": {"generator": {"name": "cnn"}}})
    generator = config.architecture.generator
    assert generator == type(generator)()
    assert read({"optimizer_d": "sgd"}).optimizer_d.lr == 0.05


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"los": "hinge"}, "experiment: key 'los' is unknown; there are dataset, prior, "),
        ({"architecture": {"depth": 2}}, "architecture: key 'depth' is unknown; there are "),
        ({"architecture": "mlp"}, "architecture = 'mlp' is not an object"),
        ({"architecture": {"standardise": "G"}}, "'G' is not one of none, discriminator, both"),
        ({"architecture": {"standardise": []}}, r"\[\] is not one of none, discriminator, both"),
        ({"loss": {"name": "hinge", "gamma": 1}}, "hinge: key 'gamma' is unknown; .* margin"),
        ({"dataset": None}, "dataset = None is not of the form"),
        ({"prior": {"name": ["uniform"]}}, r"prior \['uniform'\] is unknown; there are uniform"),
        ({"optimizer_g": {"lr": 1.0}}, "is not of the form"),
        (None, "experiment = None is not an object"),
        ([], r"experiment = \[\] is not an object"),
        ("normal", "experiment = 'normal' is not an object"),
    ],
)
def test_what_is_no_experiment_gets_a_sentence(given, says):
    with pytest.raises(ValueError, match=says):
        read(given)


NUMBERS = [n for n, k in knobs(ExperimentConfig).items() if k.low is not None]


@pytest.mark.parametrize("name", NUMBERS)
def test_number_of_an_experiment_out_of_its_bounds_is_refused(name):
    made = knobs(ExperimentConfig)[name]
    says = f"number from {made.low:g} to {made.high:g}."
    values = (made.low - 1, made.high + 1, 10**400, math.nan, math.inf, True, "1", None, [1])
    for value in values:
        with pytest.raises(ValueError, match=f"^experiment: {name} = ") as caught:
            read({name: value})
        assert str(caught.value).endswith(says)


@pytest.mark.parametrize("given", IMPOSSIBLE)
def test_networks_for_pictures_refuse_numbers(given):
    with pytest.raises(
        ValueError, match=r"needs square pictures of .* pixels; this data set has 1\."
    ):
        read(given)


@pytest.mark.parametrize("standardise", ["discriminator", "both"])
def test_pictures_are_not_standardised(standardise):
    with pytest.raises(ValueError, match=f"standardise = '{standardise}' is for numbers"):
        read({"dataset": "mnist", "architecture": {"standardise": standardise}})


def test_networks_are_conditional_only_where_there_are_classes():
    told = {"conditional": True}
    config = read({"dataset": "mnist", "architecture": told})
    assert config.architecture.conditional
    assert_round_trips(config)
    with pytest.raises(ValueError, match=r"conditional = True needs classes, .* normal has not\."):
        read({"dataset": "normal", "architecture": told})


def test_batch_larger_than_the_data_set():
    assert read({"dataset": "mnist", "batch_size": 5000}).batch_size == 5000
    with pytest.raises(ValueError, match=r"batch_size = 5001 is larger .* 5,000 samples"):
        read({"dataset": "mnist", "batch_size": 5001})


def test_default_batch_fits_a_small_upload():
    dataset = {"name": "csv_column", "upload": store_values(np.arange(50.0))}
    assert read({"dataset": dataset}).batch_size == 50
    assert_round_trips(read({"dataset": dataset}))
    assert_round_trips(read({"dataset": dataset, "batch_size": 20}))
    with pytest.raises(ValueError, match=r"batch_size = 51 is larger .* 50 samples"):
        read({"dataset": dataset, "batch_size": 51})


def test_fewer_pictures_than_a_batch():
    with new_pack(1, 28) as writer:
        writer.append(np.zeros((3, 1, 28, 28), np.uint8))
        dataset = {"name": "folder", "upload": writer.keep("three", {})}
    assert read({"dataset": dataset}).batch_size == 3
    assert_round_trips(read({"dataset": dataset}))
    with pytest.raises(ValueError, match=r"batch_size = 4 is larger than the data set, .* 3 samp"):
        read({"dataset": dataset, "batch_size": 4})


@pytest.mark.parametrize("side", ["generator", "discriminator"])
def test_batch_norm_needs_two_samples(side):
    network = {"architecture": {side: {"name": "mlp", "normalisation": "batch"}}}
    assert read(network | {"batch_size": 2}).batch_size == 2
    with pytest.raises(ValueError, match=r"batch_size = 1 is too small .* at least 2"):
        read(network | {"batch_size": 1})


def test_with_checks_anew():
    config = read({})
    assert config.replace(seed=5).seed == 5
    with pytest.raises(ValueError, match="batch_size"):
        config.replace(batch_size=0)


def test_differences_name_the_fields():
    config = read({})
    assert config.differences(config) == []
    assert config.differences(config.replace(seed=5, n_critic=2)) == ["n_critic", "seed"]


@pytest.mark.parametrize(
    "text", ["", "{", "nul", "{'seed': 1}", '{"seed": ' + "9" * 5000 + "}", "[" * 100_000]
)
def test_text_that_is_not_json(text):
    with pytest.raises(ValueError, match=r"^This is not JSON: "):
        ExperimentConfig.from_json(text)


@pytest.mark.parametrize("depth", [100, 900, 950, 970, 980, 990])
def test_nesting_gets_a_sentence(depth):
    text = '{"loss": ' + "[" * depth + "]" * depth + "}"
    with pytest.raises(ValueError, match=r"^loss = |not JSON") as caught:
        ExperimentConfig.from_json(text)
    assert len(str(caught.value)) < 250


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def part(key):
    return st.sampled_from(REGISTRIES[key].names()).map(lambda name: {"name": name}) | SCALARS


NEARLY = st.fixed_dictionaries(
    {},
    optional={
        **{key: part(key) for key in REGISTRIES if key not in ("generator", "discriminator")},
        "architecture": JSON
        | st.fixed_dictionaries(
            {}, optional={key: part(key) for key in ("generator", "discriminator")}
        ),
        "seed": st.integers(0, 100) | SCALARS,
        "batch_size": st.integers(1, 6000) | SCALARS,
        "latent_dim": st.integers(1, 512) | SCALARS,
        "ema_decay": st.floats(0, 0.9) | SCALARS,
    },
)


def test_any_json_makes_an_experiment_or_a_sentence():
    made = 0

    @settings(max_examples=200, deadline=None, derandomize=True)
    @given(JSON | NEARLY)
    def create(given):
        nonlocal made
        try:
            config = read(given)
        except ValueError as error:
            assert str(error).endswith((".", "?"))  # noqa: PT017 -- either outcome is right
            return
        made += 1
        assert_round_trips(config)

    create()
    assert made > 10
