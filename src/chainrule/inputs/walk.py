"""Running the equations: always in float64, whatever the network itself calculates in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.builder import Parameter
from chainrule.data import FloatArray
from chainrule.engines.reference import Plan
from chainrule.errors import TrainingError
from chainrule.files import check_destination, replace
from chainrule.initializers import Init
from chainrule.inputs.programs import X
from chainrule.program import Program

if TYPE_CHECKING:
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer


@dataclass(frozen=True, eq=False)
class Course:
    """What happened to each of several inputs, step by step; NaN once one had arrived.

    All have shape (steps + 1, rows), the first line being the start: `cost`, `probability` of the class in question
    (None where the network has no classes) and `distance` from the start.
    """

    cost: FloatArray
    probability: FloatArray | None
    distance: FloatArray

    def __str__(self) -> str:
        return f"a path of {len(self.cost) - 1} steps of {self.cost.shape[1]} inputs"

    def csv(self) -> str:
        """Return it as CSV: row and step from 0, cost, probability and distance."""
        lines = ["row,step,cost,probability,distance"]
        for row in range(self.cost.shape[1]):
            for step in np.flatnonzero(~np.isnan(self.cost[:, row])):
                probability = "" if self.probability is None else f"{self.probability[step, row]:.9g}"
                lines.append(f"{row},{step},{self.cost[step, row]:.9g},{probability},{self.distance[step, row]:.9g}")
        return "\n".join(lines) + "\n"

    def save(self, path: str | Path) -> None:
        """Write it as a CSV file; raises `InputError` if it cannot be written."""
        replace(check_destination(path), self.csv().encode())


def constants_of(net: Network) -> dict[str, FloatArray]:
    """Return a network's parameters and running means as float64."""
    return {name: np.array(value, np.float64) for name, value in {**net.parameters, **net.states}.items()}


class Runner:
    """Runs a program of a network, with its numbers in float64."""

    def __init__(self, net: Network, program: Program):
        self._plan, self._constants = Plan(program), constants_of(net)

    def run(self, **given: Any) -> dict[str, Any]:
        """Return all arrays by name."""
        with np.errstate(all="ignore"):
            return dict(self._plan.run({**given, **self._constants, "N": len(given[X])}))


class Walk:
    """Runs a program whose state is x, step by step."""

    def __init__(self, net: Network, program: Program, optimizer: Optimizer):
        place = next(place for place, equation in enumerate(program.equations) if equation.update)
        self.program, self._optimizer, self._constants = program, optimizer, constants_of(net)
        self._look = Plan(program, program.equations[:place])
        self._move = Plan(program, program.equations[place:])
        parameter = Parameter(program.declared(X), Init("zeros"), layer=0)
        self._states = [state.name for state in optimizer.states_of(parameter).values()]

    def steps(self, x: FloatArray, given: dict[str, Any], count: int) -> Iterator[dict[str, Any]]:
        """Yield the arrays at the start and after each of `count` updates; `x` is moved in place.

        Raises `TrainingError` as soon as a cost is not a finite number.
        """
        states = {name: np.zeros_like(x) for name in self._states}
        arrays: dict[str, Any] = {**given, **self._constants, **states, X: x, "N": len(x)}
        for step in range(1, count + 2):
            with np.errstate(all="ignore"):
                self._look.run(arrays)
            cost = arrays["cost"]
            if not np.isfinite(cost).all():
                row = int(np.argmax(~np.isfinite(cost)))
                raise TrainingError(f"the cost of row {row} is {cost[row]} after {step - 1} steps: take a lower rate")
            yield arrays
            if step <= count:
                arrays.update(self._optimizer.scalars(step, count))
                with np.errstate(all="ignore"):
                    self._move.run(arrays)
