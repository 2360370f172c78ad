"""Levels that curves are compared to are named beside the curves, not on them."""

import pytest

from gan_core import ExperimentConfig, Trainer
from tests.helpers.experiments import DIGITS, LINE
from ui import figures

WASSERSTEIN = {"loss": "wasserstein", "regularizer": "gradient_penalty"}


@pytest.mark.parametrize(
    ("experiment", "named"),
    [
        (LINE, ["D's equilibrium 1.39", "G's equilibrium 0.693"]),
        (DIGITS | {"loss": "minimax"}, ["D's equilibrium 1.39", "G's equilibrium −0.693"]),
        (LINE | WASSERSTEIN, None),
    ],
)
def test_equilibria_are_named_in_the_legend_alone(experiment, named):
    config = ExperimentConfig.from_dict(experiment)
    trainer = Trainer(config, "cpu", "eager")
    for _ in range(2):  # the legend is whole before the first step
        layout = figures.losses(trainer.snapshot(), config, "r")["layout"]
        assert layout["annotations"] == []
        shown = [shape["name"] for shape in layout["shapes"] if shape["showlegend"]]
        assert len(shown) == len(layout["shapes"]) > 0
        trainer.step(3)
    if named is not None:
        assert shown == named
    else:
        assert "G: any" in shown[0]


def test_small_charts_name_their_levels_above_the_curves():
    config = ExperimentConfig.from_dict(LINE)
    trainer = Trainer(config, "cpu", "eager")
    trainer.step(2)
    layout = figures.distances(trainer.snapshot(), "r")["layout"]
    said = [words for words in layout["annotations"] if "perfect sampler" in words["text"]]
    assert len(said) == 3
    for words in said:
        assert words["yref"].endswith(" domain")
        assert (words["y"], words["yanchor"]) == (1, "bottom")
