"""A slip found at the place where it was made, whatever was wrong before it.

`chainrule.diagnosis` makes a slip in a calculation that is right everywhere else. After an error in arithmetic nothing
fits any more; here each equation with a slip in it is given the student's own numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.diagnosis.calculation import Calculation as Equations
from chainrule.diagnosis.calculation import is_learned
from chainrule.diagnosis.slips import SLIPS, Slip
from chainrule.engines.reference import Plan
from chainrule.equations import Equation
from chainrule.exercises.marking import Calculation, Expected, Mark, Verdict
from chainrule.program import Program

if TYPE_CHECKING:
    from chainrule.exercises.course import Arrays, Stage
    from chainrule.exercises.making import Exercise

_CHANCE = 0.05
"""A slip is named if so many wrong numbers would be met by chance at most."""
Key = tuple[str, bool]


@dataclass
class Try:
    """A slip as changed equations, and what it makes of the student's numbers.

    `reproduced` are the wrong numbers that it gives; `chance` is how probable it is that it gives them by chance.
    """

    slip: Slip
    changed: dict[Key, Equation]
    right: dict[Key, Equation]
    reproduced: list[str] = field(default_factory=list)
    chance: float = 1.0
    fails: bool = False

    @property
    def lines(self) -> Iterator[tuple[str, str]]:
        """The changed equations, each with the right one."""
        return ((str(wrong), str(self.right[key])) for key, wrong in self.changed.items())

    def compare(self, marks: dict[Any, Mark], expected: Expected) -> None:
        """Hold the numbers of a stage against what the slip gives."""
        for place, mark in marks.items():
            if mark.given is None:
                continue
            fits = expected.admits(mark.given, place)
            self.fails |= not fits
            if fits and mark.verdict is Verdict.WRONG:
                self.reproduced.append(mark.name)
                size = max(abs(mark.given.value), abs(mark.own))
                self.chance *= min(1.0, 2 * expected.tolerance(mark.given, place) / size) if size else 1.0


def local_slip(exercise: Exercise, marks: Sequence[Mark]) -> Try | None:
    """Return the slip that gives most of the wrong numbers, each from the student's own before it, or None."""
    tries = list(_tries(exercise))
    sizes = exercise.course.context.sizes
    by_name = {mark.name: mark for mark in marks}
    own = Calculation(exercise)
    tried = 0
    with np.errstate(all="ignore"):
        for stage in exercise.course.stages:
            exact = exercise.exact[stage.key]
            here = {place: by_name[name] for place, name in exercise.course.names(stage, exact.shape).items()}
            for one in tries:
                plan = _plan(one, stage, sizes)
                if plan and not one.fails:
                    tried += any(mark.verdict is Verdict.WRONG for mark in here.values())
                    (expected,) = own.expected(partial(_run, plan, stage))
                    one.compare(here, expected)
            own.advance(stage)
            for place, mark in here.items():
                if mark.given:
                    own.accept(stage, place, mark.given, mark.exact)
    good = [one for one in tries if one.reproduced and not one.fails and one.chance * tried <= _CHANCE]
    return max(good, key=lambda one: len(one.reproduced), default=None)


def _tries(exercise: Exercise) -> Iterator[Try]:
    right = Equations(exercise.course.program.equations)
    as_right = {_key(equation): equation for equation in right.equations}
    context = exercise.course.context
    yield from _with_updated_weights(exercise, right, as_right)
    known: list[dict[Key, Equation]] = []
    for slip in SLIPS.values():
        for wrong in slip.changes(right, context):
            as_wrong = {_key(equation): equation for equation in wrong.equations}
            is_local = list(as_wrong) == list(as_right) and not (wrong.rounding or wrong.once or wrong.extra)
            changed = {key: equation for key, equation in as_wrong.items() if equation != as_right.get(key)}
            if is_local and changed and changed not in known:
                known.append(changed)
                yield Try(slip, changed, as_right)


def _with_updated_weights(exercise: Exercise, right: Equations, as_right: dict[Key, Equation]) -> Iterator[Try]:
    """Yield the slip that is no other equation but another order: the weights of after the update sent backwards."""
    slip = SLIPS["updated_weights"]
    for wrong in slip.changes(right, exercise.course.context) if exercise.course.sees_updates else ():
        values = wrong.reading_updates()
        changed = {(name, False): replace(as_right[name, False], value=value) for name, value in values.items()}
        if changed:
            yield Try(slip, changed, as_right)


def _key(equation: Equation) -> Key:
    return equation.target.name, is_learned(equation)


def _plan(one: Try, stage: Stage, sizes: dict[str, Any]) -> Plan | None:
    """Return a stage with a slip in it, or None if the slip is elsewhere."""
    is_update = stage.of == "update"
    keys = [(equation.target.name, is_update and equation.part == "learning") for equation in stage.equations]
    if not any(key in one.changed for key in keys):
        return None
    wrong = [one.changed.get(key, equation) for key, equation in zip(keys, stage.equations, strict=True)]
    return Plan(Program((), (), (), sizes), [_defining(equation) for equation in wrong])


def _defining(equation: Equation) -> Equation:
    return Equation(equation.target, equation.value, origin=equation.origin, part=equation.part)


def _run(plan: Plan, stage: Stage, arrays: Arrays) -> list[Any]:
    return [np.asarray(plan.run(dict(arrays))[stage.target.name])]
