"""The runs that a visitor has open, one a page: opened by link, by set-up or from the disk."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import streamlit as st

from gan_core import ExperimentConfig, Trainer
from gan_core.config import MUTABLE_FIELDS
from gan_core.presets import preset_of
from gan_core.runtime.cpu_threads import THREADS
from gan_core.storage import runs_folder
from gan_core.storage.run_folder import RunFolder
from gan_core.storage.run_lock import is_held_elsewhere
from gan_core.storage.run_owner import is_owner, read_owner, write_owner
from ui.run.page_run import PageRun
from ui.run.run_storage import RunStorage
from ui.session import state, url
from ui.session.visitors import VISITORS

ASK_BEYOND_STEPS = 1_000
"""A run of more steps than this is not dropped without asking."""


THREADS.reserve_one()
gc.freeze()  # what is imported by now is never garbage, and need not be looked at again


def open_run(page: str, default: dict[str, Any], use_link: bool = True) -> PageRun:
    """Return the page's run: the one in the link, one made from its set-up, or from `default`.

    `default` is an experiment as `ExperimentConfig.from_dict` reads it; a link is used only if
    its data set is of the same kind.
    """
    state.register_cleanup()
    save_hidden_runs(page)
    runs = state.visitor().runs
    if page not in runs:
        runs[page] = (use_link and _linked_run(page, default)) or _run_from_setup(
            page, default, use_link
        )
    run = runs[page]
    run.playback.rerun_id += 1
    return run


def save_hidden_runs(displayed: str | None = None, wait: bool = False) -> None:
    """Save the runs of all pages but the displayed one: they do not train, and may be copied."""
    for page, run in state.visitor().runs.items():
        if page != displayed and run.step:
            run.save(wait)


def _linked_run(page: str, default: dict[str, Any]) -> PageRun | None:
    """Return the run whose id is in the link: open in another tab, or stored on the disk."""
    run_id = url.linked_run_id()
    if run_id is None:
        return None
    visitor = state.visitor()
    if run_id in visitor.taken_run_ids:
        _stop_as_taken(run_id)
    kind_name = ExperimentConfig.from_dict(default).dataset.kind_name
    if is_foreign(run_id):
        visitor.messages.append("The run in the link is another visitor's; this page has its own.")
        return None
    taken = VISITORS.take_over(run_id, visitor, kind_name)
    if taken is not None:
        taken.page = page
        taken.show_config()
        return taken
    folder = runs_folder.find_run(run_id)
    if folder is None:
        visitor.messages.append(
            "The run in the link is not on this machine (it may have been deleted, or never "
            "trained); its set-up begins anew."
        )
        return None
    return _load_run(page, folder, kind_name)


def _load_run(page: str, folder: RunFolder, kind_name: str) -> PageRun | None:
    """Return a run from the disk, unless it is of another kind, or cannot be read."""
    visitor = state.visitor()
    try:
        folder.acquire_lock()
        trainer, warnings = folder.open("auto")
    except ValueError as error:
        folder.release_lock()
        visitor.messages.append(f"The run could not be opened. {error}")
        return None
    visitor.messages += warnings
    if trainer.config.dataset.kind_name != kind_name:
        folder.release_lock()
        return None
    secret = visitor.secret
    _claim(folder, secret)
    title = _preset_title(folder, trainer.config)
    storage = RunStorage(trainer, folder, owner=secret, title=title)
    run = PageRun(page, trainer, owner=secret, title=title, storage=storage)
    run.info = f"The run is back, as it was saved at step {run.step:,}. Train goes on from there."
    return run


def _preset_title(folder: RunFolder, config: ExperimentConfig) -> str | None:
    """Return the title of the preset that a saved run was begun as; its name is still that one."""
    metadata, preset = folder.metadata(), preset_of(config)
    is_named_so = metadata is not None and preset is not None and metadata.name == preset.title
    return preset.title if is_named_so else None


def _claim(folder: RunFolder, secret: str) -> None:
    """Make this visitor the owner; where the disk does not allow it, only for this session."""
    with suppress(OSError):
        write_owner(folder.path, secret)


def is_foreign(run_id: str) -> bool:
    """Return whether the run is another browser's: open there, or begun there."""
    secret = state.visitor().secret
    if VISITORS.find(run_id) is not None:
        return is_open_by_another(run_id)
    folder = runs_folder.find_run(run_id)
    if folder is None:
        return False
    return read_owner(folder.path) is not None and not is_owner(folder.path, secret)


def is_open_by_another(run_id: str) -> bool:
    """Return whether another browser's page of this server has the run open."""
    open_run_ = VISITORS.find(run_id)
    return open_run_ is not None and open_run_[0].secret != state.visitor().secret


def own_ids() -> set[str]:
    """Return the ids of this browser's runs, and of those imported or copied in this session."""
    visitor = state.visitor()
    folders = runs_folder.all_folders()
    own = {folder.id for folder in folders if is_owner(folder.path, visitor.secret)}
    return own | visitor.runs_page.known_ids


