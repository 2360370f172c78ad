"""How much memory there is, whether an error means that it ran out, and giving it back."""

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
"""Bytes from which a limit is none: cgroup v1 writes a huge number where there is no limit."""


MALLINFO = (
    *("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks"),
    *("fordblks", "keepcost"),
)
"""The numbers of glibc's `struct mallinfo2`; `fordblks` is what is freed and kept."""


OOM_MESSAGES = ("DefaultCPUAllocator", "out of memory", "std::bad_alloc", "Cannot allocate memory")
"""What torch's errors say where memory ran out, beside `torch.OutOfMemoryError`."""


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


def is_oom(error: BaseException) -> bool:
    """Say whether an error means that there was no memory, on the CPU or on a GPU."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in OOM_MESSAGES)


def release_memory() -> None:
    """Give memory that nothing uses any more back to the system, the GPU's too."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL("libc.so.6").malloc_trim(0)
