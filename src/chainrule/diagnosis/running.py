"""Runs calculations that have most of their equations in common, and computes what they share once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chainrule.diagnosis.calculation import Array, Calculation, Rounding
from chainrule.engines.reference import Plan
from chainrule.equations import Equation, refs
from chainrule.program import Program

MOST_BYTES = 200_000_000
"""When so much is kept, it is thrown away and computed again where needed."""


@dataclass(frozen=True)
class _Line:
    """An equation ready to run; `number` is the same for equal equations."""

    number: int
    reads: tuple[str, ...]
    plan: Plan


class Runner:
    """Runs calculations from the same start.

    A value is known by its equation and the values that it was made from, so that what a slip leaves alone is
    found, not computed.

    Parameters
    ----------
    sizes : of every index that an equation may use.
    states : parameters and states at the start.
    inputs : for each step the inputs and the optimiser's numbers.
    rows : the samples of the batch.
    """

    def __init__(
        self,
        sizes: Mapping[str, int | str],
        states: Mapping[str, Array],
        inputs: Sequence[Mapping[str, Array]],
        rows: int,
    ):
        self._program = Program((), (), (), sizes)
        self._states, self._inputs, self._rows = states, inputs, rows
        self._lines: dict[Equation, _Line] = {}
        # Hashing an equation takes longer than running it; the very same object is known by its identity.
        self._same: dict[int, tuple[Equation, _Line]] = {}
        self._forget()

    def _forget(self) -> None:
        self._values: list[Array] = []
        self._known: dict[tuple[object, ...], int] = {}
        self._bytes = 0

    def _forget_all_but(self, current: Mapping[str, int]) -> dict[str, int]:
        """Keep only the arrays that a run is at, and return their new places."""
        arrays = {name: self._values[place] for name, place in current.items()}
        self._forget()
        self._values = list(arrays.values())
        self._bytes = sum(value.nbytes for value in self._values)
        return {name: place for place, name in enumerate(arrays)}

    def run(self, calculation: Calculation) -> dict[str, Array]:
        """Return every array by name as it is after the last step; parameters are those after the last update."""
        if self._bytes > MOST_BYTES:
            self._forget()
        rounding = calculation.rounding
        single = rounding if rounding and rounding.kind == "float32" else None
        current = {name: self._start(name, 0, value, single) for name, value in self._states.items()}
        for extra in calculation.extra:
            zeros = np.zeros([self._size(index) for index in extra.index_names])
            current[extra.name] = self._start(extra.name, 0, zeros, None)
        with np.errstate(all="ignore"):
            for step, inputs in enumerate(self._inputs):
                if self._bytes > MOST_BYTES:
                    current = self._forget_all_but(current)
                for name, value in inputs.items():
                    current[name] = self._start(name, step, value, single)
                for equation in calculation.equations:
                    if not (step and equation.target.name in calculation.once):
                        current[equation.target.name] = self._compute(equation, current, rounding)
        return {name: self._values[place] for name, place in current.items()}

    @property
    def steps(self) -> int:
        """How many steps each run has."""
        return len(self._inputs)

    def _size(self, index: str) -> int:
        size = self._program.sizes[index]
        return size if isinstance(size, int) else self._rows

    def _start(self, name: str, step: int, value: Array, rounding: Rounding | None) -> int:
        return self._keep((name, step, rounding), value if rounding is None else rounding(value))

    def _keep(self, key: tuple[object, ...], value: Array) -> int:
        place = self._known.get(key)
        if place is None:
            place = self._known[key] = len(self._values)
            self._values.append(value)
            self._bytes += value.nbytes
        return place

    def _compute(self, equation: Equation, current: Mapping[str, int], rounding: Rounding | None) -> int:
        line = self._line(equation)
        if rounding and rounding.part not in (None, equation.part):
            rounding = None
        key = (line.number, rounding, *(current[name] for name in line.reads))
        place = self._known.get(key)
        if place is None:
            arrays = {name: self._values[current[name]] for name in line.reads}
            value = np.asarray(line.plan.run({**arrays, "N": self._rows})[equation.target.name], np.float64)
            place = self._keep(key, value if rounding is None else rounding(value))
        return place

    def _line(self, equation: Equation) -> _Line:
        same = self._same.get(id(equation))
        if same:
            return same[1]
        line = self._lines.get(equation)
        if line is None:
            # A value is never overwritten here, so that an update is an equation like any other.
            plan = Plan(self._program, [replace(equation, update=False)])
            names = tuple(dict.fromkeys(used.name for used in refs(equation.value)))
            line = self._lines[equation] = _Line(len(self._lines), names, plan)
        self._same[id(equation)] = equation, line
        return line
