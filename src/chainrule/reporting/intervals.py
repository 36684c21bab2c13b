"""How far a score on some rows may be from that on all rows of the kind: intervals that hold it in 95 of 100 cases."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
Z = 1.959963984540054
"""The normal distribution has 95 percent within so many standard deviations."""
RESAMPLES = 1000
_MOST_DRAWS = 100_000_000
_AT_ONCE = 4_000_000
Numbers = NDArray[np.float64]


def wilson(share: float, rows: float) -> tuple[float, float]:
    """Return the interval of a share of so many rows (Wilson 1927).

    >>> low, high = wilson(0.9, 10)
    >>> round(low, 3), round(high, 3)
    (0.596, 0.982)
    """
    center = share + Z**2 / (2 * rows)
    spread = Z * np.sqrt(share * (1 - share) / rows + Z**2 / (4 * rows**2))
    scale = 1 + Z**2 / rows
    return float(max(0, (center - spread) / scale)), float(min(1, (center + spread) / scale))


def effective_rows(weights: Numbers) -> float:
    """Return how many rows of equal weight tell as much (Kish 1965).

    >>> effective_rows(np.array([2.0, 2.0])), effective_rows(np.array([1.0, 0.0]))
    (2.0, 1.0)
    """
    return float(weights.sum() ** 2 / (weights**2).sum())


def bootstrap(measure: Callable[[Numbers], Numbers], weights: Numbers, seed: int = 0) -> tuple[float, float]:
    """Return the interval of a score, from the rows drawn again and again (Efron 1979, percentiles).

    1,000 times, of very many rows fewer times, but at least 100. One row tells nothing of others: then NaN.

    Parameters
    ----------
    measure : takes weights, shape (draws, rows), and returns the score of each draw, shape (draws,); NaN for none.
    weights : of the rows, shape (rows,).
    seed : of the draws.

    >>> values = np.arange(100.0)
    >>> low, high = bootstrap(lambda w: w @ values / w.sum(axis=1), np.ones(100))
    >>> bool(low < 49.5 < high)
    True
    """
    rows, random = len(weights), np.random.default_rng(seed)
    if np.count_nonzero(weights) < 2:
        return np.nan, np.nan
    draws = max(100, min(RESAMPLES, _MOST_DRAWS // rows))
    at_once = max(1, _AT_ONCE // rows)
    found = []
    for start in range(0, draws, at_once):
        count = min(at_once, draws - start)
        places = random.integers(0, rows, (count, rows)) + rows * np.arange(count)[:, None]
        times = np.bincount(places.ravel(), minlength=count * rows).reshape(count, rows)
        with np.errstate(all="ignore"):
            found.append(measure(times * weights))
    scores = np.concatenate(found)
    scores = scores[np.isfinite(scores)]
    if not len(scores):
        return np.nan, np.nan
    low, high = np.quantile(scores, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
