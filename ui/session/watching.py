"""The runs of other visitors that this one watches, and the way from there to a run of its own."""

from __future__ import annotations

import threading
from weakref import WeakValueDictionary

from gan_core.config import ExperimentConfig
from gan_core.data.kind import DataKind
from gan_core.storage import runs_folder
from gan_core.storage.run_folder import RunFolder
from gan_core.storage.run_lock import is_held_elsewhere
from ui.run.page_run import PageRun
from ui.run.run_storage import RunStorage
from ui.run.watched_run import How, WatchedRun, newest_step
from ui.session import open_runs, state, url
from ui.session.visitors import VISITORS

_SAVED: WeakValueDictionary[tuple[str, int | None, bool], PageRun] = WeakValueDictionary()
"""Runs that were read from the disk for watchers, who share them: by id, step and lack of data."""
_READING = threading.Lock()


def watched_run(page: str, default: dict[str, object]) -> WatchedRun | None:
    """Return the run that this page watches: one that was chosen, or another visitor's in the link.

    None if the page shows a run of its own.
    """
    state.register_cleanup()
    visitor = state.visitor()
    run_id = url.linked_run_id()
    if page not in visitor.watched and page not in visitor.runs and run_id is not None:
        kind = ExperimentConfig.from_dict(default).dataset.kind
        if run_id not in visitor.taken_run_ids:
            watch(page, run_id, kind)
    if page in visitor.watched:
        refresh(visitor.watched[page])
    return visitor.watched.get(page)


def watch(page: str, run_id: str, kind: DataKind) -> bool:
    """Watch a run of that kind that this visitor may not take; return False if there is none."""
    visitor = state.visitor()
    try:
        source, how = _source(page, run_id)
    except ValueError as error:
        visitor.messages.append(f"The run could not be opened. {error}")
        return False
    if source is None or source.config.dataset.kind is not kind:
        return False
    visitor.watched[page] = WatchedRun(page, run_id, source, how)
    return True


def _source(page: str, run_id: str) -> tuple[PageRun | None, How]:
    """Return the owner's run, or the run as it was saved; None if this visitor may take it.

    Raises:
        ValueError: if it cannot be read.
    """
    present = VISITORS.find(run_id)
    if present is not None:
        owner, run = present
        return (None if owner.secret == state.visitor().secret else run), "live"
    folder = runs_folder.find_run(run_id)
    if folder is None:
        return None, "saved"
    if is_held_elsewhere(folder.path):
        return _saved_run(page, folder), "elsewhere"
    if _lacks_data(folder):
        return _saved_run(page, folder), "without_data"
    return (_saved_run(page, folder) if open_runs.is_foreign(run_id) else None), "saved"


def _saved_run(page: str, folder: RunFolder) -> PageRun:
    """Return a run as it was saved last; it holds no lock, and is never saved."""
    with _READING:
        newest = max((kept.step for kept in folder.checkpoints), default=None)
        key = folder.id, newest, _lacks_data(folder)
        run = _SAVED.get(key)
        if run is None:
            trainer, _ = folder.open("auto", engine="eager", needs_data=False)
            run = _SAVED[key] = PageRun(page, trainer, storage=RunStorage(trainer, folder))
            run.drawn = run.refresh()
        return run


def _lacks_data(folder: RunFolder) -> bool:
    """Return whether the run is one of the user's own data, which are not on this machine."""
    about = folder.metadata()
    return about is not None and about.config.dataset.is_missing


def open_or_watch(folder: RunFolder) -> str | None:
    """Open a run of the table; return its page.

    One that another browser has open, or whose data are missing, can only be watched.
    """
    present = VISITORS.find(folder.id)
    visitor = state.visitor()
    if present is None and _lacks_data(folder):
        kind = folder.metadata().config.dataset.kind
        return kind.page if watch(kind.page, folder.id, kind) else None
    if present is None or present[0].secret == visitor.secret:
        page = open_runs.open_saved_run(folder)
        if page is not None:
            _forget(page)
        return page
    kind = present[1].config.dataset.kind
    return kind.page if watch(kind.page, folder.id, kind) else None


def refresh(run: WatchedRun) -> bool:
    """Bring a watched run up to date; return False if the page has to be drawn anew.

    A run whose owner has left goes on as it was saved; one whose owner comes back is live again.
    """
    if run.how == "live":
        storage = run.source.storage  # None once the owner has left
        is_current = storage is not None and VISITORS.find(storage.id) is not None
    else:
        is_current = run.newest == newest_step(run.source) and VISITORS.find(run.run_id) is None
        if run.how == "without_data" and not run.config.dataset.is_missing:
            reopen(run)
            return False
    if is_current and run.look():
        return True
    _forget(run.page)
    watch(run.page, run.run_id, run.config.dataset.kind)
    if runs_folder.find_run(run.run_id) is None and VISITORS.find(run.run_id) is None:
        state.visitor().messages.append("The run that was watched here is not kept any more.")
    return False


def reopen(run: WatchedRun) -> None:
    """Open a run whose data have come back, or watch it if it is another visitor's."""
    folder = runs_folder.find_run(run.run_id)
    _forget(run.page)
    if folder is not None and open_runs.is_foreign(run.run_id):
        watch(run.page, run.run_id, run.config.dataset.kind)
    elif folder is not None:
        open_runs.open_saved_run(folder)


def leave(page: str) -> None:
    """Watch no longer; the page shows a run of its own."""
    url.forget_run()
    _forget(page)


def _forget(page: str) -> None:
    run = state.visitor().watched.pop(page, None)
    if run is not None:
        run.source.watchers.discard(run)


def make_mine(run: WatchedRun) -> None:
    """Begin a run of this visitor's own at the step that is shown; the watched one goes on."""
    visitor, shown, secret = state.visitor(), run.displayed, state.visitor().secret
    try:
        trainer = shown.fork(shown.capture_state())
    except ValueError as error:
        visitor.messages.append(str(error))
        return
    name = f"From step {trainer.step_count:,} of {run.name}"
    storage = RunStorage(trainer, parent=run.run_id, name=name, owner=secret)
    made = PageRun(run.page, trainer, owner=secret, storage=storage)
    made.info = (
        f"This run is yours: it goes on from step {trainer.step_count:,} of the one you watched, "
        "which stays as it is."
    )
    open_runs.replace_run(run.page, made)
    _forget(run.page)
    made.save(wait=False)


def begin_same(run: WatchedRun) -> None:
    """Begin a run of this visitor's own with the watched one's set-up, from step 0."""
    config = run.displayed.config
    open_runs.replace_run(run.page, open_runs.new_run(run.page, config, config))
    _forget(run.page)
