"""A run is open in one process at a time; the other process here is a real one."""

import signal
import subprocess
import sys
import time

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import ExperimentConfig
from gan_core.cli import headless
from gan_core.cli.headless import TrainOptions
from gan_core.cli.main import main
from gan_core.storage import run_zip
from gan_core.storage.run_folder import RunFolder
from gan_core.storage.run_lock import LOCK, RunLock, is_held_elsewhere
from gan_core.storage.runs_folder import open_run
from tests.helpers.commands import start_command
from tests.helpers.paths import HOME
from tests.helpers.runs import a_run

pytestmark = pytest.mark.slow

PAGE, DISTRIBUTIONS = "pages/6_Runs.py", "pages/1_Distributions.py"
LINE = ExperimentConfig.from_dict({"dataset": "normal", "batch_size": 16})


@pytest.fixture(autouse=True)
def runs_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def in_training(tmp_path):
    """A run's folder, and the process that trains it until the test ends."""
    folder = a_run("trained elsewhere")
    process = start_command("train", "--resume", folder.path, "--steps", 10**9, "--autosave", "1s")
    try:
        deadline = time.monotonic() + 60
        while not is_held_elsewhere(folder.path):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield folder, process
    finally:
        process.kill()
        process.communicate()


def test_a_second_training_is_refused_until_the_first_one_ends(in_training, capfd):
    folder, process = in_training
    assert main(["train", "--resume", str(folder.path), "--steps", "10"]) != 0
    said = capfd.readouterr().err
    assert "open in another process" in said
    assert "Traceback" not in said
    process.send_signal(signal.SIGKILL)
    process.wait()
    goal = open_run(folder.path).step_count + 5
    assert headless.resume(folder.path, TrainOptions(goal)).step_count == goal
    assert not is_held_elsewhere(folder.path)


def test_the_page_leaves_a_run_alone_that_another_process_trains(in_training):
    folder, _ = in_training
    page = AppTest.from_file(str(HOME), default_timeout=60).switch_page(DISTRIBUTIONS)
    page.query_params["run"] = folder.id
    page.run()
    assert not page.exception
    assert "open in another process" in page.info[0].value
    assert page.session_state["visitor"].runs == {}
    assert page.session_state["visitor"].watched["distributions"].step > 0
    runs = AppTest.from_file(str(HOME), default_timeout=60).switch_page(PAGE).run()
    table = runs.dataframe[0].value
    assert table["Name"][0].endswith("(open elsewhere)")
    copy = run_zip.duplicate(folder)
    assert not is_held_elsewhere(copy.path)


def test_a_page_holds_its_run_until_it_lets_go_of_it(tmp_path):
    folder = a_run("of the page")
    page = AppTest.from_file(str(HOME), default_timeout=60).switch_page(DISTRIBUTIONS)
    page.query_params["run"] = folder.id
    page.run()
    run = page.session_state["visitor"].runs["distributions"]
    assert run.id == folder.id
    assert _held_for_others(folder.path)
    run.restart(LINE)
    assert not _held_for_others(folder.path)
    assert headless.resume(folder.path, TrainOptions(4)).step_count == 4


def test_holds_of_one_process_share_the_run(tmp_path):
    first, second = RunLock(tmp_path), RunLock(tmp_path)
    first.acquire()
    second.acquire()
    first.release()
    assert _held_for_others(tmp_path)
    second.release()
    second.release()
    assert not _held_for_others(tmp_path)


def test_a_folder_that_was_removed_is_held_anew(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.acquire_lock()  # there is nothing to hold yet
    assert not folder.path.exists()
    for _ in range(2):
        folder.create()
        folder.acquire_lock()
        assert _held_for_others(folder.path)
        folder.delete()


def _held_for_others(folder) -> bool:
    """Ask another process."""
    code = "import sys, filelock; filelock.FileLock(sys.argv[1]).acquire(timeout=0)"
    words = [sys.executable, "-c", code, str(folder / LOCK)]
    asked = subprocess.run(words, capture_output=True, check=False, text=True)
    assert asked.returncode == 0 or "Timeout" in asked.stderr
    return asked.returncode != 0


def test_the_lock_is_no_part_of_a_zip(tmp_path):
    folder = a_run("one")
    folder.acquire_lock()
    assert (folder.path / LOCK).exists()
    with (tmp_path / "run.zip").open("wb+") as file:
        run_zip.export_run(folder, file)
        made = run_zip.import_run(file)
    assert LOCK not in {path.name for path in made.path.iterdir()}
