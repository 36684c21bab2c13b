"""Marks: each number right, right for what was wrong before it, wrong, or missing.

A number is compared with the exact one, then with what its equation makes of the student's own numbers before it. Those
are rounded: how far that may move the next number is found by moving each of them by its last digit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.exercises.answers import Given

if TYPE_CHECKING:
    from chainrule.exercises.course import Arrays, Stage
    from chainrule.exercises.making import Exercise

_EXACT = 1e-12
"""What calculating in another order may change."""
_WHOLE = 1e-14
"""By so much a number that has all of its digits may differ."""
Place = tuple[int, ...]


class Verdict(Enum):
    """What is said of a number."""

    RIGHT = "right"
    CARRIED = "carried forward"
    WRONG = "wrong"
    MISSING = "missing"


@dataclass(frozen=True)
class Mark:
    """An asked number: what was `given`, the `exact` value, and what follows from the student's `own` before it."""

    name: str
    verdict: Verdict
    given: Given | None
    exact: float
    own: float

    @property
    def is_coarse(self) -> bool:
        """Whether it is wrong only because it was rounded to fewer digits than it needs."""
        given = self.given
        return (
            self.verdict is Verdict.WRONG and given is not None and (given.begins(self.exact) or given.begins(self.own))
        )


def marks(exercise: Exercise, given: Mapping[str, Given]) -> tuple[Mark, ...]:
    """Return the mark of each asked number, in the order of calculation; `given` is by the names of the sheet."""
    # One goes on with all of the student's numbers, the other only with the right ones: what agrees with the second
    # is right, what agrees with the first alone is right for an earlier error.
    own, right = Calculation(exercise), Calculation(exercise)
    found: list[Mark] = []
    with np.errstate(all="ignore"):
        for stage in exercise.course.stages:
            exact = exercise.exact[stage.key]
            own_here, right_here = own.advance(stage), right.advance(stage)
            for place, name in exercise.course.names(stage, exact.shape).items():
                one, value = given.get(name), float(exact[place])
                verdict = _verdict(one, value, own_here, right_here, place)
                found.append(Mark(name, verdict, one, value, _nearest(own_here, place, one)))
                if one:
                    own.accept(stage, place, one, value)
                if one and verdict is Verdict.RIGHT:
                    right.accept(stage, place, one, value)
    return tuple(found)


@dataclass(frozen=True)
class Expected:
    """What a route gives, and how far the rounding of the numbers before may have moved it."""

    values: Any
    spread: Any

    def admits(self, given: Given, place: Place) -> bool:
        """Tell whether a number may be what is expected at a place; of a wrong NaN follow others."""
        value = float(self.values[place])
        alike = given.value == value or (math.isnan(given.value) and math.isnan(value))
        return alike or abs(given.value - value) <= self.tolerance(given, place)

    def tolerance(self, given: Given, place: Place) -> float:
        """Return by how much the number may differ."""
        return given.allowance(float(self.values[place])) + float(self.spread[place]) + _EXACT


def _verdict(given: Given | None, exact: float, own: list[Expected], right: list[Expected], place: Place) -> Verdict:
    if given is None:
        return Verdict.MISSING
    if abs(given.value - exact) <= given.allowance(exact) + _EXACT or any(one.admits(given, place) for one in right):
        return Verdict.RIGHT
    return Verdict.CARRIED if any(one.admits(given, place) for one in own) else Verdict.WRONG


def _nearest(expected: list[Expected], place: Place, given: Given | None) -> float:
    """Return what follows from the student's numbers, by the route that comes nearest to what was given."""
    values = [float(one.values[place]) for one in expected]
    return min(values, key=lambda value: abs(value - given.value)) if given else values[0]


class Calculation:
    """A calculation that goes on with given numbers; beside it, one for each of them moved by its last digit."""

    def __init__(self, exercise: Exercise):
        self._arrays = exercise.course.start(exercise.net, exercise.x, exercise.t)
        self._moved: list[Arrays] = []

    def advance(self, stage: Stage) -> list[Expected]:
        """Compute the next stage, and return what is expected by each of its routes."""
        return self.expected(stage.compute)

    def expected(self, compute: Callable[[Arrays], list[Any]]) -> list[Expected]:
        """Return what one or several ways to compute an array give from where the calculation is."""
        routes = [np.array(values) for values in compute(self._arrays)]
        moved = [compute(arrays) for arrays in self._moved]
        return [
            Expected(values, sum((abs(one[route] - values) for one in moved), np.zeros_like(values)))
            for route, values in enumerate(routes)
        ]

    def accept(self, stage: Stage, place: Place, given: Given, exact: float) -> None:
        """Go on with a given number in the place of the computed one; what is the exact one was not rounded."""
        for arrays in (self._arrays, *self._moved):
            _put(arrays, stage, place, given.value)
        if abs(given.value - exact) <= _WHOLE * max(1.0, abs(exact)):
            return
        self._moved.append(dict(self._arrays))
        _put(self._moved[-1], stage, place, given.value + given.allowance(exact))


def _put(arrays: Arrays, stage: Stage, place: Place, value: float) -> None:
    changed = np.array(arrays[stage.target.name])
    changed[place] = value
    arrays[stage.target.name] = changed
