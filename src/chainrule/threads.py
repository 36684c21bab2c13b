"""One thread for NumPy's products of matrices."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

_ROWS = 64
"""From so many rows on BLAS would share a product of the reference engine among threads, which slows it down."""


def one_thread() -> AbstractContextManager[Any]:
    """Return a context in which BLAS has one thread: small products are quicker, and results repeat to the bit."""
    from threadpoolctl import threadpool_limits  # here, since whoever trains has no need of it

    limits: AbstractContextManager[Any] = threadpool_limits(1, "blas")
    return limits


def one_thread_for(rows: int) -> AbstractContextManager[Any]:
    """Return the context of `one_thread` where products of so many rows would get more; to enter it takes 0.4 ms."""
    return one_thread() if rows >= _ROWS else nullcontext()
