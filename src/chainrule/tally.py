"""Batches of an epoch, and what they add up to."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.builder import OUTPUT

_SUMS = ("_cost", "_weight", "_penalty", "_error", "_batches", "_rows")


def rows_of(data: dict[str, Any], chosen: Any) -> dict[str, Any]:
    """Return some samples of a batch."""
    return {name: value[chosen] for name, value in data.items() if name != "N"} | {"N": len(chosen)}


def mean_cost(costs: Any, weights: Any, summed: bool) -> float:
    """Return the cost of a batch from the costs of its samples: their mean, by weight, or their sum."""
    costs = np.asarray(costs, np.float64)
    if weights is not None:
        costs = costs * weights
    total = float(costs.sum())
    return total if summed else total / float(len(costs) if weights is None else np.sum(weights, dtype=np.float64))


class Tally:
    """Adds up the batches of one epoch: its cost, and on record its error.

    The cost is the mean over the samples, by weight; where the network's reduction is "sum", the sum over
    the samples and the mean of what the penalties added to each batch.
    """

    def __init__(self, summed: bool):
        self.summed = summed
        self._cost = self._weight = self._penalty = self._error = 0.0
        self._batches = self._rows = 0

    def add(self, arrays: dict[str, Any], value: float) -> None:
        """Add one batch of which `value` is the cost."""
        self._batches += 1
        if self.summed:
            data = float(np.sum(arrays["c"] * arrays["s"] if "s" in arrays else arrays["c"]))
            self._cost += data
            self._penalty += value - data
        else:
            weight = float(arrays["s"].sum()) if "s" in arrays else arrays["N"]
            self._cost += weight * value
            self._weight += weight

    def add_error(self, arrays: dict[str, Any]) -> None:
        """Add the Euclidean norms of ``t - y``."""
        self._error += float(np.sqrt(np.square(arrays["t"] - arrays[OUTPUT]).sum(axis=1)).sum())
        self._rows += arrays["N"]

    def numbers(self) -> npt.NDArray[np.float64]:
        """Return all that it has added up, for `go_on`."""
        return np.array([getattr(self, name) for name in _SUMS], np.float64)

    def go_on(self, numbers: npt.NDArray[np.float64]) -> None:
        """Add to what another tally had added up."""
        for name, value in zip(_SUMS, numbers.tolist(), strict=True):
            setattr(self, name, type(getattr(self, name))(value))

    @property
    def cost(self) -> float:
        """The cost of the epoch."""
        return self._cost + self._penalty / self._batches if self.summed else self._cost / self._weight

    @property
    def error(self) -> float:
        """The mean error over the samples."""
        return self._error / self._rows
