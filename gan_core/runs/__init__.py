"""Runs on the disk: folders, saving and thinning, and runs without the dashboard."""

from gan_core.runs.drawing import HEIGHT, WIDTH, picture
from gan_core.runs.folder import RunFolder, all_folders, find, new_folder, runs_folder
from gan_core.runs.headless import Interrupted, Orders, begin, resume, train
from gan_core.runs.keeper import Keeper
from gan_core.runs.stopping import Condition
from gan_core.runs.using import is_ready, located, open_run, prepare, sample_picture

__all__ = [
    "HEIGHT",
    "WIDTH",
    "Condition",
    "Interrupted",
    "Keeper",
    "Orders",
    "RunFolder",
    "all_folders",
    "begin",
    "find",
    "is_ready",
    "located",
    "new_folder",
    "open_run",
    "picture",
    "prepare",
    "resume",
    "runs_folder",
    "sample_picture",
    "train",
]
