"""Somebody's numbers against the right ones, and what explains the difference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data import as_inputs, as_targets, as_weights
from chainrule.derive import gradient_name
from chainrule.diagnosis.calculation import Array, Calculation, Rounding, reads
from chainrule.diagnosis.fitting import Evidence
from chainrule.diagnosis.matching import Numbers
from chainrule.diagnosis.misprints import misprints
from chainrule.diagnosis.patterns import Context
from chainrule.diagnosis.reading import Part, Shapes, element, read
from chainrule.diagnosis.report import Diagnosis, Difference, Explanation, Line, Named, check_language
from chainrule.diagnosis.running import Runner
from chainrule.diagnosis.trying import Hypothesis, Search
from chainrule.engines.reference import first_not_finite
from chainrule.equations import Equation, refs
from chainrule.errors import InputError, shown
from chainrule.ranges import check_yes_no, whole

if TYPE_CHECKING:
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer

_MOST_DIGITS = 15
_MOST_OPERANDS = 6
MOST_STEPS = 1_000
"""Of more steps nobody has every number, and each slip would be tried over all of them."""


def diagnose(
    net: Network,
    x: Any,
    t: Any,
    theirs: Mapping[str, Any] | str | Path,
    *,
    optimizer: Optimizer | str | None = None,
    steps: int = 1,
    sample_weight: Any = None,
    training: bool = False,
    digits: int | None = None,
    names: Mapping[str, str] | None = None,
    language: str = "en",
) -> Diagnosis:
    """Find the first of somebody's numbers that is not right, and the slip that reproduces it.

    Parameters
    ----------
    net, x, t, sample_weight : the network with the parameters at the start, and the batch that they used,
        as for `Network.gradients`. The network is left as it is.
    theirs : their numbers by name: any array of the forward and backward pass as `Network.values` names it
        (``"z1"``, ``"E"``, ``"d_w1"``), or one element (``"d_w1[0,2]"``, counted from 0). A parameter's own name
        (``"w1"``) is its value after the updates. Arrays may be of any framework; None and masked elements are not
        compared, and a NaN or an infinity does not agree. A text such as ``"0.06"`` is a printed number.
        Or the text of a CSV with the columns name and value, or the path of such a file.
    optimizer : what they update with, or its name; needed for parameters, and for slips of the update.
    steps : so many steps, at most 1,000, were made on this batch; arrays are those of the last one.
    training : as in training, with each step's dropout and the batch's own statistics.
    digits : the significant digits that their arrays are rounded to. By default 9, or 6 for float32; an array of
        which every number has few decimals (or digits, but 3 at least) is taken for rounded to so many. A 0 is
        exact where no other number of its array has decimals. An array
        without more decimals than `digits` may be rounded to decimals as well. Printed numbers are known to half a
        unit of their last digit. Nothing is known better than float32 where the network computes in float32.
    names : their names for elements, such as ``{"w5": "w2[0,0]"}``; then ``d_w5`` and ``dE/dw5`` are known too.
    language : of the report.

    Every slip of `chainrule.diagnosis.slips`, alone and in pairs, is put into the equations, which are computed
    again in float64. One is named only if its match is worth more than chance among all that were tried; see
    `chainrule.diagnosis.matching`. Raises `InputError` for what does not fit.

    >>> from chainrule.examples import network
    >>> net, x, t = network("mazur")
    >>> print(diagnose(net, x, t, {"d_z2[0,0]": -0.138498562, "d_w2[0,0]": -0.082167041}))
    2 of 2 numbers do not agree. The first in the order of calculation is d_z2[0,0]:
        theirs -0.138498562, right 0.138498562
        d_z2[n,k] = d_y[n,k] * y[n,k] * (1 - y[n,k])
    <BLANKLINE>
    1. the sign of the error
       ...
    """
    check_language(language)
    case = Case(net, x, t, optimizer, steps, sample_weight, training)
    return case.diagnosis(theirs, digits, _checked(names), language)


class Case:
    """One network, batch and number of steps, with the right calculation."""

    def __init__(
        self, net: Network, x: Any, t: Any, optimizer: Optimizer | str | None, steps: int, weights: Any, training: bool
    ):
        from chainrule.optimizers import as_optimizer

        whole("steps", steps, most=MOST_STEPS)
        check_yes_no("training", training)
        self.net, self.optimizer = net, None if optimizer is None else as_optimizer(optimizer)
        program = net.program(
            (*net.parameters, "x"),
            weighted=weights is not None,
            training=training,
            optimizer=self.optimizer,
        )
        first = self._inputs(x, t, weights)
        rows = len(first["x"])
        self.context = Context(net.architecture, program, self.optimizer, weights is not None, rows)
        # Without an optimiser nothing changes from step to step but the masks.
        inputs = [first | self._of_step(first, step, steps, training) for step in range(1, steps + 1)]
        self.steps, self.start = steps, self._states()
        self.runner = Runner(self.context.sizes, self.start, inputs, rows)
        self.right = Calculation(program.equations)
        self.arrays = self.runner.run(self.right)
        if where := first_not_finite(program, self.arrays):
            raise InputError(f"there is nothing to compare with: the right value is not finite, {where}")

    def _inputs(self, x: Any, t: Any, weights: Any) -> dict[str, Array]:
        """Return the batch in float64, also where the network computes in float32: rounding is a slip to tell."""
        loss, exact = self.net.architecture.loss, np.float64
        given = {"x": as_inputs(x, self.net.inputs, exact)}
        rows = len(given["x"])
        given["t"] = as_targets(t, loss.targets, rows, self.net.outputs, exact)
        if loss.targets == "distribution":
            given["t"] = given["t"] / given["t"].sum(axis=1, keepdims=True)  # float32 rows sum to 1 only nearly
        if weights is not None:
            given["s"] = as_weights(weights, rows, exact)
        return {name: np.asarray(value, exact) for name, value in given.items()}

    def _of_step(self, given: dict[str, Array], step: int, steps: int, training: bool) -> dict[str, Array]:
        """Return what is new at a step: the dropout masks, and the optimiser's numbers."""
        drawn: dict[str, Any] = dict(given)
        if training:
            self.net.draw_masks(drawn, step, self.net.seed)
        scalars = self.optimizer.scalars(step, steps) if self.optimizer else {}
        return {name: np.asarray(value, np.float64) for name, value in (drawn | scalars).items()}

    def _states(self) -> dict[str, Array]:
        kept = {**self.net.parameters, **self.net.states}
        shape_of = self.net.architecture.shape_of
        return {
            state.name: np.asarray(kept[state.name], np.float64) if state.name in kept else np.zeros(shape_of(state))
            for state in self.context.program.states
        }

    def diagnosis(
        self, theirs: Mapping[str, Any] | str | Path, digits: int | None, names: Mapping[str, str], language: str
    ) -> Diagnosis:
        """Compare somebody's numbers, and look for what explains those that differ."""
        if digits is not None:
            whole("digits", digits, 1, _MOST_DIGITS)
        shapes = {name: np.shape(value) for name, value in self.arrays.items()}
        parts = read(theirs, shapes, digits, _with_gradients(names, shapes), self.net.dtype == np.float32)
        for name in (part.name for part in parts):
            if name in self.net.parameters and self.optimizer is None:
                raise InputError(
                    f"{name} is compared as it is after the update: say how it is updated, as in "
                    "optimizer=GradientDescent(0.5)"
                )
        in_single = self.runner.run(replace(self.right, rounding=Rounding("float32")))
        with np.errstate(all="ignore"):  # their numbers may be as large as there are
            self.numbers = Numbers(parts, self._order(), self.arrays, in_single)
            return self._compared(language)

    def _order(self) -> dict[str, int]:
        """Return the place of each array in the order of calculation; inputs and what is never written come first."""
        order = dict.fromkeys(self.arrays, -1)
        for place, equation in enumerate(self.right.equations):
            order[equation.target.name] = place
        return order

    def _compared(self, language: str) -> Diagnosis:
        numbers = self.numbers
        wrong = {numbers.array_of(int(place)) for place in np.flatnonzero(numbers.wrong)}
        agreeing = dict.fromkeys(self._label(part) for part in numbers.parts if part.name not in wrong)
        short = {self._label(p): p.decimals for p in numbers.parts if p.name in wrong and p.decimals}
        compared = len(numbers.values)
        knows_updates = self.optimizer is not None
        if not wrong:
            return Diagnosis(True, compared, tuple(agreeing), (), (), (), 0, 0, knows_updates, language)
        evidence = Evidence(numbers, self.arrays, self.start, self.steps)
        found = Search(self.runner, replace(self.context, evidence=evidence), self.right, numbers).run()
        # Near enough for float32 is no proof of it where a digit explains the number.
        proven = found.complete and any(not group[0].slips[-1].near for group in found.groups)
        copied = () if proven else misprints(numbers, self.arrays)
        explanations = () if copied else tuple(self._explanation(group) for group in found.groups)
        return Diagnosis(
            False,
            compared,
            tuple(agreeing),
            self._differing(),
            explanations,
            copied,
            found.tried,
            found.by_chance,
            knows_updates,
            language,
            tuple(short.items()),
        )

    def _label(self, part: Part) -> str:
        """Return how an entry is named: as it was, if by a name of their own; the array, or the one element of it."""
        if part.alias:
            return part.alias
        shape = np.shape(self.arrays[part.name])
        return element(part.name, int(part.places[0]), shape) if part.values.size == 1 else part.name

    def _differing(self) -> tuple[Difference, ...]:
        numbers = self.numbers
        written = {name: str(self._equation(name) or name) for name in {part.name for part in numbers.parts}}
        found: list[Difference] = []
        for place in map(int, np.flatnonzero(numbers.wrong)):
            array = numbers.array_of(place)
            equation = self._equation(array)
            off = abs(numbers.values[place] - numbers.right[place]) / (2 * numbers.tolerance[place])
            found.append(
                Difference(
                    numbers.label(place),
                    float(numbers.values[place]),
                    float(numbers.right[place]),
                    written[array],
                    float(off) if np.isfinite(off) else math.inf,
                    () if found else self._operands(array),
                    numbers.called(place),
                    equation.part if equation else "",
                )
            )
        return tuple(found)

    def _equation(self, array: str) -> Equation | None:
        written = [equation for equation in self.right.equations if equation.target.name == array]
        return written[-1] if written else None

    def _operands(self, array: str) -> tuple[str, ...]:
        """Return what the equation of an array reads that was given and agrees."""
        equation = self._equation(array)
        numbers = self.numbers
        names: dict[str, list[str]] = {}
        for part in numbers.parts:
            names.setdefault(part.name, []).append(part.alias or part.name)
        wrong = {numbers.array_of(int(place)) for place in np.flatnonzero(numbers.wrong)}
        made_of = dict.fromkeys(used.name for used in refs(equation.value)) if equation else {}
        given = (called for name in made_of if name not in wrong for called in names.get(name, ()))
        return tuple(dict.fromkeys(given))[:_MOST_OPERANDS]

    def _explanation(self, group: list[Hypothesis]) -> Explanation:
        numbers = self.numbers
        named = tuple(
            Named(hypothesis.slips, self._lines(hypothesis.calculation), hypothesis.calculation.value)
            for hypothesis in group
        )
        return Explanation(named, int((group[0].matched & numbers.wrong).sum()), int(numbers.wrong.sum()))

    def _lines(self, calculation: Calculation) -> tuple[Line, ...]:
        """Return the equations that a slip changes, beside the right ones."""
        right = [equation for equation in self.right.equations if equation not in calculation.equations]
        lines = []
        for theirs in calculation.equations:
            if theirs not in self.right.equations:
                same = (eq for eq in right if (eq.target, eq.update) == (theirs.target, theirs.update))
                corrected = next(same, None)
                lines.append(Line(str(theirs), str(corrected or "")))
                right = [equation for equation in right if equation is not corrected]
        lines += [Line("", str(left_out)) for left_out in right]
        return tuple(lines or self._order_of(calculation))

    def _order_of(self, calculation: Calculation) -> list[Line]:
        """Return what comes too early, and after it what should have come before: best what reads it."""
        for place, (early, due) in enumerate(zip(calculation.equations, self.right.equations, strict=True)):
            if early != due:
                later = self.right.equations[place : self.right.equations.index(early)]
                due = next((eq for eq in later if reads(eq.value, early.target.name)), due)
                return [Line(f"{early}; {due}", f"{due}; {early}")]
        return []


def _checked(names: Mapping[str, str] | None) -> Mapping[str, str]:
    known = {} if names is None else names
    if not isinstance(known, Mapping) or not all(isinstance(name, str) for pair in known.items() for name in pair):
        raise InputError(f"names are elements by names of your own, as in {{'w5': 'w2[0,0]'}}, not {shown(names)}")
    return known


def _with_gradients(names: Mapping[str, str], shapes: Shapes) -> dict[str, str]:
    """Return somebody's names of elements, and with them those of the derivatives, as d_w5 or dE/dw5."""
    known = dict(names)
    for theirs, ours in names.items():
        if gradient_name(ours).partition("[")[0].strip() not in shapes:
            continue
        for written in (f"d_{theirs}", f"dE/d{theirs}", f"dE/d_{theirs}"):
            known.setdefault(written, gradient_name(ours))
    return known
