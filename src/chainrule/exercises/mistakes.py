"""Common mistakes as changed equations: an exercise has numbers in which each of them shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.derive import gradient_name
from chainrule.diagnosis.calculation import Calculation
from chainrule.diagnosis.slips import SLIPS
from chainrule.engines.reference import Plan
from chainrule.equations import COMPARISONS, Call, Equation, Expr, walk

if TYPE_CHECKING:
    from chainrule.exercises.course import Arrays, Course

_COMMON = ("transposed", "bias_missing", "slope_missing", "slope_at_input", "updated_weights")
"""The slips of `chainrule.diagnosis` that each exercise shows."""
VISIBLE = 0.02
"""By this part of its size a mistake must change a number: more than what three digits leave open."""


@dataclass(frozen=True)
class Mistake:
    """An equation written wrongly."""

    name: str
    wrong: Plan

    def shows(self, arrays: Arrays) -> bool:
        """Tell whether any number of the array comes out visibly different; `arrays` are the right ones."""
        right = np.asarray(arrays[self.name])
        wrong = np.asarray(self.wrong.run(dict(arrays))[self.name])
        return bool(np.any(np.abs(wrong - right) > VISIBLE * np.maximum(np.abs(right), np.abs(wrong))))


def mistakes(course: Course) -> list[Mistake]:
    """Return the mistakes that can be made in a course."""
    return [Mistake(eq.target.name, Plan(course.program, [eq])) for eq in _wrong_equations(course)]


def _wrong_equations(course: Course) -> Iterator[Equation]:
    right = Calculation(course.program.equations)
    known = {equation.target.name: equation for equation in right.definitions.values()}
    learned = {gradient_name(parameter.ref.name) for parameter in course.architecture.parameters}
    for key in _COMMON:
        for name, value in _changed(key, right, course):
            hidden = key == "slope_missing" and _is_alone(known[name], course)
            if name not in learned and not hidden:
                yield replace(known[name], value=value)


def _changed(key: str, right: Calculation, course: Course) -> Iterator[tuple[str, Expr]]:
    """Yield each right side that a slip changes at one place, by the name of its array."""
    seen = set()
    for wrong in SLIPS[key].changes(right, course.context):
        for name, equation in wrong.definitions.items():
            if equation.value != right.value_of(name) and (name, equation.value) not in seen:
                seen.add((name, equation.value))
                yield name, equation.value
        if course.sees_updates:
            yield from wrong.reading_updates().items()


def _is_alone(equation: Equation, course: Course) -> bool:
    """Tell whether an activation has one unit, and a derivative that is 1 where it is alive.

    Nobody can tell then whether it was forgotten.
    """
    return has_branches(equation) and course.architecture.shape_of(equation.target) == (1,)


def has_branches(equation: Equation) -> bool:
    """Tell whether a derivative is one of several by a comparison, as that of a relu."""
    return any(isinstance(node, Call) and node.function in COMPARISONS for node in walk(equation.value))
