"""What the pages say of settings that do something else than they promise."""

import json

import pytest

from tests.helpers.pages import visit
from tests.helpers.picture_pages import latent_page

BATCH_NORM = {"discriminator": {"name": "mlp", "normalisation": "batch"}}
SMALL = {"generator": {"name": "mlp", "width": 8}, "discriminator": {"name": "mlp", "width": 8}}


def words(elements):
    return " ".join(element.value for element in elements)


def test_batch_norm_in_d_is_remarked_on_at_both_knobs_until_it_is_gone():
    opened = visit("distributions", {"dataset": {"name": "normal"}, "architecture": BATCH_NORM})
    said = [warning.value for warning in opened.at.sidebar.warning]
    assert len([sentence for sentence in said if sentence.startswith("R1 with batch norm")]) == 2
    assert len([sentence for sentence in said if "G never learns it" in sentence]) == 1
    assert "The curve D(x) is D at rest: with the mean and spread" in words(opened.at.caption)
    opened.set("discriminator.mlp.normalisation", "layer")
    assert not opened.at.sidebar.warning
    assert "at rest" not in words(opened.at.caption)


def test_fresh_noise_is_chosen_while_the_run_goes_on():
    opened = visit("distributions")
    opened.press("step10")
    opened.train_until_paused(most_frames=10)
    trainer = opened.trainer
    opened.set("experiment.fresh_noise", True)
    assert opened.config.fresh_noise
    assert opened.trainer is trainer
    assert trainer.config_changes[-1] == (10, "fresh noise False → True")


@pytest.mark.parametrize(
    ("prior", "way", "said"),
    [
        ("bernoulli", "Walk", "14 of 16 points are no z that the Bernoulli ±1 prior ever draws"),
        ("uniform", "Sheet", "points would go beyond -1 to 1, where there is no noise"),
        ("gaussian", "Sheet", ""),
    ],
)
def test_the_latent_page_counts_points_that_are_no_noise(prior, way, said):
    setup = {"dataset": "mnist", "prior": prior, "architecture": SMALL, "latent_dim": 8}
    opened = latent_page(json.dumps(setup))
    opened.at.segmented_control(key="latent.kind").set_value(way).run()
    shown = words(opened.at.markdown)
    assert said in shown
    assert ("points" in shown) == bool(said)
