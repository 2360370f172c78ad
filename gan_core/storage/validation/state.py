"""Checks before loading that the state in a checkpoint fits a run of its config.

A checksum proves that a file is unchanged, not who wrote it. torch itself checks only weights when
they are loaded; a wrong value elsewhere would break a page or a step much later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from gan_core.config import MUTABLE_FIELDS, ExperimentConfig
from gan_core.losses import LOSSES
from gan_core.registry import knobs, short_repr
from gan_core.storage.validation.optimizer import check_optimizer, check_weights
from gan_core.storage.validation.records import check_grid, check_history
from gan_core.storage.validation.require import (
    MAX_STEPS,
    check_stride,
    check_tensor,
    is_int_in,
    require,
    same_names,
)
from gan_core.training.monitoring.sample_timeline import MAX_BYTES
from gan_core.training.monitoring.snapshot import STATISTICS

if TYPE_CHECKING:
    from gan_core.training.trainer import Trainer

MAX_CHANGES, MAX_CHANGE_LENGTH = 10_000, 200
MAX_MOMENTS = 10_000
COUNTERS = ("step", "updates_d", "samples_seen", "of_this_step")
KEPT_ONCE = ("fixed_z", "changes", "losses", "history", "timeline", "metric_history")
"""Parts of a checkpoint that a state in a run's memory does not have."""


def check_state(trainer: Trainer, config: ExperimentConfig, state: Any) -> None:
    """Check a complete state against `trainer`, a run of `config` except for mutable settings.

    Raises:
        ValueError: names the first part that does not fit.
    """
    _check(trainer, config, state, tuple(PARTS))


def check_waypoint(trainer: Trainer, config: ExperimentConfig, step: Any, state: Any) -> None:
    """Check one of the states that were in a run's memory.

    Raises:
        ValueError: as `check_state`, or if it is of another run or step.
    """
    check_same_run(trainer.config, config)
    _check(trainer, config, state, tuple(part for part in PARTS if part not in KEPT_ONCE))
    if not is_int_in(step, 0, MAX_STEPS) or step != state["counters"]["step"]:
        raise ValueError(f"a state in memory is said to be of step {short_repr(step)}, and is not.")


def check_timeline(trainer: Trainer, timeline: Any) -> None:
    """Check the grids that were kept of a run.

    Raises:
        ValueError: if they are not those of such a run.
    """
    _timeline(Expected(trainer, trainer.config, {}), timeline)


def check_same_run(config: ExperimentConfig, other: ExperimentConfig) -> None:
    """Check that two configs can be those of one run at different steps.

    Raises:
        ValueError: if they differ in a setting that is fixed for a run.
    """
    different = [name for name in config.differences(other) if name not in MUTABLE_FIELDS]
    if different:
        raise ValueError(f"its states are those of different runs: {', '.join(different)} differ.")


def check_envelope(content: Any) -> None:
    """Check the parts of a checkpoint other than the state.

    Raises:
        ValueError: if a part is missing or of the wrong kind.
    """
    require(isinstance(content, Mapping), "the checkpoint", "is no object")
    same_names("the checkpoint", content, ("config", "device", "engine_from", "state"))
    require(isinstance(content["device"], str), "device", "is no name of a device")
    at = content["engine_from"]
    require(at is None or is_int_in(at, 0, MAX_STEPS), "engine_from", "is no step")


@dataclass(frozen=True, eq=False)
class Expected:
    """The run and config that a state must fit; `state` lets a check use other parts."""

    trainer: Trainer
    config: ExperimentConfig
    state: Mapping[str, Any]


def _check(trainer: Trainer, config: ExperimentConfig, state: Any, parts: tuple[str, ...]) -> None:
    require(isinstance(state, Mapping), "the state", "is no object")
    same_names("the state", state, parts)
    expected = Expected(trainer, config, state)
    for part in parts:
        PARTS[part](expected, state[part])


def _generator(expected: Expected, given: Any) -> None:
    check_weights("generator", given, expected.trainer.generator)


def _discriminator(expected: Expected, given: Any) -> None:
    check_weights("discriminator", given, expected.trainer.discriminator)


def _ema(expected: Expected, given: Any) -> None:
    if not expected.config.ema_decay:
        require(given is None, "ema", "is there, and no average is kept")
    else:
        check_weights("ema", given, expected.trainer.generator)


def _optimizer_g(expected: Expected, given: Any) -> None:
    weights = list(expected.trainer.generator.parameters())
    check_optimizer("optimizer_g", given, expected.config.optimizer_g, weights)


def _optimizer_d(expected: Expected, given: Any) -> None:
    weights = list(expected.trainer.discriminator.parameters())
    check_optimizer("optimizer_d", given, expected.config.optimizer_d, weights)


def _rng(expected: Expected, given: Any) -> None:
    require(isinstance(given, Mapping), "rng", "is no object")
    streams = expected.trainer.gan.rng
    same_names("rng", given, streams)
    for name, stream in streams.items():
        check_tensor(f"rng, {name}", given[name], torch.uint8, stream.get_state().shape)
        try:
            torch.Generator(stream.device).set_state(given[name].cpu())
        except RuntimeError:
            raise ValueError(f"rng, {name} is not the state of a random stream.") from None


