"""A step under the magnifying glass is the step itself, and its story tells the step's numbers."""

import math
import re

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from gan_core.explain.narration import explain, latex_number, value_of_game
from gan_core.explain.step_recording import LINES, SHOWN, record_step
from gan_core.losses import LOSSES
from gan_core.words import number_text
from tests.helpers.experiments import EXPERIMENTS, LINE, flat, restore_trainer

pytestmark = [pytest.mark.slow, pytest.mark.typed]


def axis_of(trainer):
    line = trainer.snapshot().density
    return None if line is None else line.x


def numbers_in(text):
    """Return the decimal numbers of a LaTeX formula, powers of ten worked out."""
    text = re.sub(r"\\cdot10\^\{(-?\d+)\}", r"e\1", text)
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", text)]


def close(shown, value):
    """Whether a number that was shown to four digits is that value."""
    return shown == pytest.approx(value, rel=1e-3, abs=1e-12)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_looking_changes_no_bit(name):
    seen, unseen = restore_trainer(EXPERIMENTS[name], 2), restore_trainer(EXPERIMENTS[name], 2)
    for _ in range(3):
        record_step(seen, axis_of(seen))
    unseen.step(3)
    assert seen.step_count == unseen.step_count == 5
    for a, b in ((seen.generator, unseen.generator), (seen.discriminator, unseen.discriminator)):
        for key, value in a.state_dict().items():
            assert torch.equal(value, b.state_dict()[key]), key
    for key, value in seen.snapshot().statistics.items():
        assert value == unseen.snapshot().statistics[key], key


def test_a_step_left_half_way_is_completed_first():
    trainer, straight = (
        restore_trainer({**LINE, "n_critic": 2}),
        restore_trainer({**LINE, "n_critic": 2}),
    )
    assert trainer.step(1, lambda: False) == 0
    made = record_step(trainer)
    straight.step(2)
    assert made.step == trainer.step_count == 2
    assert torch.equal(flat(trainer.generator), flat(straight.generator))


@pytest.mark.parametrize("n_critic", [1, 3])
def test_lines_come_in_the_order_of_the_algorithm(n_critic):
    made = record_step(restore_trainer({**LINE, "n_critic": n_critic}))
    of_d = [line.key for line in LINES if line.of_d]
    of_g = [line.key for line in LINES if not line.of_d]
    assert [m.line.key for m in made.records] == of_d * n_critic + of_g
    repetitions = [m.repetition for m in made.records]
    assert repetitions == sorted(repetitions)
    assert repetitions[-1] == n_critic


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_story_tells_the_numbers_of_the_step(name):
    """The recording agrees with the trainer's own statistics and weights."""
    trainer = restore_trainer(EXPERIMENTS[name], 4)
    config = trainer.config
    before = {"D": flat(trainer.discriminator), "G": flat(trainer.generator)}
    made = record_step(trainer, axis_of(trainer))
    after = {"D": flat(trainer.discriminator), "G": flat(trainer.generator)}
    statistics = trainer.snapshot().statistics
    last = {moment.line.key: moment for moment in made.records}
    story = {key: explain(config, moment) for key, moment in last.items()}

    assert close(numbers_in(story["loss_d"].numbers)[-1], statistics["loss_d"])
    assert close(numbers_in(story["loss_g"].numbers)[-1], statistics["loss_g"])
    for side in "DG":
        told = numbers_in(story[f"gradient_{side.lower()}"].numbers.split("=")[1])
        assert close(told[0], statistics[f"grad_norm_{side.lower()}"])
    assert number_text(statistics["d_real"]) in story["loss_d"].sentence
    assert number_text(statistics["d_fake_before"]) in story["loss_g"].sentence
    assert (number_text(statistics["penalty"]) in story["loss_d"].sentence) or not statistics[
        "penalty"
    ]

    moved = numbers_in(story["update_g"].numbers.split("=")[1])
    assert close(moved[0], (after["G"] - before["G"]).norm().item())
    assert last["update_g"].weight_update.of_the_other == 0
    if config.n_critic == 1:
        moved = numbers_in(story["update_d"].numbers.split("=")[1])
        assert close(moved[0], (after["D"] - before["D"]).norm().item())
        assert last["update_d"].weight_update.of_the_other == 0
    assert all(sentence for _, _, sentence in story.values())


