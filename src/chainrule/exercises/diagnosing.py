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

    # Of text it is known how many digits a number was written with.
    numbers = {mark.name: mark.given.text for mark in marks if mark.given}
    names = indexed_names(exercise)
    tried = []
    for digits in (_AS_WRITTEN, _ROUNDED_ON_THE_WAY):
        found = diagnose(
            exercise.net,
            exercise.x,
            exercise.t,
            numbers,
            optimizer=exercise.optimizer,
            digits=digits,
            names=names,
            language=language,
        )
        if found.explanations:
            return found
        tried.append(found)
    return next((found for found in tried if found.misprints), tried[-1])


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
        yield text("Diagnosis: {slips}.", slips=best.title(text))
        yield from (text(slip.reason) for slip in best.slips)
        lines = [(line.theirs, line.right) for line in best.lines if line.theirs and line.right]
        yield from _lines(exercise, lines, text)
    if local:
        more = ["..."] if len(local.reproduced) > _MOST_NAMED else []
        names = text(", ").join([*local.reproduced[:_MOST_NAMED], *more])
        yield text("Diagnosis of {names}: {slips}.", names=names, slips=local.slip.said(text))
        yield text(local.slip.reason)
        yield from _lines(exercise, local.lines, text)
        return
    sheet = {ours: name for name, ours in indexed_names(exercise).items()}
    for misprint in found.misprints[:_MOST_NAMED]:
        name, meant = (sheet.get(one, one) for one in (misprint.name, misprint.meant))
        yield text("Diagnosis: {name} is given as {printed}; {meant} is {value}: perhaps a slip of the pen.",
                   name=name, printed=misprint.printed, meant=meant, value=misprint.value)  # fmt: skip
    if not found.explanations and not found.misprints:
        yield text("Diagnosis: no common mistake gives these numbers.")


def _lines(exercise: Exercise, lines: Iterable[tuple[str, str]], text: Catalogue) -> Iterator[str]:
    """Yield equations as they were calculated and as they should be, and what the sheet calls what they are of."""
    sheet: dict[str, tuple[str, str]] = {}
    for name, ours in indexed_names(exercise).items():
        sheet.setdefault(ours.partition("[")[0], (ours, name))
    said: set[str] = set()
    for theirs, right in lines:
        yield text("As calculated: {line}", line=theirs)
        yield text("As it should be: {line}", line=right)
        ours, name = sheet.get(right.partition("[")[0], ("", ""))
        if ours and "[" in ours and ours not in said:
            said.add(ours)
            yield text("In it {element} is {name}, and so on.", element=ours, name=name)
