"""Another visitor's run: watched live and as it was saved, branched, begun anew, claimed."""

import pytest
import torch

from gan_core.storage import runs_folder
from gan_core.storage.run_owner import is_owner, read_owner
from tests.helpers.pages import BROWSER, OTHER_BROWSER, both_pages, opened_by, quick
from ui.session.visitors import VISITORS, Connection


@pytest.fixture(autouse=True)
def own_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def trained(page):
    opened = quick(page, frame=60)
    opened.press("train")
    opened.look()
    opened.press("train")
    opened.look()
    assert opened.run.save()
    return opened


def weights(trainer):
    return torch.cat([tensor.double().flatten() for tensor in trainer.optimizers.tensors()])


def press(at, name):
    at.button(key=name).click().run()
    assert not at.exception


@both_pages
def test_a_stranger_watches_and_changes_nothing(page):
    owner = trained(page)
    run, end = owner.run, weights(owner.trainer)
    at = opened_by(run.id, page, OTHER_BROWSER)
    assert not at.exception
    assert "You watch another visitor's run, live" in at.info[0].value
    assert {button.label for button in at.button} == {
        "Make it mine from here",
        "Begin the same set-up",
        "Stop watching",
    }
    assert at.session_state["visitor"].runs == {}
    assert run.num_watchers == 1
    owner.look()
    assert owner.run is run
    assert torch.equal(weights(run.trainer), end)
    owner.press("step10")
    owner.train_until_paused(10)
    at.run()
    watched = at.session_state["visitor"].watched[page]
    assert watched.snapshot.step == run.step
    press(at, f"{page}.stop_watching")
    assert run.num_watchers == 0
    assert at.session_state["visitor"].runs[page].step == 0


@both_pages
def test_a_branch_of_a_watched_run_is_the_watchers_own(page):
    owner = trained(page)
    at = opened_by(owner.run.id, page, OTHER_BROWSER)
    press(at, f"{page}.make_mine")
    made = at.session_state["visitor"].runs[page]
    assert made.id != owner.run.id
    assert made.step == owner.run.step
    assert torch.equal(weights(made.trainer), weights(owner.trainer))
    made.storage.saver.wait()
    folder = runs_folder.find_run(made.id)
    assert is_owner(folder.path, OTHER_BROWSER)
    assert is_owner(runs_folder.find_run(owner.run.id).path, BROWSER)
    made.trainer.step(3)
    owner.trainer.step(3)
    assert torch.equal(weights(made.trainer), weights(owner.trainer))


def test_the_same_set_up_begins_at_step_0():
    owner = trained("distributions")
    at = opened_by(owner.run.id, "distributions", OTHER_BROWSER)
    press(at, "distributions.begin_same")
    made = at.session_state["visitor"].runs["distributions"]
    assert (made.step, made.config) == (0, owner.config)


def test_who_watches_follows_a_reset_and_the_end_of_the_session():
    owner = trained("distributions")
    run_id, saved = owner.run.id, owner.run.step
    at = opened_by(run_id, "distributions", OTHER_BROWSER)
    watched = at.session_state["visitor"].watched["distributions"]
    owner.press("new_seed")
    owner.look()
    at.run()
    assert not at.exception
    assert watched.snapshot.step == 0
    assert watched.trainer is owner.trainer
    visitor = owner.at.session_state["visitor"]
    VISITORS.on_disconnect(Connection({visitor}))
    while visitor.runs:
        pass
    at.run()
    assert not at.exception
    assert f"as it was saved at step {saved:,}" in at.info[0].value
    assert at.session_state["visitor"].watched["distributions"].how == "saved"
    back = opened_by(run_id, "distributions", BROWSER)
    assert back.session_state["visitor"].runs["distributions"].step == saved
    at.run()
    assert "live" in at.info[0].value


def test_a_run_without_an_owner_becomes_the_first_ones_and_stays_that():
    owner = trained("distributions")
    folder = runs_folder.find_run(owner.run.id)
    owner.run.storage.close()
    del owner.at.session_state["visitor"].runs["distributions"]
    (folder.path / ".owner").unlink()
    first = opened_by(folder.id, "distributions", OTHER_BROWSER)
    assert first.session_state["visitor"].runs["distributions"].id == folder.id
    assert is_owner(folder.path, OTHER_BROWSER)
    second = opened_by(folder.id, "distributions", BROWSER)
    assert "You watch" in second.info[0].value
    assert len(read_owner(folder.path)) == 64


def test_a_damaged_owner_file_is_no_owner(tmp_path):
    for content in (b"", b"x" * 64, b"\xff" * 64, b"0" * 63):
        (tmp_path / ".owner").write_bytes(content)
        assert read_owner(tmp_path) is None
        assert not is_owner(tmp_path, "")
