"""Memory: what a process holds, and how it gives it back."""

from __future__ import annotations

import ctypes
import gc

import torch


def give_back() -> None:
    """Return to the system, and to other programs on the GPU, what is not used any more."""
    gc.collect()
    if hasattr(ctypes.CDLL(None), "malloc_trim"):  # glibc keeps freed memory for the next step
        ctypes.CDLL(None).malloc_trim(0)
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
