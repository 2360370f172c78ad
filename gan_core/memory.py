"""How much memory there is, whether a run fits, and giving back what is no longer used."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch

from gan_core.breakdown import Breakdown
from gan_core.operations import demand_of_step

if TYPE_CHECKING:
    from gan_core.config import ExperimentConfig
    from gan_core.game import Game

CGROUPS = Path("/sys/fs/cgroup")
UNLIMITED = 2**60
"""Bytes from which a limit is none: cgroup v1 writes a huge number where there is no limit."""

FEW_BYTES = 256 * 2**20
"""Bytes that are taken to be there, so that a small run need not be looked at."""

VALUES_PER_PIXEL = 64
"""A generous guess of the activations that a convolutional network keeps of each value it sees."""

GOES_WELL = 0.7
"""The share of the free memory that a suggested batch fills."""

MALLINFO = (
    *("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks"),
    *("fordblks", "keepcost"),
)
"""The numbers of glibc's `struct mallinfo2`; `fordblks` is what is freed and kept."""

COPIES = 4
"""Two moments of each weight, and a copy of both kept to go back to: what comes after the start."""

WORDS = ("DefaultCPUAllocator", "out of memory", "std::bad_alloc", "Cannot allocate memory")
"""What torch's errors say where memory ran out, beside `torch.OutOfMemoryError`."""


class OutOfMemory(NamedTuple):
    """A step for which there was no memory; stands where a `Breakdown` does."""

    step: int
    batch_size: int
    fits: int
    healthy_step: int
    what: str = "the memory"

    def sentence(self) -> str:
        return (
            f"Step {self.step:,} needed more memory than this machine has free. Training is "
            f"paused, and the weights are those of step {self.healthy_step:,}. "
            f"{_advice(self.batch_size, self.fits)} Then train on."
        )


Failure = Breakdown | OutOfMemory
"""Why a run stopped by itself."""


def total() -> int:
    """Return the bytes of memory that this process may have at most."""
    physical = UNLIMITED
    with contextlib.suppress(OSError, ValueError, AttributeError):  # not on Windows
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([physical, *(limit for limit, _ in _cgroup_limits())])


def available(device: torch.device) -> int:
    """Return the bytes that can still be had on a device, where the system tells.

    On the CPU that is the least of what the system, the control groups (v1 and v2) and the limit
    of the address space (RLIMIT_AS) leave.
    """
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    rooms = [limit - used for limit, used in _cgroup_limits()]
    with contextlib.suppress(OSError, KeyError):
        rooms.append(_table("/proc/meminfo")["MemAvailable"])
    with contextlib.suppress(ImportError, OSError, KeyError):
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            rooms.append(limit - _table("/proc/self/status")["VmSize"] + _kept_by_malloc())
    return max(0, min(rooms, default=UNLIMITED))


def _kept_by_malloc() -> int:
    """Return the bytes of address space that glibc has freed and not given back (`mallinfo2`)."""
    if sys.platform != "linux":
        return 0
    try:
        ask = ctypes.CDLL("libc.so.6").mallinfo2
    except (OSError, AttributeError):  # another C library, or glibc before 2.33
        return 0
    content = {"_fields_": [(name, ctypes.c_size_t) for name in MALLINFO]}
    ask.restype = type("Found", (ctypes.Structure,), content)
    return ask().fordblks


def _cgroup_limits() -> Iterator[tuple[int, int]]:
    """Yield the limit of each control group of this process, and what of it cannot be freed."""
    for line in _lines("/proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, names = CGROUPS, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            root = CGROUPS / "memory"
            names = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
        else:
            continue
        # Within a container the path is the host's, and its own group stands at the root.
        for folder in {root, root / path.lstrip("/")}:
            found = _limit(folder, *names)
            if found is not None:
                yield found


def _limit(folder: Path, limit: str, usage: str, cache: str) -> tuple[int, int] | None:
    try:
        most, used = (int(_lines(folder / name)[0]) for name in (limit, usage))
    except (IndexError, ValueError):  # no such file, or "max"
        return None
    statistics = dict(line.split() for line in _lines(folder / "memory.stat"))
    return None if most >= UNLIMITED else (most, used - int(statistics.get(cache, 0)))


def _lines(path: str | Path) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _table(path: str) -> dict[str, int]:
    """Read a file of lines such as `VmSize:  1234 kB`, in bytes."""
    rows = (line.split() for line in _lines(path))
    return {row[0][:-1]: 1024 * int(row[1]) for row in rows if len(row) == 3 and row[2] == "kB"}


def make_sure_it_fits(game: Game, config: ExperimentConfig, begins: bool) -> None:
    """Look whether a step of `config` on the game's networks fits into memory.

    `begins` says whether moments and the state to go back to are still to come. Small runs are not
    looked at.

    Raises:
        ValueError: if it does not fit, with the batch that would.
    """
    weights = sum(weight.nbytes for net in _networks(game) for weight in net.parameters())
    pixels = 4 * VALUES_PER_PIXEL * torch.Size(config.dataset.sample_shape).numel()
    if config.batch_size * (weights + pixels) < FEW_BYTES:
        return
    demand = demand_of_step(game, config)
    state = COPIES * weights * begins
    needed = state + demand.bytes(config.batch_size)
    if needed <= available(game.device):
        return
    give_back()
    free = available(game.device)
    if needed > free:
        fits = demand.most_samples(GOES_WELL * free - state)
        raise ValueError(
            f"batch_size = {config.batch_size} needs about {_shown(needed)} of memory, and "
            f"{_shown(free)} are free. {_advice(config.batch_size, _rounded(fits, config))}"
        )


def what_would_fit(game: Game) -> int:
    """Return a batch that fits now, when a step of the present one did not; 0 if none does."""
    free = available(game.device)
    fits = demand_of_step(game, game.config).most_samples(GOES_WELL * free)
    return _rounded(min(fits, game.config.batch_size // 2), game.config)


def _rounded(samples: int, config: ExperimentConfig) -> int:
    """Return the power of two up to `samples`, or 0 if the networks need a larger batch."""
    power = 1 << samples.bit_length() >> 1
    parts = config.architecture
    smallest = max(parts.generator.smallest_batch, parts.discriminator.smallest_batch)
    return power if power >= smallest else 0


def _networks(game: Game) -> tuple[torch.nn.Module, torch.nn.Module]:
    return game.generator, game.discriminator


def _advice(batch_size: int, fits: int) -> str:
    if not fits:
        return "No batch fits: choose smaller networks, or end other runs."
    return f"A batch of {fits:,} instead of {batch_size:,} would fit."


def _shown(size: float) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"


def ran_out(error: BaseException) -> bool:
    """Say whether an error means that there was no memory, on the CPU or on a GPU."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in WORDS)


def give_back() -> None:
    """Give memory that nothing uses any more back to the system, the GPU's too."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL("libc.so.6").malloc_trim(0)
