"""How this process's memory allocator treats freed blocks."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of mallopt(3)
MEBIBYTE = 1 << 20


@cache
def keep_freed_memory() -> None:
    """Lets glibc keep up to 256 MiB that was freed, instead of giving every large block back to the system at once.

    The activations of a stack are blocks of some hundred kilobytes, freed and asked for again in every update. Given back each time, they
    cost a hundred page faults an update: 2.7 instead of 2.3 ms for 32 runs of an MLP 64-64. Without glibc, nothing is done.
    """
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return
    mallopt(M_MMAP_THRESHOLD, 32 * MEBIBYTE)
    mallopt(M_TRIM_THRESHOLD, 256 * MEBIBYTE)
