"""Grades: the marks for what a student handed in, and the points they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.diagnosis.report import check_language
from chainrule.errors import InputError
from chainrule.exercises.answers import matched, read
from chainrule.exercises.marking import Mark, Verdict, marks

if TYPE_CHECKING:
    from chainrule.diagnosis import Diagnosis
    from chainrule.exercises.making import Exercise
    from chainrule.explain.document import Document


@dataclass(frozen=True)
class Grades:
    """The marks for one exercise, in the order of calculation. Print them, or take the `report` in another format."""

    exercise: Exercise
    marks: tuple[Mark, ...]
    language: str = "en"
    number: int = 1

    @property
    def points(self) -> int:
        """How many numbers are right, or right for what was wrong before them."""
        return sum(mark.verdict in (Verdict.RIGHT, Verdict.CARRIED) for mark in self.marks)

    @property
    def total(self) -> int:
        """How many numbers were asked for."""
        return len(self.marks)

    @property
    def first_wrong(self) -> Mark | None:
        """The first number that is wrong by itself."""
        return next((mark for mark in self.marks if mark.verdict is Verdict.WRONG), None)

    @cached_property
    def diagnosis(self) -> Diagnosis | None:
        """The slip that made the wrong numbers, or None if there is none; see `chainrule.diagnosis`."""
        from chainrule.exercises.diagnosing import diagnosis

        return diagnosis(self.exercise, self.marks, self.language)

    def report(self) -> Document:
        """Return the marks as a document, which every format can be made of."""
        from chainrule.exercises.report import report

        return report([self])

    def __str__(self) -> str:
        return self.report().text()

    def _repr_html_(self) -> str:
        return self.report()._repr_html_()


def grade(exercise: Exercise, answers: Mapping[str, Any] | str | Path, language: str = "en") -> Grades:
    """Return the marks for one exercise; `Exercise.grade` documents the parameters."""
    if not isinstance(answers, str | Path):
        return _graded(exercise, answers, language, 1)
    found = read(answers).by_exercise
    if len(found) != 1:
        raise InputError(f"{answers} must have the answers to one exercise, but has those to {len(found)}")
    return _graded(exercise, next(iter(found.values())), language, 1)


def grade_class(
    exercises: list[Exercise], found: Mapping[int, Mapping[str, Any]], language: str = "en"
) -> list[Grades]:
    """Return the marks for each exercise that there are answers to; raises `InputError` for other numbers."""
    most = len(exercises)
    for number in found:
        if number > most:
            raise InputError(f"there are answers to exercise {number}, but the last one is {most} (--count)")
    return [_graded(exercises[number - 1], found[number], language, number) for number in sorted(found)]


def _graded(exercise: Exercise, answers: Mapping[str, Any], language: str, number: int) -> Grades:
    check_language(language)  # an unknown one is told now, not when the marks are printed
    return Grades(exercise, marks(exercise, matched(answers, exercise.solution)), language, number)
