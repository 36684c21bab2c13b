"""Finite differences of the cost, and the kinks that they must not straddle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.engines.reference import Plan
from chainrule.equations import (
    Call,
    Equation,
    Expr,
    Index,
    Reduce,
    Ref,
    children,
    free_indices,
    fresh_index,
    rebuild,
    ref,
    substitute,
    substitute_indices,
)
from chainrule.functions import function
from chainrule.program import Program

Array = npt.NDArray[np.float64]

# Central differences over five points, whose error is of order step**4.
_WEIGHTS = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}
# Errors are relative to the derivative, but never to less than this.
FLOOR = 1e-3
DIFFERENCES_TOLERANCE = 1e-6
STEPS = (3e-3, 1e-3, 2e-4, 4e-5, 8e-6, 1e-6, 1e-7)


@dataclass(frozen=True)
class Difference:
    """A derivative by differences, how far it may be from the truth, and whether a kink lies between the points.

    Where the cost is no finite number around the point, the slope is NaN.
    """

    slope: float
    kink: bool = False
    uncertainty: float = 0.0

    def agrees(self, derived: float) -> bool:
        """Tell whether a derivative is as near to this one as differences can tell."""
        near = max(DIFFERENCES_TOLERANCE * max(abs(derived), FLOOR), self.uncertainty)
        return abs(self.slope - derived) <= near


@dataclass(frozen=True)
class _Slope:
    """A difference quotient, and about how much of it rounding of the cost can be."""

    value: float
    rounding: float


class Differences:
    """The cost of a program as a function of its arrays, in float64.

    `arrays` are the inputs and states with ``N``; one element of one of them is changed at a time, in a copy.
    """

    def __init__(self, program: Program, arrays: Mapping[str, Any]):
        self.arrays = {name: _as_float64(value) for name, value in arrays.items()}
        program = self._frozen(program)
        switches = _Switches(program)
        self.switches = switches.equations
        equations = (*program.needed_for(["E"]), *self.switches)
        self.plan = Plan(replace(program, equations=equations, sizes=switches.sizes))

    def _frozen(self, program: Program) -> Program:
        """Give what stands in ``stop`` its value at the start: it takes no part in the derivative."""
        equations: list[Equation] = []
        inputs: list[Ref] = []

        def freeze(expr: Expr) -> Expr:
            if not (isinstance(expr, Call) and expr.function == "stop"):
                return rebuild(expr, freeze)
            frozen = ref(f"frozen_{len(inputs)}", *free_indices(expr))
            equations.append(Equation(frozen, expr.args[0]))
            inputs.append(frozen)
            return frozen

        needed = program.needed_for(["E"])
        kept = []
        for equation in needed:
            kept.append(replace(equation, value=freeze(equation.value)))
            equations.append(equation)
        with np.errstate(all="ignore"):
            run = Plan(replace(program, equations=tuple(equations))).run(dict(self.arrays))
        self.arrays.update({frozen.name: run[frozen.name] for frozen in inputs})
        return replace(program, inputs=(*program.inputs, *inputs), equations=tuple(kept))

    def along(self, directions: Mapping[str, Array]) -> Difference:
        """Return the derivative of the cost along `directions`, one array for each name.

        Long steps suffer from curvature, short ones from rounding: of the steps tried, the one is believed that
        agrees best with the longer one before it, its rounding counted. A step across a kink is not.
        """
        # A long step may leave where the cost is a number, as below a square root.
        found = [self._at(directions, step) for step in STEPS]
        smooth = [slope for slope in found if slope and math.isfinite(slope.value)]
        if len(smooth) < 2:
            return Difference(smooth[0].value) if smooth else Difference(math.nan, kink=None in found)
        longer, best = min(pairwise(smooth), key=_apart)
        return Difference(best.value, uncertainty=_apart((longer, best)))

    def _at(self, directions: Mapping[str, Array], step: float) -> _Slope | None:
        """Return the difference quotient for one step, None if a kink lies in between."""
        start = {name: self.arrays[name] for name in directions}
        costs, signs = [], []
        for multiple in _WEIGHTS:
            for name, direction in directions.items():
                self.arrays[name] = start[name] + multiple * step * direction
            run = self._run()
            costs.append(float(run["E"]))
            signs.append([np.sign(run[switch.target.name]) for switch in self.switches])
        self.arrays.update(start)
        if any(not np.array_equal(a, b) for other in signs[1:] for a, b in zip(signs[0], other, strict=True)):
            return None
        value = sum(weight * cost for weight, cost in zip(_WEIGHTS.values(), costs, strict=True)) / step
        return _Slope(value, np.finfo(float).eps * max(map(abs, costs)) / step)

    def gradient(self, name: str) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Return the derivative for each element of an array, and where a kink makes it worthless (NaN)."""
        shape = self.arrays[name].shape
        slopes, kinks = np.zeros(shape), np.zeros(shape, bool)
        for place in np.ndindex(*shape):
            direction = np.zeros(shape)
            direction[place] = 1
            difference = self.along({name: direction})
            slopes[place], kinks[place] = difference.slope, difference.kink
        return slopes, kinks

    def _run(self) -> dict[str, Any]:
        with np.errstate(all="ignore"):
            return dict(self.plan.run(dict(self.arrays)))


def _apart(pair: tuple[_Slope, _Slope]) -> float:
    longer, shorter = pair
    return abs(longer.value - shorter.value) + shorter.rounding


def _as_float64(value: Any) -> Any:
    return np.asarray(value, np.float64) if isinstance(value, np.ndarray) else value


class _Switches:
    """Finds, for each place where a function has a kink, the value whose change of sign is the kink.

    What stands in ``stop`` takes no part in a derivative, so that its kinks are none of the cost.
    """

    def __init__(self, program: Program):
        self.sizes = dict(program.sizes)
        self.names = set(program.declarations())
        self.equations: list[Equation] = []
        active = {"E"}
        for equation in reversed(program.needed_for(["E"])):
            if equation.target.name in active:
                self._visit(equation.value, equation.target.index_names)
                active.update(_outside_stop(equation.value))

    def _visit(self, expr: Expr, scope: tuple[str, ...]) -> None:
        match expr:
            case Call("stop", _):
                return
            case Call(name, args):
                entry = function(name)
                if entry.kink_value is not None:
                    self._add(substitute(entry.kink_value, dict(zip(entry.arguments, args, strict=True))), scope)
            case Reduce(kind, indices, body):
                if kind == "max":
                    self._add(body - self._renamed(expr), (*scope, *indices))
                scope = (*scope, *indices)
        for child in children(expr):
            self._visit(child, scope)

    def _renamed(self, maximum: Reduce) -> Reduce:
        """Return the same maximum over other indices, to stand beside its own elements."""
        taken = {*self.sizes, *self.names}
        names = {index: fresh_index(index, taken) for index in maximum.indices}
        self.sizes.update({new: self.sizes[old] for old, new in names.items()})
        body, _ = substitute_indices(maximum.body, {old: Index(new) for old, new in names.items()}, taken)
        return Reduce("max", tuple(names.values()), body)

    def _add(self, value: Expr, scope: tuple[str, ...]) -> None:
        own = [index for index in scope if index in free_indices(value)]
        self.equations.append(Equation(ref(f"switch_{len(self.equations)}", *own), value, origin="kinks"))


def _outside_stop(expr: Expr) -> set[str]:
    if isinstance(expr, Call) and expr.function == "stop":
        return set()
    own = {expr.name} if isinstance(expr, Ref) else set()
    return own.union(*map(_outside_stop, children(expr)))
