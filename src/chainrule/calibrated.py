"""Outputs of a classifier's networks as probabilities, and these with a temperature."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float64]
TINY = 1e-37
"""Less than this is never taken the logarithm of."""


def shares(outputs: NDArray[Any]) -> Probabilities:
    """Return outputs as shares of their sum, shape (rows, classes), float64.

    Where the sum is not above 0 all classes have the same share. NaN stays NaN, in the whole of its row.

    >>> shares(np.array([[3.0, 1.0], [0.0, 0.0], [np.nan, 1.0]]))
    array([[0.75, 0.25],
           [0.5 , 0.5 ],
           [ nan,  nan]])
    """
    outputs = np.asarray(outputs, np.float64)
    sums = outputs.sum(axis=1, keepdims=True)
    even = np.full_like(outputs, 1 / outputs.shape[1])
    return np.asarray(np.divide(outputs, sums, out=even, where=~(sums <= 0)))


def tempered(p: Probabilities, temperature: float, *, separate: bool = False) -> Probabilities:
    """Return probabilities whose logarithms are divided by the temperature, shape (rows, classes).

    ``p ** (1 / T)``, scaled to a sum of 1: the softmax of ``z / T`` where `p` is that of ``z``. With `separate` each
    one is the probability of a label of its own, and the sigmoid of ``z / T``.

    >>> tempered(np.array([[0.8, 0.2]]), 2.0).round(3)
    array([[0.667, 0.333]])
    """
    logs = np.log(np.maximum(p, TINY))
    if separate:
        z = (logs - np.log(np.maximum(1 - p, TINY))) / temperature
        return np.asarray(np.where(z >= 0, 1, np.exp(np.minimum(z, 0))) / (1 + np.exp(-np.abs(z))))
    powers = np.exp((logs - logs.max(axis=1, keepdims=True)) / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
