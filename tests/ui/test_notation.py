"""Words, letters and numbers that all pages have in common, and what their charts say."""

import numpy as np
import pytest
import torch

from gan_core import ExperimentConfig, Trainer
from gan_core.explain.equilibrium import SERIES, measure
from gan_core.explain.narration import minimizes_value
from gan_core.explain.step_recording import record_step
from gan_core.losses import LOSSES
from gan_core.networks.base import DISCRIMINATORS, GENERATORS
from gan_core.registry import knobs
from gan_core.regularizers import REGULARIZERS
from gan_core.training.monitoring.history import History
from gan_core.words import choice_text, number_text, setting_text, true_minus
from tests.helpers.experiments import LINE
from ui import figures
from ui.figures.primitives import DISCRIMINATOR, FAKE, REAL
from ui.figures.step import spread
from ui.lessons import SYMBOLS
from ui.views import reference

pytestmark = pytest.mark.quick


def trained(steps=3, **changes):
    config = ExperimentConfig.from_dict(LINE | changes)
    trainer = Trainer(config, "cpu", "eager")
    trainer.step(steps)
    return trainer


# Numbers and words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.500"),
        (-0.5, "−0.500"),
        (0.6931, "0.693"),
        (12.0, "12.0"),
        (999.4, "999"),
        (12_345.6, "12,346"),
        (-1.2e-5, "−1.20·10⁻⁵"),
        (0.0, "0"),
        (float("nan"), "–"),
    ],
)
def test_a_number_has_three_digits_and_a_true_minus(value, text):
    assert number_text(value) == text


def test_hyphens_of_words_and_ranges_are_no_minus():
    kept = "one-hot 3-4, 2024-01, R3-GAN -x"
    assert true_minus(kept) == kept
    assert true_minus("from -0.5 to (-3)") == "from −0.5 to (−3)"


def test_choices_and_settings_are_words():
    choices = {
        choice
        for registry in (GENERATORS, DISCRIMINATORS)
        for cls in registry
        for knob in knobs(cls).values()
        for choice in knob.choices or ()
    }
    assert "leaky_relu" in choices
    assert not [c for c in choices if "_" in choice_text(c)]
    config = ExperimentConfig.from_dict(LINE)
    assert not [name for name in config.to_dict() if "_" in setting_text(name)]


# One letter for a logit, one for a probability


@pytest.mark.parametrize("registry", [LOSSES, REGULARIZERS, DISCRIMINATORS])
def test_equations_call_the_logit_a(registry):
    for cls in registry:
        probabilistic = getattr(cls, "is_probabilistic", False)
        assert ("D(" in cls.equation) == bool(probabilistic), cls.name
        assert r"\sigma(D" not in cls.equation
        assert r"\nabla_x D" not in cls.equation


@pytest.mark.parametrize("symbol", ["V(D,G)", "D^*", r"\mathrm{JS}", "p_z", "a(x)", "D(x)"])
def test_symbols_are_explained(symbol):
    assert f"${symbol}" in SYMBOLS or f"| {symbol}" in SYMBOLS
    assert f"${symbol}" in reference.SYMBOLS


@pytest.mark.parametrize(("loss", "letter"), [("minimax", "D"), ("wasserstein", "a")])
def test_charts_call_a_probability_d_and_a_score_a(loss, letter):
    trainer = trained(loss=loss)
    snapshot, config = trainer.snapshot(), trainer.config
    names = [t["name"] for t in figures.distributions(snapshot, config, "r")["data"]]
    names += [t["name"] for t in figures.d_outputs(snapshot, config, "r")["data"]]
    assert f"{letter}(x)" in names
    other = {"D": "a", "a": "D"}[letter]
    assert not [name for name in names if f"{other}(" in name]


# The game


@pytest.mark.parametrize("name", LOSSES.names())
def test_whether_g_minimises_v_is_read_off_finite_differences(name):
    loss, h = LOSSES.create(name), 1e-5
    real, fake = torch.linspace(2, -2, 9).double(), torch.linspace(-3, 3, 9).double()

    def slope(half):
        return (half(real, fake + h) - half(real, fake - h)) / (2 * h)

    same = torch.allclose(slope(loss.generator), -slope(loss.discriminator), atol=1e-6)
    assert minimizes_value(loss) == same


