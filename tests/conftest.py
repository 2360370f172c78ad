"""What all tests share: a data folder of their own, and one server and browser to look at it."""

import os
import shutil

import pytest

from gan_core.data.mnist import bundled_digits
from tests.laboratory import app, chromium, installed_browser
from tests.probing import digits_probe, only_one


@pytest.fixture(autouse=True, scope="session")
def data_folder(tmp_path_factory):
    """Keep tests away from the user's own files, from compilers, and from each other's cores."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_DATA", str(folder))
        patch.setenv("GAN_RUNS", str(folder / "runs"))
        patch.setenv("GAN_ENGINE", "eager")
        patch.setenv("GAN_THREADS", "1")  # there is a worker on each core
        patch.setenv("GAN_MAX_RUNS", "1000")  # tests leave running sessions behind them
        yield folder


@pytest.fixture(scope="session")
def digits():
    """The digits that come with the project."""
    return bundled_digits()


@pytest.fixture(scope="session")
def browser():
    if installed_browser() is None and not os.environ.get("CI"):
        pytest.skip("There is no Chromium here; `python tests/laboratory.py` installs one.")
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
