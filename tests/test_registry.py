"""Every registered component, and what a registry refuses."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_core.data import DATASETS
from gan_core.data.importing.packs import new_pack
from gan_core.diagnosis import CONDITIONS
from gan_core.evaluation.metrics import METRICS
from gan_core.evaluation.metrics.images import IMAGE_METRICS
from gan_core.losses import LOSSES
from gan_core.networks import DISCRIMINATORS, GENERATORS
from gan_core.optimizers import OPTIMIZERS, Adam
from gan_core.priors import PRIORS
from gan_core.registry import Component, Registry, knob, knobs
from gan_core.regularizers import REGULARIZERS
from gan_core.runtime.files import store_values

REGISTRIES = (
    DATASETS,
    PRIORS,
    GENERATORS,
    DISCRIMINATORS,
    LOSSES,
    REGULARIZERS,
    OPTIMIZERS,
    METRICS,
    IMAGE_METRICS,
    CONDITIONS,
)
COMPONENTS = [
    pytest.param(registry, cls, id=f"{registry.kind}-{cls.name}")
    for registry in REGISTRIES
    for cls in registry
]
KNOBS = [
    pytest.param(registry, cls, name, made, id=f"{registry.kind}-{cls.name}-{name}")
    for registry in REGISTRIES
    for cls in registry
    for name, made in knobs(cls).items()
]


def is_number(made):
    choices = isinstance(made.default, bool) or made.choices is not None
    return isinstance(made.default, int | float) and not choices


NUMBERS = [case for case in KNOBS if is_number(case.values[3])]
OTHERS = [case for case in KNOBS if not is_number(case.values[3])]


@pytest.fixture(autouse=True)
def uploads(tmp_path, monkeypatch):
    """Return the ids of uploaded numbers and of uploaded pictures."""
    monkeypatch.setenv("GAN_DATA", str(tmp_path))
    with new_pack(1, 28) as writer:
        writer.append(np.zeros((200, 1, 28, 28), np.uint8))
        return {"one_dim": store_values(np.arange(200.0)), "images": writer.keep("black", {})}


@pytest.fixture
def spec_of(uploads):
    """Return the shortest JSON of a component; an uploaded data set needs to know which."""

    def spec(cls):
        upload = {"upload": uploads[cls.kind_name]} if "upload" in knobs(cls) else {}
        return {"name": cls.name} | upload

    return spec


@pytest.mark.parametrize(("registry", "cls"), COMPONENTS)
def test_component_is_built_from_its_name_and_back(registry, cls, spec_of):
    made = registry.create(spec_of(cls))
    assert type(made) is cls
    assert made.to_dict() == {
        "name": cls.name,
        **{name: getattr(made, name) for name in knobs(cls)},
    }
    assert registry.create(made.to_dict()) == made
    assert registry.create(made) is made
    if "upload" not in knobs(cls):
        assert registry.create(cls.name) == made
        assert made == cls()


CHOICES = [case for case in KNOBS if case.values[3].choices is not None]


@pytest.mark.parametrize(("registry", "cls", "name", "made"), CHOICES)
def test_every_choice_is_taken_in_its_own_type(registry, cls, name, made, spec_of):
    for choice in made.choices:
        value = getattr(registry.create(spec_of(cls) | {name: choice}), name)
        assert value == choice
        assert type(value) is type(made.default)


def test_whole_choice_may_come_as_a_float():
    size = DATASETS.create({"name": "mnist", "resolution": 32.0}).resolution
    assert (size, type(size)) == (32, int)


@pytest.mark.parametrize(("registry", "cls"), COMPONENTS)
def test_card_is_complete(registry, cls):
    assert cls.title.strip()
    assert cls.summary().endswith((".", "?", "!"))
    assert "__doc__" in vars(cls)
    assert cls.__doc__ != cls.__mro__[1].__doc__
    for name, made in knobs(cls).items():
        assert made.help.strip(), name


@pytest.mark.parametrize(("registry", "cls", "name", "made"), NUMBERS)
def test_bounds_belong_to_a_number(registry, cls, name, made, spec_of):
    kind = int if isinstance(made.default, int) else float
    for bound in (made.low, made.high):
        value = getattr(registry.create(spec_of(cls) | {name: bound}), name)
        assert value == bound
        assert type(value) is kind


@pytest.mark.parametrize(("registry", "cls", "name", "made"), NUMBERS)
def test_number_out_of_its_bounds_is_refused(registry, cls, name, made, spec_of):
    beyond = [made.low - 1, made.high + 1, 10**400, -(10**400), 10**5000]
    beyond += [math.nan, math.inf, -math.inf]
    strange = [True, False, None, str(made.default), [made.default], {}]
    halves = [made.low + 0.5] if isinstance(made.default, int) else []
    for value in beyond + strange + halves:
        with pytest.raises(ValueError, match="is not a") as caught:
            registry.create(spec_of(cls) | {name: value})
        sentence = str(caught.value)
        assert sentence.startswith(f"{cls.name}: {name} = ")
        assert sentence.endswith(f"number from {made.low:g} to {made.high:g}.")
        assert len(sentence) < 250


@pytest.mark.parametrize(("registry", "cls", "name", "made"), OTHERS)
def test_value_of_another_kind_is_refused(registry, cls, name, made, spec_of):
    refused = [None, 1, 0.5, [], {}, [made.default], 10**400, math.nan]
    if made.choices is not None:
        refused += ["no such choice", "", True]
        says = f"is not one of {', '.join(map(str, made.choices))}."
    elif isinstance(made.default, bool):
        refused += ["true", 0]
        says = "is neither true nor false."
    else:
        refused += [True]
        says = "is not a text."
    for value in refused:
        with pytest.raises(ValueError, match=" = ") as caught:
            registry.create(spec_of(cls) | {name: value})
        sentence = str(caught.value)
        assert sentence.startswith(f"{cls.name}: {name} = ")
        assert sentence.endswith(says)


@pytest.mark.parametrize(("registry", "cls"), COMPONENTS)
def test_unknown_key_is_refused(registry, cls, spec_of):
    with pytest.raises(ValueError, match="'learning_rat'") as caught:
        registry.create(spec_of(cls) | {"learning_rat": 1})
    for name in knobs(cls):
        assert name in str(caught.value)


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
@pytest.mark.parametrize("name", ["no such thing", "", 3, None, True, 0.5, [], ["mlp"], {}])
def test_unknown_name_is_refused(registry, name):
    with pytest.raises(ValueError, match="unknown; there are") as caught:
        registry.create({"name": name})
    assert str(caught.value).startswith(f"{registry.kind} {name!r} ")
    for known in registry.names():
        assert known in str(caught.value)


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
@pytest.mark.parametrize("spec", [None, 3, [], {}, {"nam": "mlp"}, True, math.nan])
def test_what_describes_no_component_is_refused(registry, spec):
    with pytest.raises(ValueError, match=rf"^{registry.kind} = .* is not of the form"):
        registry.create(spec)


def test_component_of_another_registry_is_refused():
    with pytest.raises(ValueError, match=r"^loss = Adam"):
        LOSSES.create(Adam())


def test_name_is_registered_once():
    registry = Registry("thing")

    @registry.register("one", title="One")
    @dataclass(frozen=True)
    class One(Component):
        """A thing."""

    with pytest.raises(ValueError, match="thing 'one' is registered twice"):
        registry.register("one", title="Another")(One)
    assert registry.names() == ["one"]


@pytest.mark.parametrize(
    ("default", "bounds"),
    [(1.0, {}), (1, {"low": 0}), (2.0, {"low": 3.0, "high": 4.0}), ("c", {"choices": ("a", "b")})],
)
def test_knob_with_a_default_that_it_forbids_cannot_be_declared(default, bounds):
    with pytest.raises(ValueError, match="knob"):
        knob(default, **bounds)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def near_components(registry):
    """Return JSON that is right in part: a known name, known keys, values of every kind."""
    keys = sorted({name for cls in registry for name in knobs(cls)}) or ["key"]
    values = SCALARS | st.floats(0, 1) | st.integers(1, 9)
    return st.builds(
        lambda name, values: {**values, "name": name},
        st.sampled_from(registry.names()) | SCALARS,
        st.dictionaries(st.sampled_from(keys), values, max_size=2),
    )


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
def test_any_json_makes_a_component_or_a_sentence(registry):
    made = 0

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(JSON | near_components(registry))
    def create(spec):
        nonlocal made
        try:
            component = registry.create(spec)
        except ValueError as error:
            assert str(error).endswith((".", "?"))  # noqa: PT017 -- either outcome is right
            return
        made += 1
        assert component.to_dict()["name"] in registry.names()
        assert registry.create(component.to_dict()) == component

    create()
    assert made > 0
