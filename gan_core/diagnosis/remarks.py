"""Remarks on settings that are allowed and do something else than they promise."""

from __future__ import annotations

from typing import NamedTuple

from gan_core.config import ExperimentConfig


class Remark(NamedTuple):
    """A sentence about one part of an experiment, `field` as in JSON."""

    field: str
    sentence: str


def remarks(config: ExperimentConfig) -> tuple[Remark, ...]:
    """Return the remarks on an experiment, at every part that has to do with them."""
    if not config.architecture.discriminator.has_batch_norm:
        return ()
    found = []
    if config.dataset.sample_shape == (1,):
        found.append(
            Remark(
                "discriminator",
                "Batch norm in D takes the mean and the spread out of real and of generated "
                "numbers, each batch by itself. D cannot see where they lie, so G never learns it.",
            )
        )
    if config.regularizer.penalizes_gradient:
        sentence = (
            f"{config.regularizer.title} with batch norm in D: a logit then depends on the whole "
            "batch, and a sample has no gradient of its own. The penalty is not what its formula "
            "says. Choose a D without batch norm (arXiv:1704.00028, section 4)."
        )
        found += [Remark("discriminator", sentence), Remark("regularizer", sentence)]
    return tuple(found)
