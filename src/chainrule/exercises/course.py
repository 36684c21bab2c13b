"""The numbers that an exercise asks for, in the order of calculation, and the equations between one and the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.architecture import COST
from chainrule.builder import OUTPUT
from chainrule.derive import gradient_name
from chainrule.diagnosis.patterns import Context
from chainrule.engines.reference import Plan
from chainrule.equations import Const, Equation, Expr, Ref, total
from chainrule.explain.naming import Naming, aliases_for
from chainrule.optimizers import GradientDescent

if TYPE_CHECKING:
    from chainrule.architecture import Architecture
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer

NAMES = "z/a"
"""The convention by which exercises name their numbers."""
UPDATED = "new "
Pass = Literal["forward", "cost", "backward", "update"]
Arrays = dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """One array of asked numbers.

    `routes` compute it from the asked arrays before it. The first is that of the network's own `equations`; a loss of
    which these take the exact form has a second, its formula as it is printed.
    """

    of: Pass
    target: Ref
    equations: tuple[Equation, ...]
    routes: tuple[Plan, ...]

    @property
    def key(self) -> str:
        """What no other stage is called."""
        return (UPDATED if self.of == "update" else "") + self.target.name

    def compute(self, arrays: Arrays) -> list[Any]:
        """Return what each route gives, and put that of the first one into `arrays`."""
        name = self.target.name
        others = [route.run(dict(arrays))[name] for route in self.routes[1:]]
        return [np.asarray(value) for value in (self.routes[0].run(arrays)[name], *others)]


class Course:
    """The calculation of one training step on one sample, from start values that are given at each run."""

    def __init__(self, architecture: Architecture, optimizer: Optimizer):
        self.architecture, self.optimizer = architecture, optimizer
        names = tuple(parameter.ref.name for parameter in architecture.trainable)
        self.program = architecture.program(names, optimizer=optimizer)
        self.naming = Naming(architecture, 1, aliases_for(architecture, NAMES))
        self.stages = tuple(self._stages())

    def _stages(self) -> Iterator[Stage]:
        waiting: list[Equation] = []
        for equation in self.equations:
            waiting.append(equation)
            of = self._asked_in(equation)
            if of:
                routes = [waiting, *([self._printed_cost()] if of == "cost" else [])]
                yield Stage(of, equation.target, tuple(waiting), tuple(Plan(self.program, route) for route in routes))
                waiting = []

    @cached_property
    def equations(self) -> tuple[Equation, ...]:
        """The equations in their order; an update gives a new array, so that the old one stays as it was."""
        return tuple(replace(equation, update=False) for equation in self.program.equations)

    @cached_property
    def context(self) -> Context:
        """What slips may know of the calculation."""
        return Context(self.architecture, self.program, self.optimizer, False, 1)

    @property
    def sees_updates(self) -> bool:
        """Whether an update is one equation, so that it can be written into others."""
        return isinstance(self.optimizer, GradientDescent)

    def _asked_in(self, equation: Equation) -> Pass | None:
        name, roles = equation.target.name, self.architecture.unit_roles
        parameters = {parameter.ref.name for parameter in self.architecture.trainable}
        if name == COST:
            return "cost"
        if equation.part == "forward" and name in roles:
            return "forward"
        if equation.part == "learning" and name in parameters:
            return "update"
        asked = {gradient_name(of) for of in parameters | {of for of, role in roles.items() if role == "input"}}
        return "backward" if equation.part == "backward" and name in asked else None

    def _printed_cost(self) -> list[Equation]:
        """Return the equations of the cost with the loss's formula as it stands, in the output itself."""
        loss, last = self.architecture.loss, {eq.target.name: eq for eq in self.equations}
        y = last[OUTPUT].target
        weighted = [name for name, role in self.architecture.unit_roles.items() if role == "input"][-1]
        units = y.index_names[-1]
        values: dict[str, Expr] = {"y": y, "t": Ref("t", y.indices), "z": Ref(weighted, y.indices)}
        value = loss.formula.expand(values, units)
        summed = total(units, value) if loss.formula.runs_over_units() else value
        return [replace(last["c"], value=summed), last[COST]]

    def start(self, net: Network, x: Any, t: Any) -> Arrays:
        """Return the arrays that the calculation starts from, in float64."""
        given = net.given(x, t)
        arrays: Arrays = {name: np.asarray(value, np.float64) for name, value in given.items() if name != "N"}
        arrays |= {name: np.array(value, np.float64) for name, value in net.parameters.items()}
        arrays |= {name: np.float64(value) for name, value in self.optimizer.scalars(1, 1).items()}
        for state in self.program.states:
            arrays.setdefault(state.name, np.zeros(self.architecture.shape_of(state)))
        return arrays | {"N": given["N"]}

    def values(self, start: Arrays) -> Arrays:
        """Return the exact value of each asked array by its stage's key."""
        arrays = dict(start)
        with np.errstate(all="ignore"):
            return {stage.key: stage.compute(arrays)[0] for stage in self.stages}

    def name(self, stage: Stage, place: tuple[int, ...]) -> str:
        """Return what an asked number is called on the sheet."""
        return (UPDATED if stage.of == "update" else "") + self.naming.plain(element(stage, place))

    def names(self, stage: Stage, shape: tuple[int, ...]) -> dict[tuple[int, ...], str]:
        """Return the names of a stage's numbers by their place; the weights of one unit stand together."""
        return {place: self.name(stage, place) for place in unit_by_unit(shape)}


def element(stage: Stage, place: tuple[int, ...]) -> Ref:
    """Return one element of a stage's array."""
    return Ref(stage.target.name, tuple(map(Const, place)))


def unit_by_unit(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the places of an array, those that end in the same unit together.

    >>> unit_by_unit((2, 2))
    [(0, 0), (1, 0), (0, 1), (1, 1)]
    """
    return sorted(np.ndindex(*shape), key=lambda place: place[::-1])
