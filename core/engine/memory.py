"""How this process's memory allocator treats freed blocks."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of mallopt(3)
MEBIBYTE = 1 << 20


@cache
def keep_freed_memory() -> None:
    """Lets glibc keep up to 256 MiB of freed memory, instead of returning every large block to the system at once.

    The activations of a stack are blocks of some hundred kilobytes, which every update frees and allocates again. If they were returned
    each time, an update would cost a hundred page faults: 2.7 instead of 2.3 ms for 32 runs of an MLP 64-64. Without glibc this does
    nothing.
    """
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return
    mallopt(M_MMAP_THRESHOLD, 32 * MEBIBYTE)
    mallopt(M_TRIM_THRESHOLD, 256 * MEBIBYTE)
