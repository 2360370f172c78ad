"""The doctor's line on the pages, without a browser."""

import re

from gan_core import ExperimentConfig
from gan_core.diagnosis import CONDITIONS
from tests.helpers.pages import quick, visit

SGD = {"name": "sgd", "lr": 0.02}
FAST = {"name": "adam", "lr": 0.01, "beta1": 0.0, "beta2": 0.9}
STARVED = {
    "dataset": {"name": "normal", "mean": 8.0, "std": 1.0},
    "loss": {"name": "minimax"},
    "regularizer": {"name": "none"},
    "optimizer_g": SGD,
    "optimizer_d": FAST,
    "n_critic": 3,
}
COIN = {"dataset": {"name": "normal"}, "prior": {"name": "bernoulli"}}
WILD = {"name": "sgd", "lr": 100.0}


def look_at(page, frames=1):
    for _ in range(frames):
        page.look()


def test_a_run_that_has_not_begun_is_too_early_to_judge():
    for name in ("distributions", "pictures"):
        page = quick(name)
        assert "Too early to say" in page.verdict()
        assert page.remedies() == []
        page.at.session_state[f"{name}.evidence"] = True  # open
        page.look()
        table = next(m.value for m in page.at.markdown if m.value.startswith("| | measured"))
        assert all(cls.title in table for cls in CONDITIONS)


def advised(page):
    """Pause until the remedies have been tried on copies of the run; return the buttons."""
    page.press("train")  # it is Pause now
    page.wait(page.remedies)
    return page.remedies()


def test_remedies_are_tried_and_the_best_is_applied_once():
    page = visit("distributions", STARVED, frame=150)
    page.press("train")
    look_at(page, 2)
    assert "G is starved of gradient" in page.verdict()
    assert "trying on copies" in page.verdict()
    assert page.remedies() == []
    trainer, steps = page.trainer, page.trainer.step_count
    first, second = advised(page)
    assert page.trainer.step_count == steps  # copies were trained, not the run
    assert {first.label, second.label} <= {
        "Use the non-saturating loss",
        "Calm both: non-saturating loss, penalty, usual learning rates",
        "Divide D's learning rate by 4",
    }
    outcomes = [float(re.search(r": ([\d.]+) std", b.help).group(1)) for b in (first, second)]
    unchanged = float(re.search(r"([\d.]+) std without", page.verdict()).group(1))
    assert outcomes[0] <= outcomes[1] < 0.7 * unchanged
    page.press("train")
    page.remedies()[0].click()
    page.look()
    assert page.trainer is trainer
    assert page.run.playback.running
    assert page.config != ExperimentConfig.from_dict(STARVED)
    assert page.widget("loss").value == page.config.loss.name
    assert [words for _, words in page.trainer.config_changes] == [first.label.split(":")[0]]
    assert page.remedies() == []  # just changed: too early


def test_only_a_trial_of_remedies_takes_a_trial_s_time():
    measurements = quick("pictures").run.measurements
    measurements.evaluate()
    assert measurements.busy
    assert not measurements.tries_remedies
    page = visit("distributions", STARVED, frame=150)
    page.press("train")
    look_at(page, 2)
    measurements = page.run.measurements
    assert measurements.tries_remedies
    advised(page)
    assert not measurements.tries_remedies


def test_a_remedy_that_cannot_be_live_begins_a_new_run():
    page = visit("distributions", COIN)
    assert "cannot reach" in page.verdict()
    assert "2 different" in page.verdict()
    trainer = page.trainer
    first = page.remedies()[0]
    assert first.label.startswith("Start anew")
    first.click()
    page.look()
    assert page.trainer is not trainer
    assert page.config.prior.name == "uniform"
    assert not page.run.playback.running
    assert page.widget("prior").value == "uniform"


def test_a_diverged_run_trains_on_with_its_remedy():
    page = visit("distributions", {"optimizer_g": WILD, "optimizer_d": WILD}, frame=25)
    page.press("train")
    page.train_until_paused(10)
    page.look()
    assert page.trainer.failure is not None
    assert "Diverging" in page.verdict()
    page.wait(page.remedies)
    first = page.remedies()[0]
    assert first.label.endswith("and train on")
    first.click()
    page.look()
    assert page.run.playback.running
    assert page.trainer.failure is None
    assert page.trainer.step_count > 0


def test_the_doctor_makes_no_second_snapshot_while_it_trains(monkeypatch):
    page = visit("distributions", frame=10)
    page.press("train")
    taken = []
    original = type(page.trainer).snapshot

    def counted(trainer):
        taken.append(1)
        return original(trainer)

    monkeypatch.setattr(type(page.trainer), "snapshot", counted)
    look_at(page, 3)
    assert len(taken) == 3