def test_v_is_shown_as_g_left_it():
    trainer = trained()
    recording = record_step(trainer)
    *_, before, after = recording.records
    batch = after.update.batch
    fake = trainer.gan.generate(batch.z, batch.labels)
    with torch.no_grad():
        expected = trainer.gan.run_discriminator(trainer.gan.to_discriminator_input(fake))
    terms = after.discriminator_loss
    torch.testing.assert_close(terms.fake_logits, expected)
    torch.testing.assert_close(terms.real_logits, before.discriminator_loss.real_logits)
    assert not torch.equal(terms.fake_logits, before.discriminator_loss.fake_logits)


# Charts


def test_d_has_the_left_axis_and_densities_the_right_one_in_every_chart():
    trainer = trained()
    snapshot, config = trainer.snapshot(), trainer.config
    best = figures.against_the_best(measure(trainer, 500).curves, config, "r")
    for made in (figures.distributions(snapshot, config, "r"), best):
        layout = made["layout"]
        assert "D(x)" in layout["yaxis"]["title"]["text"]
        assert layout["yaxis2"]["title"]["text"] == "density"
        assert layout["yaxis2"]["side"] == "right"
        for trace in made["data"]:
            assert (trace.get("yaxis") == "y2") == ("density" in trace["name"])
    halves = figures.distributions(snapshot, config, "r")["layout"]["shapes"]
    assert [(s["y0"], s["y1"], s["yref"]) for s in halves] == [(0.5, 0.5, "y")]


def test_colours_mean_the_same_everywhere():
    trainer = trained()
    snapshot, config = trainer.snapshot(), trainer.config
    found = {}
    for made in (
        figures.distributions(snapshot, config, "r"),
        figures.losses(snapshot, config, "r"),
        figures.d_outputs(snapshot, config, "r"),
        figures.against_the_best(measure(trainer, 500).curves, config, "r"),
    ):
        found |= {trace["name"]: trace["line"]["color"] for trace in made["data"]}
    assert {found["target density"], found["D(x), real"]} == {REAL}
    assert {found["generated density"], found["D(G(z))"], found["loss of G"]} == {FAKE}
    assert {found["D(x)"], found["loss of D"]} == {DISCRIMINATOR}


def test_chapter_five_begins_at_step_0_and_says_what_equilibrium_is():
    trainer = trained()
    history = History(list(SERIES))
    found = measure(trainer, 500)
    history.add(found.step, found.row())
    curves = trainer.snapshot().curves.map("loss_d", {"value": np.negative})
    tracked, value = history.series(), found.equilibrium
    made = figures.towards_equilibrium(tracked, curves, value, "JS", "D", "r")
    layout = made["layout"]
    for number in ("", "2", "3"):
        assert layout[f"xaxis{number}"]["rangemode"] == "tozero"
    assert [layout[f"yaxis{n}"].get("rangemode") for n in ("2", "3")] == ["tozero"] * 2
    said = [words["text"] for words in layout["annotations"]]
    assert [text.split("equilibrium: ")[1].split("<")[0] for text in said] == ["−1.39", "0", "0"]
    assert [shape["y0"] for shape in layout["shapes"]] == pytest.approx([value, 0, 0], abs=1e-5)


def test_what_is_unknown_of_pictures_has_no_level_and_a_place_of_its_own():
    steps = np.array([10, 20])
    tracked = {"step": steps, "value": -np.ones(2), "implied": np.ones(2)}
    tracked |= {name: np.full(2, np.nan) for name in SERIES if name not in tracked}
    curves = trained().snapshot().curves.map("loss_d", {"value": np.negative})
    layout = figures.towards_equilibrium(tracked, curves, -1.386, "JS", "D", "r")["layout"]
    assert [shape["yref"] for shape in layout["shapes"]] == ["y", "y2"]
    places = [(words["x"], words["xref"]) for words in layout["annotations"]]
    assert places == [(layout[f"xaxis{n}"]["domain"][0], "paper") for n in ("", "2", "3")]
    assert "unknown" in layout["annotations"][2]["text"]


def test_arrows_on_one_line_are_spread():
    start, lane = np.array([0.0, 0.1, 0.2, 3.0]), 0.03
    end = start + 1
    lift = spread(start, end, np.full(4, 0.5), lane)
    assert lift[3] == lift[0] == 0  # nothing is in the way
    heights = np.sort(lift[:3])
    assert np.diff(heights).min() >= lane * 0.99
    apart = spread(start, end, np.array([0.1, 0.4, 0.7, 0.1]), lane)
    assert not apart.any()
