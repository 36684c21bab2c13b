"""What the processor at hand is like."""

from __future__ import annotations

import os
from functools import cache

# A line of memory, in bytes, and the numbers that it holds at most.
LINE_BYTES = 64
LINE = LINE_BYTES // 4


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "process_cpu_count"):  # Python 3.13 and newer
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def vector_bytes() -> int:
    """Return the size of the processor's vectors."""
    import llvmlite.binding as llvm  # here, since whoever asks for cores alone need not wait for it

    features = llvm.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32 if features.get("avx") else 16
