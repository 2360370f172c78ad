"""Runs outlast their page: the way back into the past, branches, links, ended sessions."""

import json
import time

import pytest
import torch

from gan_core import ExperimentConfig, Trainer
from gan_core.storage import runs_folder
from gan_core.training.monitoring.state_history import MAX_STATES, StateHistory
from tests.helpers.pages import opened_by, visit
from ui.session.visitors import VISITORS, Connection

PAGE = "distributions"


@pytest.fixture(autouse=True)
def own_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def numbers(trainer):
    """Return everything that learns, as one vector."""
    return torch.cat([tensor.double().flatten() for tensor in trainer.optimizers.tensors()])


def trained(steps=120):
    opened = visit(PAGE, {}, steps)
    opened.press("train")
    opened.look()
    opened.press("train")
    return opened


def link_of(opened):
    """Return what stands in the page's address."""
    given = dict(opened.at.query_params)
    return {name: v if isinstance(v, str) else v[0] for name, v in given.items()}


def timeline(opened):
    return next(s for s in opened.at.select_slider if s.label == "History: step")


def look_at(opened, step):
    timeline(opened).set_value(step)
    opened.look()


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_past_is_seen_and_gone_back_to():
    opened = trained()
    run, now = opened.run, opened.trainer.step_count
    end = numbers(opened.trainer)
    steps = run.history.steps()
    assert (steps[0], steps[-1]) == (0, now)
    assert len(steps) > 40
    then = steps[len(steps) // 2]
    look_at(opened, then)
    assert run.history.displayed_snapshot().step == then
    assert run.history.displayed_snapshot().history["step"].max() <= then
    assert opened.trainer.step_count == now
    assert any(f"as it was at step {then:,}" in caption.value for caption in opened.at.caption)
    opened.press("restore_to")
    assert opened.trainer.step_count == then
    assert run.past_trainer is None
    assert opened.trainer.history.series()["step"].max() <= then
    assert run.history.steps()[-1] == then
    opened.trainer.step(now - then)
    assert torch.equal(numbers(opened.trainer), end)


def test_what_is_looked_at_is_what_was():
    opened = trained(40)
    trainer = opened.trainer
    seen = trainer.snapshot()
    trainer.step(40)
    opened.look()
    look_at(opened, seen.step)
    shown = opened.run.history.displayed_snapshot()
    assert (shown.samples == seen.samples).all()
    assert (shown.density.d == seen.density.d).all()
    assert shown.metrics == seen.metrics


def test_a_branch_is_a_run_of_its_own():
    opened = trained()
    old, now = opened.run.id, opened.trainer.step_count
    end = numbers(opened.trainer)
    steps = opened.run.history.steps()
    then = steps[20]
    look_at(opened, then)
    opened.press("branch")
    assert opened.run.history.steps() == steps[:21]
    assert f"from step {then:,} on" in opened.run.info
    assert opened.run.id != old
    assert opened.trainer.step_count == then
    assert link_of(opened)["run"] == opened.run.id
    kept, _ = runs_folder.find_run(old).open("cpu")
    assert kept.step_count == now
    assert torch.equal(numbers(kept), end)
    opened.set("loss", "hinge")
    opened.trainer.step(5)
    wait_for(lambda: runs_folder.find_run(opened.run.id) is not None)
    about = opened.run.storage.saver.about
    assert about.parent == old
    assert about.name.startswith(f"From step {then:,} of ")
    assert torch.equal(numbers(runs_folder.find_run(old).open("cpu")[0]), end)


def test_a_session_that_ends_leaves_its_run_to_the_next_one():
    first = trained()
    run_id, end = first.run.id, numbers(first.trainer)
    VISITORS.on_disconnect(Connection({first.at.session_state["visitor"]}))
    wait_for(lambda: not first.at.session_state["visitor"].runs)
    second = opened_by(run_id)
    run = second.session_state["visitor"].runs[PAGE]
    assert (run.id, run.playback.running) == (run_id, False)
    assert torch.equal(numbers(run.trainer), end)
    assert len(run.history.steps()) > 40
    assert any("back, as it was saved" in caption.value for caption in second.caption)


def test_a_run_is_in_one_tab_at_a_time():
    first = trained()
    run = first.run
    second = opened_by(run.id)
    assert second.session_state["visitor"].runs[PAGE] is run
    first.look()
    assert "opened in another tab" in first.at.info[0].value
    first.at.button[0].click().run()
    assert first.at.session_state["visitor"].runs[PAGE] is run
    second.run()
    assert "opened in another tab" in second.info[0].value


def test_a_link_to_no_run_gets_a_sentence(own_runs):
    own_runs.mkdir()
    for link in ("../../etc/passwd", "20260101-0123456789abcdef", "", "<b>x</b>"):
        at = opened_by(link)
        assert not at.exception
        assert "not on this machine" in at.warning[0].value
        assert at.session_state["visitor"].runs[PAGE].trainer.step_count == 0


def test_a_run_that_cannot_be_saved_trains_on(own_runs, monkeypatch):
    own_runs.write_text("a file where the folder's parent should be")
    monkeypatch.setenv("GAN_RUNS", str(own_runs / "runs"))
    opened = trained()
    wait_for(lambda: opened.run.storage.problem)
    opened.look()
    assert "could not be saved" in opened.at.warning[0].value
    before = opened.trainer.step_count
    opened.press("step100")
    assert opened.trainer.step_count > before
    own_runs.unlink()
    assert opened.run.save()
    opened.look()
    assert not opened.at.warning


def test_the_past_is_bounded():
    trainer = Trainer(ExperimentConfig.from_dict({}))
    trainer.step(700)
    kept = [waypoint.step for waypoint in trainer.state_history.snapshots]
    assert len(kept) == MAX_STATES
    # Every 4th up to 380 are 96; from then on every 8th is kept, and takes an older one's place.
    every_8th = list(range(0, 701, 8))
    between = list(range(4, 384, 8))[len(every_8th) - MAX_STATES :]
    assert trainer.state_history.stride == 8
    assert kept == sorted(every_8th + between)
    few = StateHistory(max_bytes=3 * trainer.state_history.snapshots[-1].nbytes)
    for waypoint in trainer.state_history.snapshots[:40]:
        if few.should_record(waypoint.step):
            few.keep(waypoint)
    assert len(few) == 3
    none = StateHistory(max_bytes=10)
    none.keep(trainer.state_history.snapshots[0])
    assert len(none) == 0
    assert not none.should_record(1)


def test_links_hold_the_run_once_it_has_begun():
    opened = visit(PAGE, {}, 3)
    assert "run" not in opened.at.query_params
    opened.press("train")
    assert link_of(opened)["run"] == opened.run.id
    assert json.loads(link_of(opened)["setup"])["dataset"]["name"] == "normal"


def test_a_run_that_is_left_for_another_page_is_saved():
    opened = visit(PAGE, {}, 120)
    opened.press("train")
    opened.look()
    run = opened.run
    assert run.playback.running
    opened.at.switch_page("pages/6_Runs.py").run()
    assert not opened.at.exception
    assert runs_folder.find_run(run.id).checkpoints[-1].step == run.trainer.step_count > 0


def test_a_run_that_makes_room_is_kept_and_the_page_says_where():
    opened = trained()
    old, steps = opened.run.id, opened.trainer.step_count
    wait_for(lambda: opened.run.storage.saver.saved)
    opened.press("reset")
    assert any(f"of {steps:,} steps, is kept" in caption.value for caption in opened.at.caption)
    assert runs_folder.find_run(old).checkpoints[-1].step == steps
    opened.press("step1")
    assert not any("is kept on the page" in caption.value for caption in opened.at.caption)
