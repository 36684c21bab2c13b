"""Which categories a network was trained with, and what it makes of those it was not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from chainrule.layers import Columns

if TYPE_CHECKING:
    from chainrule.network import Network


@dataclass(frozen=True)
class Seen:
    """The weight that the rows of each category had in all trainings of a network, for each of its columns of codes."""

    weights: list[NDArray[np.float64]]

    @classmethod
    def nothing(cls, codes: Sequence[int]) -> Self:
        """Return what is known before the first training, given the numbers of categories."""
        return cls([np.zeros(size) for size in codes])

    def note(self, net: Network, data: dict[str, Any]) -> None:
        """Note the rows that a network has been trained with, and give categories of no row the mean of the others.

        Their learned numbers would else be those of the start, which are chance. What is trained later starts there.
        """
        if not self.weights:
            return
        layer = net.architecture.layers[0]
        assert isinstance(layer, Columns)
        for column, rows in enumerate(layer.learned_rows(net.parameters)):
            weights = self.weights[column]
            weights += np.bincount(data["x"][:, column].astype(np.intp), data.get("s"), len(weights))
            rows[weights == 0] = np.average(rows, axis=0, weights=weights)
