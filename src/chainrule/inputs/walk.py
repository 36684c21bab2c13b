"""Running the equations: always in float64, whatever the network itself calculates in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.builder import Parameter
from chainrule.data import FloatArray
from chainrule.engines.reference import Plan
from chainrule.errors import TrainingError
from chainrule.files import check_destination, replace
from chainrule.initializers import Init
from chainrule.inputs.asking import IntArray, check_path
from chainrule.inputs.programs import X
from chainrule.program import Program

if TYPE_CHECKING:
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer


@dataclass(frozen=True, eq=False)
class Course:
    """What happened to each of several inputs, step by step.

    `fixed` holds what is the same at every step, arrays of shape (rows,), with -1 for none; `steps` what changes,
    arrays of shape (steps + 1, rows), the first line being the start: NaN once a row had arrived, and where there is no
    such number. `course["distance"]` is one of these. What their names mean is said by `dream` and `fool`.
    """

    fixed: dict[str, IntArray]
    steps: dict[str, FloatArray]

    def __getitem__(self, name: str) -> FloatArray:
        return self.steps[name]

    def __str__(self) -> str:
        count, rows = self["distance"].shape
        return f"a path of {count - 1} steps of {rows} inputs"

    def take(self, rows: Sequence[int]) -> Course:
        """Return that of some rows."""
        fixed = {name: values[rows] for name, values in self.fixed.items()}
        return Course(fixed, {name: values[:, rows] for name, values in self.steps.items()})

    def csv(self) -> str:
        """Return it as CSV: the number of the row, from 0, what is fixed, the step, and what changes."""
        lines = [",".join(["row", *self.fixed, "step", *self.steps])]
        for row in range(self["distance"].shape[1]):
            fixed = ["" if values[row] < 0 else str(values[row]) for values in self.fixed.values()]
            for step in np.flatnonzero(~np.isnan(self["distance"][:, row])):
                numbers = [values[step, row] for values in self.steps.values()]
                written = ["" if np.isnan(number) else f"{number:.9g}" for number in numbers]
                lines.append(",".join([str(row), *fixed, str(step), *written]))
        return "\n".join(lines) + "\n"

    def save(self, path: str | Path) -> None:
        """Write it as a CSV file; raises `InputError` if it cannot be written."""
        check_path(path)
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

    def steps(
        self, x: FloatArray, given: dict[str, Any], count: int, lost: npt.NDArray[np.bool_] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the arrays at the start and after each of `count` updates; `x` is moved in place.

        A row whose cost is not a finite number is noted in `lost`; without that, raises `TrainingError`.
        """
        states = {name: np.zeros_like(x) for name in self._states}
        arrays: dict[str, Any] = {**given, **self._constants, **states, X: x, "N": len(x)}
        for step in range(1, count + 2):
            with np.errstate(all="ignore"):
                self._look.run(arrays)
            cost = arrays["cost"]
            wrong = ~np.isfinite(cost)
            if lost is not None:
                lost |= wrong
            elif wrong.any():
                row = int(np.argmax(wrong))
                where = f"after {step - 1} steps: take a lower rate"
                if step == 1:
                    where = "at the start, before any step: its start, or what the network makes of it, is too large"
                raise TrainingError(f"the cost of row {row} is {cost[row]} {where}")
            yield arrays
            if step <= count:
                arrays.update(self._optimizer.scalars(step, count))
                with np.errstate(all="ignore"):
                    self._move.run(arrays)
