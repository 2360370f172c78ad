"""A visitor's runs, one a page; the only user of session_state."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from typing import Any

import streamlit as st

from gan_core import ExperimentConfig, Trainer
from gan_core.config import MUTABLE_FIELDS
from gan_core.runtime.cpu_threads import THREADS
from gan_core.storage import run_folder
from gan_core.storage.run_folder import RunFolder
from gan_core.storage.run_lock import is_held_elsewhere
from ui.hall import HALL, Lab, Visit
from ui.keeping import Keeping
from ui.run import Run

LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded")
LINK_KEY, RUN_KEY = "setup", "run"
ASK_BEYOND = 1_000
"""A run of more steps than this is not dropped without asking."""


THREADS.reserve_one()
gc.freeze()  # what is imported by now is never garbage, and need not be looked at again


def lab() -> Lab:
    if "lab" not in st.session_state:
        st.session_state["lab"] = Lab()
    return st.session_state["lab"]


def attend() -> None:
    """Let this visitor's runs be saved, and their memory given back, when the session ends."""
    _presence().labs.add(lab())


@st.cache_resource(scope="session", on_release=HALL.see_off, show_spinner=False)
def _presence() -> Visit:
    """Return what Streamlit lets go of when the browser's tab is closed."""
    return HALL.visit()


def widget(key: str, value: Any) -> str:
    """Give a widget its first value, once, and return its key."""
    if key not in st.session_state:
        st.session_state[key] = value
    return key


def value(key: str) -> Any:
    """Return a widget's present value."""
    return st.session_state[key]


def steps_per_frame() -> int | None:
    """Return the exact number of steps a frame that a test asked for, if any."""
    return st.session_state.get("steps_per_frame")


def open_run(page: str, default: dict[str, Any], use_link: bool = True) -> Run:
    """Return the page's run: the one in the link, one made from its set-up, or from `default`.

    `default` is an experiment as `ExperimentConfig.from_dict` reads it; a link is taken only if
    its data set is of the same kind.
    """
    attend()
    put_by(page)
    here = lab()
    if page not in here.runs:
        here.runs[page] = (use_link and _linked_run(page, default)) or _from_setup(
            page, default, use_link
        )
    run = here.runs[page]
    run.turn += 1
    return run


def put_by(shown: str | None = None, wait: bool = False) -> None:
    """Save the runs that are open and not shown: nobody trains them, and they may be copied."""
    for page, run in lab().runs.items():
        if page != shown and run.trainer.step_count:
            run.kept.save(run.latest, run.measuring.qualities, wait)


def _linked_run(page: str, default: dict[str, Any]) -> Run | None:
    """Return the run whose id is in the link: open somewhere else, or kept on the disk."""
    run_id = st.query_params.get(RUN_KEY)
    if run_id is None:
        return None
    here = lab()
    if run_id in here.lost:
        _say_it_is_elsewhere(run_id)
    pictures = ExperimentConfig.from_dict(default).dataset.pictures
    claimed = HALL.claim(run_id, here, pictures)
    if claimed is not None:
        claimed.page = page
        claimed.show_config()
        return claimed
    folder = run_folder.find_run(run_id)
    if folder is None:
        here.messages.append(
            "The run in the link is not on this machine (it may have been deleted, or never "
            "trained); its set-up begins anew."
        )
        return None
    return _opened(page, folder, pictures)


def _opened(page: str, folder: RunFolder, pictures: bool) -> Run | None:
    """Return a run from the disk, unless it is of another kind, or cannot be read."""
    here = lab()
    try:
        folder.acquire_lock()
        trainer, said = folder.open("auto")
    except ValueError as error:
        folder.release_lock()
        here.messages.append(f"The run could not be opened. {error}")
        return None
    here.messages += said
    if trainer.config.dataset.pictures != pictures:
        folder.release_lock()
        return None
    run = Run(page, trainer, kept=Keeping(trainer, folder))
    step = trainer.step_count
    run.remark = f"The run is back, as it was saved at step {step:,}. Train goes on from there."
    return run


def _say_it_is_elsewhere(run_id: str) -> None:
    """Say that the run was opened in another tab, and draw nothing else."""
    st.info("This run was opened in another tab, and goes on there.")
    st.button("Bring it back here", on_click=lambda: lab().lost.discard(run_id))
    st.stop()


def open_saved(folder: RunFolder) -> str | None:
    """Open a run from the disk, or from another tab; return its page, or None with a message."""
    about, here = folder.metadata(), lab()
    if about is None:
        here.messages.append(f"{folder.id} holds no run that can be read.")
        return None
    pictures = ExperimentConfig.from_dict(about.experiment).dataset.pictures
    page = "pictures" if pictures else "distributions"
    known = here.runs.get(page)
    if known is not None and known.id == folder.id:
        return page
    run = HALL.claim(folder.id, here, pictures) or _opened(page, folder, pictures)
    if run is None:
        return None
    if known is not None:
        known.pause()
        known.save()
        known.kept.close()
        run.revision = known.revision
    run.page = page
    here.runs[page] = run
    run.show_config()
    return page


