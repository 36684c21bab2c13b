"""Probabilities that mean what they say: one temperature, fitted on rows that were not trained with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calibrated import TINY, Probabilities, tempered

PRIOR = 0.3
"""The standard deviation of the logarithm of a temperature before any row is seen.

Chosen among 0.3, 0.6, 1 and none by the log loss on the tables that the recipes were chosen on, see
`docs/accuracy.md`. Without it a part of 80 rows with
no mistake in it gives T = 0.05, and the two mistakes among the test rows then cost ten times as much as before.
"""
_FARTHEST = 3.0


def fit_temperature(
    p: Probabilities, targets: NDArray[Any], weights: NDArray[Any] | None = None, *, separate: bool = False
) -> float:
    """Return the temperature that is most probable, given rows that were not trained with.

    It is the one at which the targets are most likely (Guo, Pleiss, Sun and Weinberger 2017), but for a prior:
    ``log T`` is normal with mean 0 and standard deviation 0.3. So a few rows, all of them predicted right, do not make
    a network certain of everything.

    Parameters
    ----------
    p : probabilities of the rows, shape (rows, classes).
    targets : 1 for the class of the row and 0 for others, of the same shape.
    weights : of the rows; 2 counts as the row given twice.
    separate : whether each probability is that of a label of its own.

    >>> p = np.array([[0.99, 0.01]] * 60 + [[0.01, 0.99]] * 20)
    >>> round(fit_temperature(p, np.array([[1, 0]] * 80)), 2)
    2.8
    """
    from scipy.optimize import minimize_scalar

    rows = np.ones(len(p)) if weights is None else np.asarray(weights, np.float64)

    def cost(log_temperature: float) -> float:
        q = tempered(p, float(np.exp(log_temperature)), separate=separate)
        likelihood = targets * np.log(np.maximum(q, TINY))
        if separate:
            likelihood = likelihood + (1 - targets) * np.log(np.maximum(1 - q, TINY))
        return (log_temperature / PRIOR) ** 2 / 2 - float(rows @ likelihood.sum(axis=1))

    found = minimize_scalar(cost, bounds=(-_FARTHEST, _FARTHEST), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))
