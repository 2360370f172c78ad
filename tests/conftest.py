"""Shared fixtures: a data folder for the tests, one server and one browser."""

import os
import shutil
from pathlib import Path

import pytest
import torch

from gan_core.data.mnist import bundled_digits
from tests.helpers.app import app
from tests.helpers.browser import chromium, installed_browser
from tests.helpers.images import digits_probe, only_one
from tests.helpers.paths import ROOT

SLOW_FOLDERS = {"browser", "engines", "ui"}
TOGETHER = ("tests/browser/test_engine_takeover.py", "tests/engines/test_compiled.py")
"""Files whose tests share a compiled step, which takes long to make: one worker runs them all."""
FIRST_TO_TRAIN = "test_evaluate_prints_every_metric_of_pictures"


def pytest_configure(config):
    torch.set_num_threads(1)  # there is a worker on each core, and small networks gain nothing


def pytest_collection_modifyitems(items):
    """Mark tests by their folder; `quick` excepts a test from it."""
    items.sort(key=_order)
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in SLOW_FOLDERS and not item.get_closest_marker("quick"):
            item.add_marker("slow")
        if folder == "browser":
            item.add_marker("browser")


def _order(item):
    """Sort the longest chains of tests to the beginning, so that no worker waits at the end.

    The first test that needs the trained classifier trains it; the others come last, for another
    worker would wait for it.
    """
    file = item.path.relative_to(ROOT).as_posix()
    if file in TOGETHER:
        return TOGETHER.index(file)
    if "trained" not in item.fixturenames:
        return 3
    return 2 if item.name == FIRST_TO_TRAIN else 4


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give tests out one by one, those of `TOGETHER` first and file by file.

    pytest 9 does not see the groups of pytest-xdist 3.8 (`xdist_group`).
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            return TOGETHER[0] if file in TOGETHER else nodeid

    return Scheduling(config, log)


@pytest.fixture(autouse=True, scope="session")
def data_folder(tmp_path_factory):
    """Keep tests away from the user's own files, from compilers, and from each other's cores."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_DATA", str(folder))
        patch.setenv("GAN_RUNS", str(folder / "runs"))
        patch.setenv("GAN_ENGINE", "eager")
        patch.setenv("GAN_THREADS", "1")
        patch.setenv("GAN_MAX_RUNS", "1000")  # tests leave running sessions behind them
        yield folder


@pytest.fixture(scope="session")
def digits():
    """The digits that come with the project."""
    return bundled_digits()


@pytest.fixture(scope="session")
def browser():
    if installed_browser() is None and not os.environ.get("CI"):
        pytest.skip("There is no Chromium here; `python -m tests.helpers.browser` installs one.")
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def address(data_folder):
    """The address of the running app."""
    with app({"GAN_DATA": str(data_folder), "GAN_RUNS": str(data_folder / "runs")}) as running:
        yield running


@pytest.fixture(scope="session")
def trained(data_folder):
    """Let the classifier of digits be trained once a test run, whichever process needs it first."""
    root = data_folder.parents[1] if os.environ.get("PYTEST_XDIST_WORKER") else data_folder.parent
    shared = root / "trained"
    shared.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, only_one(shared / "lock"):
        patch.setenv("GAN_DATA", str(shared))
        digits_probe()
    shutil.copytree(shared / "probes", data_folder / "probes", dirs_exist_ok=True)
