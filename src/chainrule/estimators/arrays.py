"""The rows of a training as the arrays that networks take, made once for all networks that share them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chainrule.estimators.encoding import Encoding, Inputs
from chainrule.estimators.members import Data
from chainrule.estimators.parts import Part
from chainrule.estimators.targets import Target, Targets
from chainrule.tally import rows_of

if TYPE_CHECKING:
    from chainrule.network import Network


@dataclass
class Arrays:
    """Turns rows into inputs and targets of a network, and of all networks of its shape."""

    net: Network
    encoding: Encoding
    target: Target
    _encoded: dict[Part, tuple[Inputs, Targets]] = field(default_factory=dict, init=False)
    _data: dict[Part, Data] = field(default_factory=dict, init=False)

    def data(self, part: Part) -> Data:
        """Return inputs, targets and weights; rows that cost nothing, by the weight of their class, are left out."""
        if part not in self._data:
            given: dict[str, Any] = self.net.given(*self._encode(part), part.costs)
            costs = part.costs
            self._data[part] = given if costs is None or costs.all() else rows_of(given, costs.nonzero()[0])
        return self._data[part]

    def inputs(self, part: Part) -> Inputs:
        """Return the inputs of all rows."""
        return self._encode(part)[0]

    def _encode(self, part: Part) -> tuple[Inputs, Targets]:
        if part not in self._encoded:
            if part.origin is None:
                self._encoded[part] = self.encoding.inputs(part.rows), self.target.encode(part.y)
            else:
                whole, chosen = part.origin
                inputs, targets = self._encode(whole)
                self._encoded[part] = inputs[chosen], targets[chosen]
        return self._encoded[part]
