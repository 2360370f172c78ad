"""The device of a run, and settings of torch and glibc that make its steps faster."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys
from functools import cache

import torch
from torch import nn

from gan_core.registry import short_repr

DEVICE = re.compile(r"cpu|cuda(?::([0-9]{1,4}))?")

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Their numbers in glibc's malloc.h."""

LARGEST_BLOCK, KEPT_BYTES = 2**30, 2**30


def resolve_device(name: str) -> torch.device:
    """Return the device of a name; `auto` is the GPU if there is one.

    Raises:
        ValueError: if there is no such device on this machine.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    device = DEVICE.fullmatch(name)
    if device is None:
        raise ValueError(f"device = {short_repr(name)} is not one of auto, cpu, cuda.")
    if name != "cpu" and not torch.cuda.is_available():
        raise ValueError(f"device = {name!r}: there is no CUDA GPU on this machine; use cpu.")
    if device[1] and int(device[1]) >= torch.cuda.device_count():
        last = torch.cuda.device_count() - 1
        raise ValueError(f"device = {name!r}: the last GPU of this machine is cuda:{last}.")
    return torch.device(name)


def to_device(network: nn.Module, device: torch.device) -> nn.Module:
    """Move a network to the device; convolutions are faster in channels-last memory format."""
    if any(isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) for layer in network.modules()):
        network = network.to(memory_format=torch.channels_last)
    return network.to(device)


@cache
def tune_malloc() -> None:
    """Let the process keep memory that a step frees, so that the next step can use it.

    Otherwise glibc returns large blocks to the system, and every page of them is zeroed again at
    the next step: a quarter of a step's time on MNIST. Only Linux needs it; elsewhere the function
    does nothing.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


@cache
def skip_dynamo_import() -> None:
    """Make optimizers usable without the import of torch's compiler, which takes 1.5 s.

    At the first call of one of four methods of `Optimizer`, torch imports its compiler only to mark
    the method as not to be compiled (`torch._compile._disable_dynamo`). A method that is already
    marked runs directly. If a version of torch keeps its marks elsewhere, nothing happens.
    """
    for name in ("add_param_group", "zero_grad", "state_dict", "load_state_dict"):
        function = getattr(getattr(torch.optim.Optimizer, name), "__wrapped__", None)
        if function is not None:
            function.__dict__.setdefault("__dynamo_disable", function)


@cache
def allow_tensor_cores() -> None:
    """Let a GPU multiply single-precision matrices in TF32, as cuDNN's convolutions do by default.

    TF32 keeps 10 bits of each factor's mantissa and adds in single precision; NVIDIA's GPUs since
    Ampere are several times as fast with it. The CPU's arithmetic stays as it is.
    """
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True


def describe_device(device: torch.device) -> str:
    """Return one line about a device, for the page."""
    if device.type == "cuda":
        memory = torch.cuda.get_device_properties(device).total_memory / 2**30
        return f"{torch.cuda.get_device_name(device)} ({memory:.0f} GiB)"
    return f"CPU ({os.cpu_count()} cores)"
