"""Checks of weights and optimizer states, by comparison with new ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from gan_core.optimizers import Optimizer
from gan_core.registry import knobs, short_repr
from gan_core.storage.validation.require import (
    MAX_STEPS,
    check_tensor,
    normalize,
    require,
    same_names,
)


def check_weights(part: str, given: Any, network: torch.nn.Module) -> None:
    require(isinstance(given, Mapping), part, "is no table of weights")
    wanted = network.state_dict()
    same_names(part, given, wanted)
    for name, weight in wanted.items():
        check_tensor(f"{part}, {name}", given[name], weight.dtype, weight.shape)


def check_optimizer(
    part: str, given: Any, settings: Optimizer, weights: list[torch.Tensor]
) -> None:
    require(isinstance(given, Mapping), part, "is no object")
    same_names(part, given, ("state", "param_groups"))
    groups, moments = given["param_groups"], given["state"]
    require(isinstance(groups, list) and len(groups) == 1, part, "has not one group of weights")
    fresh = settings.build([torch.zeros(1, requires_grad=True)]).state_dict()["param_groups"][0]
    same_names(part, groups[0], fresh)
    for name, value in fresh.items():
        found = groups[0][name]
        if name == "params":
            require(found == list(range(len(weights))), part, "is one of other weights")
        else:
            same = normalize(found) == normalize(value) and isinstance(found, bool) == isinstance(
                value, bool
            )
            require(
                same, f"{part}, {name}", f"= {short_repr(found)} is not what the experiment says"
            )
    require(isinstance(moments, Mapping), part, "has moments that are no table")
    if not moments:
        return
    require(set(moments) == set(range(len(weights))), part, "has moments of other weights")
    needed, known = _names_of_moments(settings)
    for place, weight in enumerate(weights):
        kept = moments[place]
        require(isinstance(kept, Mapping), part, "has moments that are no table")
        fitting = needed <= set(kept) <= known
        require(fitting, part, f"has moments named {short_repr(sorted(map(str, kept)))}")
        for name, moment in kept.items():
            _check_moment(f"{part}, {name}", moment, weight, needed=name in needed)


def _check_moment(part: str, moment: Any, weight: torch.Tensor, needed: bool) -> None:
    if moment is None and not needed:
        return
    if part.endswith(", step"):
        check_tensor(part, moment, torch.float32, torch.Size())
        require(0 <= float(moment) < MAX_STEPS, part, "is no number of steps")
    else:
        check_tensor(part, moment, weight.dtype, weight.shape)


def _names_of_moments(settings: Optimizer) -> tuple[set[str], set[str]]:
    """Return the names of the moments that an optimizer must have, and of all it may have.

    An optimizer whose momentum is 0 now may still have the moments of an earlier setting.
    """
    highest = {
        name: knob.high for name, knob in knobs(type(settings)).items() if knob.high is not None
    }
    found = []
    for made in (settings, replace(settings, **highest)):
        weight = torch.zeros(1, requires_grad=True)
        optimizer = made.build([weight])
        weight.grad = torch.zeros(1)
        optimizer.step()
        found.append(optimizer.state[weight])
    needed, most = found
    return {name for name, kept in needed.items() if kept is not None}, {*needed, *most}
