"""One thread for NumPy's products of matrices."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """Return a context in which BLAS has one thread: small products are quicker, and results repeat to the bit."""
    from threadpoolctl import threadpool_limits  # here, since whoever trains has no need of it

    limits: AbstractContextManager[Any] = threadpool_limits(1, "blas")
    return limits
