"""Whether a run fits into memory, and which batch would."""

from __future__ import annotations

import torch

from gan_core.config import ExperimentConfig
from gan_core.runtime.memory import available, release_memory
from gan_core.training.gan import GAN
from gan_core.training.monitoring.failures import advice
from gan_core.training.step_cost import step_memory

MEMORY_FIELDS = frozenset(
    {"batch_size", "loss", "regularizer", "precision", "instance_noise", "fresh_noise"}
)
"""Settings that may change during a run, and with them the memory that a step needs."""

VALUES_PER_PIXEL = 64
"""A generous guess of the activations that a convolutional network keeps of each value it sees."""

FEW_BYTES = 256 * 2**20
"""Bytes that are taken to be there, so that a small run need not be looked at."""

SAFE_FRACTION = 0.7
"""The share of the free memory that a suggested batch fills."""

COPIES = 4
"""Tensors of the weights' size allocated after the start: two moments, and the roll-back copies."""


def check_fits(gan: GAN, config: ExperimentConfig, begins: bool) -> None:
    """Look whether a step of `config` on the game's networks fits into memory.

    `begins` says whether moments and the state to go back to are still to come. Small runs are not
    looked at.

    Raises:
        ValueError: if it does not fit, with the batch that would.
    """
    weights = sum(weight.nbytes for net in _networks(gan) for weight in net.parameters())
    pixels = 4 * VALUES_PER_PIXEL * torch.Size(config.dataset.sample_shape).numel()
    if config.batch_size * (weights + pixels) < FEW_BYTES:
        return
    demand = step_memory(gan, config)
    state = COPIES * weights * begins
    needed = state + demand.bytes(config.batch_size)
    if needed <= available(gan.device):
        return
    release_memory()
    free = available(gan.device)
    if needed > free:
        fits = demand.max_samples(SAFE_FRACTION * free - state)
        raise ValueError(
            f"batch_size = {config.batch_size} needs about {_shown(needed)} of memory, and "
            f"{_shown(free)} are free. {advice(config.batch_size, _rounded(fits, config))}"
        )


def max_batch_size(gan: GAN) -> int:
    """Return a batch that fits now, when a step of the present one did not; 0 if none does."""
    free = available(gan.device)
    fits = step_memory(gan, gan.config).max_samples(SAFE_FRACTION * free)
    return _rounded(min(fits, gan.config.batch_size // 2), gan.config)


def _rounded(samples: int, config: ExperimentConfig) -> int:
    """Return the power of two up to `samples`, or 0 if the networks need a larger batch."""
    power = 1 << samples.bit_length() >> 1
    parts = config.architecture
    smallest = max(parts.generator.smallest_batch, parts.discriminator.smallest_batch)
    return power if power >= smallest else 0


def _networks(gan: GAN) -> tuple[torch.nn.Module, torch.nn.Module]:
    return gan.generator, gan.discriminator


def _shown(size: float) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
