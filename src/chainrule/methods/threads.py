"""One thread for products of matrices, so that methods are compared on equal terms and repeat to the bit."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """Return a context in which NumPy's products run on one thread."""
    # scikit-learn, which is a dependency, brings it.
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    limits: AbstractContextManager[Any] = threadpool_limits(1)
    return limits
