"""Every control of the sidebar, without a browser."""

import re

import pytest

from gan_core import ExperimentConfig
from gan_core.config import REGISTRIES
from gan_core.data import DATASETS
from gan_core.diagnosis.remarks import remarks
from gan_core.registry import knobs
from tests.helpers.pages import both_pages, other_values, quick, setting, visit


def assert_follows_or_says_why(visit, name, value):
    """Set a widget; the run must show it, or stay as it is under one sentence."""
    before = visit.trainer
    visit.set(name, value)
    if said := visit.sentences():
        assert len(said) == 1, (name, value)
        assert re.search(r"[a-z] .+\.$", said[0]), (name, value)
        assert visit.trainer is before, (name, value)
    else:
        assert setting(visit.config, name) == pytest.approx(value), (name, value)
    known = {remark.sentence for remark in remarks(visit.config)}
    assert {box.value for box in visit.at.warning} == known, (name, value)


def try_all_values(opened, name):
    """Give a widget every other value, then the first one again."""
    value, before = opened.widget(name).value, opened.config
    for other in other_values(opened.widget(name)):
        assert_follows_or_says_why(opened, name, other)
    opened.set(name, value)
    assert opened.config == before, name


@both_pages
def test_every_plain_field(page):
    opened = visit(page)
    names = [name for name in opened.widgets() if name.startswith("experiment.")]
    fields = {name.split(".")[-1] for name in names}
    own = {"distributions": "standardise", "pictures": "conditional"}[page]
    assert fields == {*knobs(ExperimentConfig), own}
    for name in names:
        try_all_values(opened, name)


@pytest.mark.parametrize("section", REGISTRIES)
@both_pages
def test_every_registered_name_and_its_knobs(page, section):
    opened = visit(page)
    kind = opened.config.dataset.kind_name
    possible = [cls for cls in REGISTRIES[section] if fits(section, cls.name, kind)]
    assert opened.widget(section).options == [cls.title for cls in possible]
    for cls in possible:
        if opened.widget(section).value != cls.name:
            assert_follows_or_says_why(opened, section, cls.name)
        if setting(opened.config, section) == cls.name:
            shown = [n for n in opened.widgets() if n.startswith(f"{section}.{cls.name}.")]
            visible = {name for name, knob in knobs(cls).items() if not knob.hidden}
            assert {name.split(".")[-1] for name in shown} == visible
            for name in shown:
                try_all_values(opened, name)
    assert not opened.at.error


def fits(section, name, kind):
    """Return whether a network, or any other component, goes with numbers or with pictures."""
    if section == "dataset":
        return DATASETS[name].kind_name == kind
    spec = {section: {"name": name}}
    if section in ("generator", "discriminator"):
        spec = {"architecture": spec}
    try:
        ExperimentConfig.from_dict(
            {"dataset": {"name": "mnist" if kind == "images" else "normal"}} | spec
        )
    except ValueError:
        return False
    return True


def test_a_batch_too_small_for_batch_norm_gets_a_sentence():
    opened = visit("distributions")
    opened.set("generator.mlp.normalisation", "batch")
    before = opened.trainer
    opened.set("experiment.batch_size", 1)
    assert ["Batch size = 1 is too small" in said for said in opened.sentences()] == [True]
    assert opened.trainer is before
    opened.set("experiment.batch_size", 2)
    assert opened.sentences() == []
    assert opened.config.batch_size == 2


def test_the_whole_sidebar_stays_when_the_target_changes():
    opened = visit("distributions")
    opened.set("loss", "hinge")
    opened.set("dataset", "exponential")
    assert opened.config.dataset.name == "exponential"
    assert opened.config.loss.name == "hinge"
    assert opened.widget("loss").value == "hinge"
    opened.set("experiment.n_critic", 4)
    assert opened.config.n_critic == 4


def test_the_batch_ends_where_the_data_end():
    opened = quick("pictures")
    slider = opened.widget("experiment.batch_size")
    assert max(float(option) for option in slider.options) == opened.config.dataset.size == 5_000
    opened.set("experiment.batch_size", 5_000)
    assert opened.sentences() == []
    assert opened.config.batch_size == 5_000