def _fixed_z(expected: Expected, given: Any) -> None:
    wanted = expected.trainer.fixed_z
    check_tensor("fixed_z", given, wanted.dtype, wanted.shape)


def _latest(expected: Expected, given: Any) -> None:
    require(isinstance(given, Mapping), "latest", "is no object")
    for name, value in given.items():
        number = isinstance(value, torch.Tensor) and value.is_floating_point() and not value.ndim
        require(
            name in STATISTICS and number,
            "latest",
            f"has {short_repr(name)}, which is no statistic",
        )


def _z(expected: Expected, given: Any) -> None:
    if given is None:
        require(not expected.state["z_is_fresh"], "z", "is missing, and should be fresh")
        return
    most = knobs(ExperimentConfig)["batch_size"].high
    is_batch = isinstance(given, torch.Tensor) and given.ndim == 2 and 0 < len(given) <= most
    require(is_batch, "z", "is no batch of noise")
    wanted = len(given), expected.config.latent_dim
    check_tensor("z", given, expected.trainer.fixed_z.dtype, torch.Size(wanted))


def _labels(expected: Expected, given: Any) -> None:
    z, classes = expected.state["z"], expected.trainer.gan.classes
    if z is None or not classes:
        require(given is None, "labels", "are there, and the networks are not conditional")
        return
    check_tensor("labels", given, torch.int64, z.shape[:1])
    known = bool(((given >= 0) & (given < classes)).all())
    require(known, "labels", f"are not below {classes}")


def _z_is_fresh(expected: Expected, given: Any) -> None:
    require(isinstance(given, bool), "z_is_fresh", "is neither true nor false")


def _counters(expected: Expected, given: Any) -> None:
    require(isinstance(given, Mapping), "counters", "is no object")
    same_names("counters", given, COUNTERS)
    for name in COUNTERS:
        most = knobs(ExperimentConfig)["n_critic"].high if name == "of_this_step" else MAX_STEPS
        require(
            is_int_in(given[name], 0, most), f"counters, {name}", f"= {short_repr(given[name])}"
        )


def _changes(expected: Expected, given: Any) -> None:
    require(isinstance(given, list) and len(given) <= MAX_CHANGES, "changes", "is no list")
    for change in given:
        pair = isinstance(change, list | tuple) and len(change) == 2
        pair = pair and is_int_in(change[0], 0, MAX_STEPS) and isinstance(change[1], str)
        require(pair, "changes", "has an entry that is not a step and a text")
        require(len(change[1]) <= MAX_CHANGE_LENGTH, "changes", "has an entry that is too long")


def _losses(expected: Expected, given: Any) -> None:
    require(isinstance(given, list) and 0 < len(given) <= MAX_CHANGES, "losses", "is no list")
    for entry in given:
        pair = isinstance(entry, list | tuple) and len(entry) == 2
        pair = pair and is_int_in(entry[0], 0, MAX_STEPS) and entry[1] in LOSSES.names()
        require(pair, "losses", "has an entry that is not a step and a loss")


def _history(expected: Expected, given: Any) -> None:
    check_history("history", given, expected.trainer.history.columns)


def _metric_history(expected: Expected, given: Any) -> None:
    check_history("metric_history", given, expected.trainer.metric_history.columns)


def _timeline(expected: Expected, given: Any) -> None:
    require(isinstance(given, Mapping), "timeline", "is no object")
    same_names("timeline", given, ("stride", "moments"))
    check_stride("timeline", given["stride"])
    moments = given["moments"]
    dataset = expected.config.dataset
    shape = dataset.kind.frame_shape(dataset)
    most = 0 if shape is None else MAX_MOMENTS
    require(isinstance(moments, list) and len(moments) <= most, "timeline", "has too many grids")
    weight = 0
    for row in moments:
        require(
            isinstance(row, list) and len(row) == 4,
            "timeline",
            "has an entry of another form",
        )
        step, epoch, size, content = row
        numbered = is_int_in(step, 0, MAX_STEPS) and is_int_in(epoch, 0, MAX_STEPS)
        n, *frame = shape
        require(numbered and is_int_in(size, n, n), "timeline", "has a grid of another run")
        is_bytes = isinstance(content, torch.Tensor) and content.ndim == 1
        require(
            is_bytes and content.dtype == torch.uint8,
            "timeline",
            "has a picture that is no bytes",
        )
        weight += content.nbytes
        require(weight <= 2 * MAX_BYTES, "timeline", "is larger than any")
        check_grid(content.cpu().numpy().tobytes(), size, tuple(frame))


PARTS: dict[str, Callable[[Expected, Any], None]] = {
    "generator": _generator,
    "discriminator": _discriminator,
    "ema": _ema,
    "optimizer_g": _optimizer_g,
    "optimizer_d": _optimizer_d,
    "rng": _rng,
    "fixed_z": _fixed_z,
    "latest": _latest,
    "z_is_fresh": _z_is_fresh,
    "z": _z,
    "labels": _labels,
    "counters": _counters,
    "changes": _changes,
    "losses": _losses,
    "history": _history,
    "timeline": _timeline,
    "metric_history": _metric_history,
}
"""The check of each part of a state; a check may use the parts before its own."""