def _stop_as_taken(run_id: str) -> None:
    """Report that the run was opened in another tab, and draw nothing else."""
    st.info("This run was opened in another tab, and goes on there.")
    bring_back = state.visitor().taken_run_ids.discard
    st.button("Bring it back here", on_click=bring_back, args=(run_id,))
    st.stop()


def open_saved_run(folder: RunFolder) -> str | None:
    """Open a run from the disk, or from another tab; return its page, or None with a message."""
    metadata, visitor = folder.metadata(), state.visitor()
    if metadata is None:
        visitor.messages.append(f"{folder.id} holds no run that can be read.")
        return None
    kind = ExperimentConfig.from_dict(metadata.experiment).dataset.kind
    page = kind.page
    present = visitor.runs.get(page)
    if present is not None and present.id == folder.id:
        return page
    run = VISITORS.take_over(folder.id, visitor, kind.name) or _load_run(page, folder, kind.name)
    if run is None:
        return None
    replace_run(page, run)
    return page


def replace_run(page: str, run: PageRun) -> None:
    """Show this run on the page; the one that was there is saved and closed."""
    runs = state.visitor().runs
    present = runs.get(page)
    if present is not None:
        present.playback.pause()
        present.save()
        present.storage.close()
        run.revision = present.revision
    run.page = page
    runs[page] = run
    run.show_config()


def find_open_run(run_id: str) -> PageRun | None:
    """Return the run of that id if this visitor has it open."""
    return next((run for run in state.visitor().runs.values() if run.id == run_id), None)


def is_open_elsewhere(folder: RunFolder) -> bool:
    """Return whether another visitor, or another process, has the run open."""
    if find_open_run(folder.id) is not None:
        return False
    return VISITORS.is_open(folder.id) or is_held_elsewhere(folder.path)


def discard(run_id: str) -> None:
    """Close a run that is about to be deleted, without saving it once more."""
    run = find_open_run(run_id)
    if run is not None:
        run.playback.pause()
        del state.visitor().runs[run.page]
        run.storage.close()


def is_current(run: PageRun) -> bool:
    """Return whether the run is still this visitor's: it may have been opened in another tab."""
    return state.visitor().runs.get(run.page) is run


def if_current(run: PageRun, action: Callable[..., None], *args: Any) -> None:
    """Call the action of a click, unless the run was saved and closed, or taken by another tab."""
    if is_current(run):
        action(*args)


def busiest_page() -> str | None:
    """Return the page whose run is training, or has trained longest; None if none is open."""
    runs = state.visitor().runs.values()
    longest = max(runs, key=lambda run: (run.playback.running, run.step), default=None)
    return None if longest is None else longest.page


def _run_from_setup(page: str, default: dict[str, Any], use_link: bool) -> PageRun:
    config = fallback = ExperimentConfig.from_dict(default)
    if use_link:
        try:
            config = url.linked_config(fallback)
        except ValueError as error:
            state.visitor().messages.append(f"The set-up in the link was not used. {error}")
    return new_run(page, config, fallback)


def new_run(
    page: str, config: ExperimentConfig, fallback: ExperimentConfig, title: str | None = None
) -> PageRun:
    """Return a new run of this visitor's; of `fallback`, with a message, if `config` is refused."""
    try:
        trainer = Trainer(config, device="auto")
    except ValueError as error:
        message = f"{error} The page opened with its own set-up instead."
        state.visitor().messages.append(message)
        trainer = Trainer(fallback, device="auto")
    return PageRun(page, trainer, owner=state.visitor().secret, title=title)


def start_experiment(page: str, experiment: dict[str, Any], title: str) -> None:
    """Begin an experiment on a page, and train it at once; its title becomes the run's name."""
    config, runs = ExperimentConfig.from_dict(experiment), state.visitor().runs
    run = runs.get(page)
    if run is None:
        run = runs[page] = new_run(page, config, config, title)
    else:
        run.restart(config, title=title)
        run.show_config()
    run.playback.start()


def apply_sidebar(run: PageRun, wanted: ExperimentConfig | None) -> None:
    """Bring the run to the sidebar's set-up: at once, by a new run, or after a question."""
    run.proposed = None
    if wanted is None or run.looks_back:
        return
    changed = run.config.differences(wanted)
    if not changed:
        return
    if MUTABLE_FIELDS.issuperset(changed):
        try:
            run.trainer.update_config(wanted)
        except ValueError as error:  # no memory for it
            state.visitor().messages.append(str(error))
            run.show_config()
    elif run.step > ASK_BEYOND_STEPS:
        run.proposed = wanted
    else:
        start_new_run(run, wanted)


def start_new_run(run: PageRun, config: ExperimentConfig) -> None:
    """Begin a new run, which trains if the old one did; a refusal leaves the old one."""
    try:
        run.restart(config)
    except ValueError as error:
        state.visitor().messages.append(str(error))
        run.show_config()