def test_the_first_terms_and_the_mean_by_hand():
    trainer = restore_trainer(LINE, 10)
    made = record_step(trainer)
    last = {moment.line.key: moment for moment in made.records}
    bill = last["loss_d"].update.loss_terms
    each = softplus(-bill.real_logits) + softplus(bill.fake_logits)
    told = numbers_in(explain(trainer.config, last["loss_d"]).numbers)
    assert told[:3] == pytest.approx([each[0].item(), each[1].item(), 32], rel=1e-3)
    assert told[3] == pytest.approx(each.mean().item(), rel=1e-3)
    value = value_of_game(trainer.config, bill)[1]
    on_real, on_fake, whole = numbers_in(value.replace("- ", "-"))
    assert on_real == pytest.approx(-softplus(-bill.real_logits).mean().item(), rel=1e-3)
    assert on_fake == pytest.approx(-softplus(bill.fake_logits).mean().item(), rel=1e-3)
    assert whole == pytest.approx(-each.mean().item(), rel=1e-3)


def test_scenes_show_what_the_networks_said():
    """On the line, without dropout, every answer lies on the curve of its moment."""
    trainer = restore_trainer(LINE, 30)
    x = axis_of(trainer)
    made = record_step(trainer, x)
    scenes = {moment.line.key: moment.view for moment in made.records}
    assert len(scenes["noise"].fake) == SHOWN
    assert scenes["noise"].real is None
    assert scenes["noise"].d_output_fake is None
    for key in ("loss_d", "update_d", "loss_g"):
        seen = scenes[key]
        on_curve = np.interp(seen.fake, x, seen.curve)
        assert seen.d_output_fake == pytest.approx(on_curve, abs=0.01)
    seen = scenes["update_d"]
    assert np.abs(seen.curve - seen.curve_before).max() > 0
    assert seen.curve_before == pytest.approx(scenes["loss_d"].curve, abs=0)
    moved = scenes["update_g"]
    assert moved.fake_before == pytest.approx(scenes["noise"].fake, abs=0)
    z = made.records[-1].update.batch.z[:SHOWN]
    with torch.no_grad():
        now = trainer.generator(z).squeeze(1).numpy()
    assert moved.fake == pytest.approx(now, abs=1e-6)


def test_forces_lift_d_on_real_samples_and_lower_it_on_generated_ones():
    seen = record_step(restore_trainer(LINE, 5)).records[3].view
    logits = np.log(seen.d_output_real / (1 - seen.d_output_real))
    assert seen.logit_force_real == pytest.approx(1 / (1 + np.exp(logits)), rel=1e-4)
    assert seen.logit_force_fake == pytest.approx(-seen.d_output_fake, rel=1e-4)


def test_pushes_of_a_step_are_slopes_of_g_s_loss():
    trainer = restore_trainer(LINE, 20)
    made = record_step(trainer, axis_of(trainer))
    seen = next(m for m in made.records if m.line.key == "gradient_g").view
    x, h = seen.fake, 1e-3

    def loss_at(points):
        # D has not moved since: G's update leaves it alone.
        logits = trainer.discriminate(torch.as_tensor(points, dtype=torch.float32).unsqueeze(1))
        return softplus(-logits).double().numpy()

    slope = (loss_at(x + h) - loss_at(x - h)) / (2 * h)
    assert np.median(np.abs(seen.push[:, 0] + slope)) < 1e-3 * np.abs(slope).max() + 1e-4


@pytest.mark.parametrize("loss", LOSSES.names())
def test_every_loss_has_a_story(loss):
    made = record_step(restore_trainer({**LINE, "loss": loss}, 2))
    config = made.config
    for moment in made.records:
        told = explain(config, moment)
        assert told.formula
        assert "nan" not in told.numbers.lower()
    assert math.isfinite(
        numbers_in(value_of_game(config, made.records[0].update.loss_terms)[1])[-1]
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.69314, "0.6931"),
        (0.0, "0"),
        (-1.2e-5, r"-1.200\cdot10^{-5}"),
        (123456.0, r"1.235\cdot10^{5}"),
    ],
)
def test_numbers_are_shown_to_a_few_digits(value, shown):
    assert latex_number(value).startswith(shown)


def test_what_is_not_a_number_is_reported_as_such():
    assert latex_number(math.nan) == r"\text{not a number}"
