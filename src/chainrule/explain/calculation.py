"""The numbers of a worked example: every array of a training step, before and after each update."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.checks.differences import Differences
from chainrule.derive import gradient_name
from chainrule.engines.reference import Plan
from chainrule.equations import Equation, Ref
from chainrule.explain.document import Check
from chainrule.explain.terms import Elements, place_of
from chainrule.program import Program

if TYPE_CHECKING:
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer


@dataclass(frozen=True)
class Batch:
    """What a calculation is given: checked inputs by name, with the sample weights if there are any."""

    given: Mapping[str, Any]

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return int(self.given["N"])


class Calculation:
    """One step of training, in float64, whatever the network's own type: rounding would hide what is to be seen.

    `arrays` hold all values of the forward and backward pass; `updates` the updates in their order, each with the
    arrays as they are before it.
    """

    def __init__(self, program: Program, arrays: dict[str, Any], batch: Batch):
        self.program, self.batch = program, batch
        sizes = {index: batch.samples if isinstance(size, str) else size for index, size in program.sizes.items()}
        self.elements = Elements(sizes)
        self.arrays = arrays
        self.steps = [equation for equation in program.equations if not equation.update]
        with np.errstate(all="ignore"):
            Plan(program, self.steps).run(self.arrays)
        self.equation_of = {equation.target.name: equation for equation in self.steps}
        self.updates: list[tuple[Equation, dict[str, Any]]] = []
        after = dict(self.arrays)
        for equation in (equation for equation in program.equations if equation.update):
            self.updates.append((equation, dict(after)))
            name = equation.target.name
            after[name] = np.array(after[name])
            with np.errstate(all="ignore"):
                Plan(program, [equation]).run(after)
        self.after = after
        self._differences: dict[str, Differences] = {}

    def difference(self, one: Ref) -> Check:
        """Return dE/d`one` by finite differences of the forward equations that come after it."""
        if one.name not in self._differences:
            self._differences[one.name] = self._differences_of(one.name)
        differences = self._differences[one.name]
        direction = np.zeros(np.shape(differences.arrays[one.name]))
        direction[place_of(one)] = 1
        found = differences.along({one.name: direction})
        if not math.isfinite(found.slope):
            return Check(None, at_a_kink=found.kink)
        derived = float(np.asarray(self.arrays[gradient_name(one.name)])[place_of(one)])
        return Check(found.slope, found.agrees(derived))

    def _differences_of(self, name: str) -> Differences:
        """Return the cost as a function of an array, be it one that the program computes: then it is given instead."""
        program = self.program
        forward = [eq for eq in program.equations if eq.part == "forward" and not eq.update]
        kept = tuple(eq for eq in forward if eq.target.name != name)
        inputs = program.inputs if len(kept) == len(forward) else (*program.inputs, program.declared(name))
        cut = Program(inputs, program.states, kept, program.sizes)
        names = {"N", *(ref.name for ref in (*cut.inputs, *cut.states))}
        return Differences(cut, {key: value for key, value in self.arrays.items() if key in names})


def calculations(net: Network, batch: Batch, optimizer: Optimizer, steps: int, training: bool) -> list[Calculation]:
    """Return the calculations of some steps of training from the network's present parameters."""
    names = tuple(parameter.ref.name for parameter in net.architecture.trainable)
    program = net.program(names, weighted="s" in batch.given, training=training, optimizer=optimizer)
    states = {name: np.asarray(value, np.float64) for name, value in {**net.parameters, **net.states}.items()}
    for state in program.states:
        states.setdefault(state.name, np.zeros(net.architecture.shape_of(state)))
    found: list[Calculation] = []
    for step in range(1, steps + 1):
        given = {name: np.asarray(value, np.float64) if name != "N" else value for name, value in batch.given.items()}
        if training:
            net.draw_masks(given, step, net.seed)
        scalars = {name: np.float64(value) for name, value in optimizer.scalars(step, steps).items()}
        calculation = Calculation(program, {**given, **states, **scalars}, batch)
        states = {name: calculation.after[name] for name in states}
        found.append(calculation)
    return found
