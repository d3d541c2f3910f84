"""Large arrays that are freed stay with the process, for the next one: asking the system for fresh pages is slow.

glibc maps every block above 32 MB afresh and returns it when it is freed; the pages of the next one are faulted in and
zeroed one by one. The activations of the released models are of that size: 5 % of a LLaMA layer's time.
"""

import os

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
LARGEST = 1 << 30  # bytes: blocks up to this size, and as much free memory at the top, are kept
VARIABLES = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed_memory() -> bool:
    """Whether glibc does so from now on: not with another C library, nor where the environment sets its own."""
    import ctypes  # here: --help does without

    if any(name in os.environ for name in VARIABLES):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # macOS, musl, Windows
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST)) and bool(mallopt(M_TRIM_THRESHOLD, LARGEST))
