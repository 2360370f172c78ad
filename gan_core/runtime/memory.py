"""Total and free memory, recognition of out-of-memory errors, and release of unused memory."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import torch

CGROUPS = Path("/sys/fs/cgroup")
UNLIMITED = 2**60
"""Bytes; a limit from here on means no limit: cgroup v1 writes a huge number for that."""


MALLINFO = (
    *("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks"),
    *("fordblks", "keepcost"),
)
"""Fields of glibc's `struct mallinfo2`; `fordblks`: bytes that are free but still held."""


OOM_MESSAGES = ("DefaultCPUAllocator", "out of memory", "std::bad_alloc", "Cannot allocate memory")
"""Parts of the messages of out-of-memory errors other than `torch.OutOfMemoryError`."""


def total() -> int:
    """Return the largest number of bytes that this process may use."""
    physical = UNLIMITED
    with contextlib.suppress(OSError, ValueError, AttributeError):  # not on Windows
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([physical, *(limit for limit, _ in _cgroup_limits())])


def available(device: torch.device) -> int:
    """Return the bytes that are still free on a device, as far as the system reports them.

    On the CPU it is the minimum of the free bytes of the system, of the control groups (v1 and v2)
    and of the address space (RLIMIT_AS).
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
    """Return the bytes of address space that are free but held by glibc (`mallinfo2`)."""
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
    """Yield (limit, used bytes that cannot be freed) of each control group of this process."""
    for line in _lines("/proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, names = CGROUPS, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            root = CGROUPS / "memory"
            names = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
        else:
            continue
        # In a container the path is that of the host; the container's own group is at the root.
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
    """Return the numbers of a file of lines such as `VmSize:  1234 kB`, in bytes."""
    rows = (line.split() for line in _lines(path))
    return {row[0][:-1]: 1024 * int(row[1]) for row in rows if len(row) == 3 and row[2] == "kB"}


def is_oom(error: BaseException) -> bool:
    """Return whether an error means that the CPU or the GPU had no memory left."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in OOM_MESSAGES)


def release_memory() -> None:
    """Return unused memory of the process and of the GPU to the system."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL("libc.so.6").malloc_trim(0)
