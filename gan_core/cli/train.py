"""`train`: begins or resumes a run; on a signal it saves the run and stops."""

from __future__ import annotations

import argparse
import math
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from tqdm import tqdm

from gan_core import ExperimentConfig
from gan_core.cli import headless
from gan_core.cli.headless import Interrupted, TrainOptions
from gan_core.cli.output import check_new_folder
from gan_core.cli.parser import condition
from gan_core.cli.terminal import print_path
from gan_core.data.base import is_ready, prepare
from gan_core.data.tables.encoding import unicode_text
from gan_core.diagnosis.remarks import remarks
from gan_core.runtime.device import resolve_device
from gan_core.storage.runs_folder import new_folder, resolve_run
from gan_core.training.engines.selector import resolve_engine
from gan_core.training.monitoring.snapshot import Snapshot

BY_SIGNAL = 128
"""Exit status is this plus the signal's number: 130 after SIGINT, 143 after SIGTERM."""


class Signals:
    """Records SIGINT and SIGTERM in `received`, so that no signal interrupts a save, not even a
    second one.
    """

    def __init__(self) -> None:
        self.received: int | None = None

    def __enter__(self) -> Signals:
        self._before = {s: signal.signal(s, self._note) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *error: object) -> None:
        if self.received is not None:  # the process is about to end; ignore further signals
            return
        for which, handler in self._before.items():
            signal.signal(which, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = self.received or number


def train(options: argparse.Namespace) -> int:
    """Run the command `train`; print the run's folder; return the exit status.

    Raises:
        ValueError: if an option is wrong, or if the training diverges.
    """
    until = condition(options.stop_when)
    if options.steps is None and options.max_time is None and until is None:
        raise ValueError("train needs to know when to stop: --steps, --max-time or --stop-when.")
    resolve_engine(options.engine, resolve_device(options.device))
    work, folder = _resumed(options) if options.resume else _begun(options)
    seconds = math.inf if options.max_time is None else options.max_time
    with Signals() as signals, tqdm(total=options.steps, unit="step") as bar:
        orders = TrainOptions(options.steps, seconds, until, options.autosave)
        orders.stopped = lambda: signals.received is not None
        orders.say = _say
        orders.begun = lambda folder: _say(f"The run is kept in {folder}")
        try:
            trainer = work(orders, options.device, partial(_show, bar), options.engine)
        except Interrupted as interruption:
            _say(
                f"{interruption} Go on with: python -m gan_core train --resume {folder} "
                "--steps N, where N is the step to reach."
            )
            return BY_SIGNAL + signals.received
    _say(f"The run stands at step {trainer.step_count:,}.")
    print_path(folder)
    return 0


def _begun(options: argparse.Namespace) -> tuple[Callable[..., object], Path]:
    config = ExperimentConfig.from_json(unicode_text(options.config.read_bytes()))
    out = options.out or new_folder().path
    check_new_folder(out)
    if not is_ready(config.dataset):
        with tqdm(total=100, desc=config.dataset.preparation.action, unit="%") as bar:
            prepare(config.dataset, lambda share, words: bar.update(100 * share - bar.n))
    for sentence in dict.fromkeys(remark.sentence for remark in remarks(config)):
        _say(sentence)
    return partial(headless.start, config, out), out


def _resumed(options: argparse.Namespace) -> tuple[Callable[..., object], Path]:
    if options.out is not None:
        raise ValueError("A run that is resumed stays in its folder: leave --out away.")
    folder = resolve_run(options.resume).path
    return partial(headless.resume, folder), folder


def _show(bar: tqdm, snapshot: Snapshot) -> None:
    bar.update(snapshot.step - bar.n)
    shown = snapshot.metrics or snapshot.statistics
    words = {name: f"{value:.3g}" for name, value in list(shown.items())[:3]}
    bar.set_postfix(words, refresh=False)


def _say(sentence: str) -> None:
    tqdm.write(f"gan_core: {sentence}", file=sys.stderr)
