"""The trained parameters of a network as one vector, and populations as matrices with a row for each member."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import InputError
from chainrule.methods.varied import VariedCost

if TYPE_CHECKING:
    from chainrule.engines.standing import Training
    from chainrule.network import Network

Array = npt.NDArray[Any]

MOST_NUMBERS = 100_000_000
"""In float32 they take 400 MB."""


def check_population(net: Network, members: int) -> None:
    """Raise `InputError` for a population that is too large to hold."""
    size = sum(net.parameters[parameter.ref.name].size for parameter in net.architecture.trainable)
    if members * size > MOST_NUMBERS:
        raise InputError(
            f"{members:,} members of {size:,} weights are {members * size:,} numbers; at most {MOST_NUMBERS:,} are held"
        )


class WeightSpace:
    """The place in which a search moves: frozen parameters have no part in it."""

    def __init__(self, training: Training):
        net = training.net
        self.net, self.dtype = net, net.dtype
        self.names = tuple(parameter.ref.name for parameter in net.architecture.trainable)
        self.size = sum(net.parameters[name].size for name in self.names)
        self.evaluations = 0
        self._cost = VariedCost(training.program, self.names)

    @property
    def here(self) -> Array:
        """The present parameters, as a copy."""
        parts = [self.net.parameters[name].ravel() for name in self.names]
        return np.concatenate(parts) if parts else np.zeros(0, self.dtype)

    def move_to(self, vector: Array) -> None:
        """Give the network these parameters."""
        self.net.set_parameters({name: part[0] for name, part in self.split(vector[None]).items()})

    def split(self, matrix: Array) -> dict[str, Array]:
        """Return the parameters of members by name, each with an axis for the members in front."""
        parts, start = {}, 0
        for name in self.names:
            value = self.net.parameters[name]
            parts[name] = matrix[:, start : start + value.size].reshape(len(matrix), *value.shape)
            start += value.size
        return parts

    def costs(self, arrays: Mapping[str, Any], matrix: Array) -> Array:
        """Return the cost of each member on the batch in `arrays`, infinite where it is no number."""
        if not self.names:
            return np.full(len(matrix), arrays["E"])
        self.evaluations += len(matrix)
        blocks = self._cost.blocks(len(matrix), arrays["N"])
        found = np.concatenate([self._cost.costs(arrays, self.split(matrix[block])) for block in blocks])
        return np.where(np.isnan(found), np.inf, found)
