"""What slip made the wrong numbers of an exercise, asked of `chainrule.diagnosis`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from chainrule.exercises.course import element
from chainrule.exercises.marking import Mark, Verdict
from chainrule.language import catalogue

if TYPE_CHECKING:
    from chainrule.diagnosis import Diagnosis
    from chainrule.exercises.making import Exercise
    from chainrule.language import Catalogue

_AS_WRITTEN, _ROUNDED_ON_THE_WAY = None, 3
"""Significant digits to which the numbers should agree; rounding at each step leaves fewer than are written."""
_MOST_NAMED = 3


def diagnosis(exercise: Exercise, marks: Sequence[Mark], language: str) -> Diagnosis | None:
    """Return the diagnosis, or None if no number is wrong by itself."""
    if not any(mark.verdict is Verdict.WRONG for mark in marks):
        return None
    from chainrule.diagnosis import diagnose

    ours = indexed_names(exercise)
    rows = [f"{ours[mark.name]},{mark.given.text}" for mark in marks if mark.given]
    # Of text it is known how many digits a number was written with.
    numbers = "\n".join(["name,value", *rows])
    for digits in (_AS_WRITTEN, _ROUNDED_ON_THE_WAY):
        found = diagnose(
            exercise.net,
            exercise.x,
            exercise.t,
            numbers,
            optimizer=exercise.optimizer,
            digits=digits,
            language=language,
        )
        if found.explanations:
            break
    return found


def indexed_names(exercise: Exercise) -> dict[str, str]:
    """Return for each asked number its name in the equations, as ``d_w1[0,0]``."""
    return {
        name: str(element(stage, place))
        for stage in exercise.course.stages
        for place, name in exercise.course.names(stage, exercise.exact[stage.key].shape).items()
    }


def sentences(exercise: Exercise, marks: Sequence[Mark], found: Diagnosis, language: str) -> Iterator[str]:
    """Yield what a diagnosis says, with the names of the sheet."""
    from chainrule.exercises.local_slips import local_slip

    text = catalogue(language)
    local = None if found.explanations else local_slip(exercise, marks)
    for explanation in found.explanations[:_MOST_NAMED]:
        best = explanation.named[0]
        yield text("Diagnosis: {slips}.", slips=text(" and ").join(text(slip.title) for slip in best.slips))
        yield from (text(slip.reason) for slip in best.slips)
        yield from _lines([(line.theirs, line.right) for line in best.lines if line.theirs and line.right], text)
    if local:
        more = ["..."] if len(local.reproduced) > _MOST_NAMED else []
        names = text(", ").join([*local.reproduced[:_MOST_NAMED], *more])
        yield text("Diagnosis of {names}: {slips}.", names=names, slips=text(local.slip.title))
        yield text(local.slip.reason)
        yield from _lines(local.lines, text)
        return
    sheet = {ours: name for name, ours in indexed_names(exercise).items()}
    for misprint in found.misprints[:_MOST_NAMED]:
        name, meant = (sheet.get(one, one) for one in (misprint.name, misprint.meant))
        yield text("Diagnosis: {name} is given as {printed}; {meant} is {value}: perhaps a slip of the pen.",
                   name=name, printed=misprint.printed, meant=meant, value=misprint.value)  # fmt: skip
    if not found.explanations and not found.misprints:
        yield text("Diagnosis: no common mistake gives these numbers.")


def _lines(lines: Iterable[tuple[str, str]], text: Catalogue) -> Iterator[str]:
    for theirs, right in lines:
        yield text("As calculated: {line}", line=theirs)
        yield text("As it should be: {line}", line=right)
