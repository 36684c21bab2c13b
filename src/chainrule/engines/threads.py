"""Cores, and the threads of the BLAS."""

from __future__ import annotations

import os
import threading
from typing import Any

_changing = threading.Lock()
_users = 0
_limits: Any = None


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "process_cpu_count"):  # Python 3.13 and newer
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class SingleThreadedBlas:
    """While at least one is open, products take one thread each: compiled modules share them out themselves.

    It holds for the whole process, so that what it was before comes back when the last one is closed.
    """

    def __init__(self) -> None:
        global _users, _limits
        from threadpoolctl import threadpool_limits

        self._open = True
        with _changing:
            _users += 1
            if _users == 1:
                _limits = threadpool_limits(1, user_api="blas")

    def close(self) -> None:
        """Let the BLAS have its threads again, unless others are open."""
        global _users
        with _changing:
            _users -= self._open
            if self._open and not _users:
                _limits.restore_original_limits()
            self._open = False