def open_here(run_id: str) -> Run | None:
    """Return the run of that id if this visitor has it open."""
    return next((run for run in lab().runs.values() if run.id == run_id), None)


def is_open_elsewhere(folder: RunFolder) -> bool:
    """Say whether another visitor, or another process, has the run open."""
    if open_here(folder.id) is not None:
        return False
    return HALL.is_open(folder.id) or is_held_elsewhere(folder.path)


def drop(run_id: str) -> None:
    """Forget a run that is about to be deleted, without saving it once more."""
    run = open_here(run_id)
    if run is not None:
        run.pause()
        del lab().runs[run.page]
        run.kept.close()


def is_shared() -> bool:
    """Say whether others than whoever started this server may be looking: they have no login.

    It is theirs alone if it listens on this machine only and is asked for by that name, by no
    proxy. A proxy that hands over neither its visitors' host nor their address would be missed.
    """
    host = (st.context.headers.get("Host") or "").rsplit(":", 1)[0]
    through_a_proxy = any(name in st.context.headers for name in FORWARDED)
    listens_here = st.get_option("server.address") in LOOPBACK
    return through_a_proxy or not listens_here or bool(host and host not in LOOPBACK)


def if_owned(run: Run, action: Callable[..., None], *args: Any) -> None:
    """Do what was clicked, unless the run has left since, for the disk or for another tab."""
    if owns(run):
        action(*args)


def owns(run: Run) -> bool:
    """Say whether the run is still this visitor's: it may have been opened in another tab."""
    return lab().runs.get(run.page) is run


def _from_setup(page: str, default: dict[str, Any], use_link: bool) -> Run:
    config = ExperimentConfig.from_dict(default)
    if use_link and LINK_KEY in st.query_params:
        try:
            config = _from_link(st.query_params[LINK_KEY], config)
        except ValueError as error:
            lab().messages.append(f"The set-up in the link was not used. {error}")
    return _new_run(page, config, config.from_dict(default))


def link_is_of_pictures() -> bool | None:
    """Say of which kind the set-up in the link is; None without a link that can be read."""
    try:
        return ExperimentConfig.from_json(st.query_params[LINK_KEY]).dataset.pictures
    except (KeyError, ValueError):
        return None


def busiest_page() -> str | None:
    """Return the page whose run is training, or has trained longest; None if none is open."""
    runs = lab().runs.values()
    longest = max(runs, key=lambda run: (run.running, run.trainer.step_count), default=None)
    return None if longest is None else longest.page


def _new_run(page: str, config: ExperimentConfig, fallback: ExperimentConfig) -> Run:
    try:
        trainer = Trainer(config, device="auto")
    except ValueError as error:
        lab().messages.append(f"{error} The page opened with its own set-up instead.")
        trainer = Trainer(fallback, device="auto")
    return Run(page, trainer)


def _from_link(text: str, default: ExperimentConfig) -> ExperimentConfig:
    config = ExperimentConfig.from_json(text)
    if config.dataset.pictures != default.dataset.pictures:
        kind = "pictures" if config.dataset.pictures else "numbers"
        raise ValueError(f"Its data set, {config.dataset.name}, is made of {kind}.")
    return config


def write_link(run: Run) -> None:
    """Put the run's set-up into the page's address, and its id once there is something to keep."""
    link = {LINK_KEY: json.dumps(run.trainer.config.diff_from_defaults(), separators=(",", ":"))}
    if run.running or run.trainer.step_count:
        link[RUN_KEY] = run.id
        lab().shelf.known.add(run.id)
    if st.query_params.to_dict() != link:
        st.query_params.from_dict(link)


def start(page: str, experiment: dict[str, Any]) -> None:
    """Begin an experiment on a page, at once training."""
    config = ExperimentConfig.from_dict(experiment)
    run = lab().runs.get(page)
    if run is None:
        run = lab().runs[page] = _new_run(page, config, config)
    else:
        run.restart(config)
        run.show_config()
    run.go()


def follow(run: Run, wanted: ExperimentConfig | None) -> None:
    """Bring the run to what the sidebar says: at once, by a new run, or after a question."""
    run.proposed = None
    if wanted is None:
        return
    changed = run.trainer.config.differences(wanted)
    if not changed:
        return
    if MUTABLE_FIELDS.issuperset(changed):
        try:
            run.trainer.update_config(wanted)
        except ValueError as error:  # no memory for it
            lab().messages.append(str(error))
            run.show_config()
    elif run.trainer.step_count > ASK_BEYOND:
        run.proposed = wanted
    else:
        begin(run, wanted)


def begin(run: Run, config: ExperimentConfig) -> None:
    """Begin a new run, going on if the old one was; a refusal leaves the old one."""
    try:
        run.restart(config)
    except ValueError as error:
        lab().messages.append(str(error))
        run.show_config()
