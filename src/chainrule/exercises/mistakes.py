"""Common mistakes as changed equations: an exercise has numbers in which each of them shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.derive import gradient_name
from chainrule.engines.reference import Plan
from chainrule.equations import COMPARISONS, Call, Equation, Expr, Ref, rebuild, refs, walk
from chainrule.optimizers import GradientDescent

if TYPE_CHECKING:
    from chainrule.exercises.course import Arrays, Course

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
    units = _units(course)
    for equation in course.equations:
        if equation.part == "learning":
            continue
        name = equation.target.name
        changes = [_transposed(equation, course), _without_bias(equation, course)]
        if name in units:
            changes += _slopes(equation, *units[name], course)
        if equation.part == "backward":
            changes.append(with_updated_weights(equation, course))
        yield from (replace(equation, value=value) for value in changes if value not in (None, equation.value))


def _units(course: Course) -> dict[str, tuple[Ref, Ref]]:
    """Return for each ``d_z`` the weighted input and the output of its units."""
    names = [name for name, role in course.architecture.unit_roles.items() if name != "x"]
    targets = {equation.target.name: equation.target for equation in course.equations}
    pairs = zip(names[::2], names[1::2], strict=True)
    return {gradient_name(z): (targets[z], targets[a]) for z, a in pairs}


def has_branches(equation: Equation) -> bool:
    """Tell whether a derivative is one of several by a comparison, as that of a relu."""
    return any(isinstance(node, Call) and node.function in COMPARISONS for node in walk(equation.value))


def _slopes(equation: Equation, z: Ref, a: Ref, course: Course) -> list[Expr | None]:
    """Return ``d_z`` without the derivative of the activation, and with that taken at ``z`` for ``a``."""
    outer = Ref(gradient_name(a.name), a.indices)
    if outer not in refs(equation.value):
        return []
    if has_branches(equation) and course.architecture.shape_of(a) == (1,):
        return []  # where the only unit is alive the derivative is 1, and nobody can tell whether it was forgotten
    return [outer, _swapped(equation.value, {a: z})]


def _transposed(equation: Equation, course: Course) -> Expr | None:
    """Return an equation with the rows of a square matrix of weights for its columns."""
    shape_of = course.architecture.shape_of
    weights = {parameter.ref for parameter in course.architecture.parameters if parameter.is_weight}
    square = [weight for weight in weights if len(set(shape_of(weight))) == 1 and shape_of(weight)[0] > 1]
    return _swapped(equation.value, {weight: Ref(weight.name, weight.indices[::-1]) for weight in square})


def _without_bias(equation: Equation, course: Course) -> Expr | None:
    biases = {parameter.ref for parameter in course.architecture.parameters if not parameter.is_weight}
    match equation.value:
        case Call("+", (rest, Ref() as bias)) if bias in biases:
            return rest
    return None


def with_updated_weights(equation: Equation, course: Course) -> Expr | None:
    """Return an equation of the backward pass that reads the weights as they are after the update."""
    if not isinstance(course.optimizer, GradientDescent):
        return None
    updates: dict[Expr, Expr] = {eq.target: eq.value for eq in course.equations if eq.part == "learning"}
    return _swapped(equation.value, updates)


def _swapped(expr: Expr, changes: Mapping[Expr, Expr]) -> Expr:
    found = changes.get(expr)
    return rebuild(expr, lambda child: _swapped(child, changes)) if found is None else found
