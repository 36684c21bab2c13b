"""Grades as a document: a table of the marks, the points, and what went wrong first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chainrule.exercises.diagnosing import sentences
from chainrule.exercises.marking import Mark, Verdict
from chainrule.explain.document import Document, Section, Table
from chainrule.explain.numbers import Digits
from chainrule.language import catalogue

if TYPE_CHECKING:
    from chainrule.exercises.grading import Grades
    from chainrule.language import Catalogue

_DECIMALS = 6


def report(all_grades: Sequence[Grades]) -> Document:
    """Return the grades of one or several exercises, in the language of the first."""
    first = all_grades[0]
    text = catalogue(first.language)
    sections = [_section(grades, text) for grades in all_grades]
    if len(all_grades) > 1:
        sections.insert(0, _overview(all_grades, text))
    title = text("Grades: a {sizes} network", sizes=first.exercise.net.architecture.sizes)
    return Document(title, tuple(sections), first.exercise.course.naming, Digits(_DECIMALS), text)


def _overview(all_grades: Sequence[Grades], text: Catalogue) -> Section:
    rows = tuple((str(grades.number), f"{grades.points}/{grades.total}") for grades in all_grades)
    return Section(
        "grades", text("All exercises"), tables=(Table(text("Points"), (text("exercise"), text("points")), rows),)
    )


def _section(grades: Grades, text: Catalogue) -> Section:
    said = [text("{points} of {total} points.", points=grades.points, total=grades.total)]
    count = sum(mark.verdict is Verdict.CARRIED for mark in grades.marks)
    if count:
        said.append(text("{count} of them are for numbers that follow rightly from a wrong one.", count=count))
    first = grades.first_wrong
    if first and first.given:
        said.append(
            text("The first error is {name}: {given} in the place of {right}.", name=first.name,
                 given=first.given.text, right=Digits(_DECIMALS)(first.own))
        )  # fmt: skip
    if grades.diagnosis:
        said += sentences(grades.exercise, grades.marks, grades.diagnosis, grades.language)
    title = text("Exercise {number} (seed {seed})", number=grades.number, seed=grades.exercise.seed)
    head = (text("name"), text("given"), text("right value"), text("from those before"), text("mark"))
    rows = tuple(_row(mark, text) for mark in grades.marks)
    return Section(f"grades-{grades.number}", title, tuple(said), (Table(text("Marks"), head, rows),))


def _row(mark: Mark, text: Catalogue) -> tuple[str | float, ...]:
    own = mark.own if mark.verdict in (Verdict.CARRIED, Verdict.WRONG) else ""
    return mark.name, mark.given.text if mark.given else "", mark.exact, own, _verdict(mark, text)


def _verdict(mark: Mark, text: Catalogue) -> str:
    if mark.is_coarse:
        return text("wrong: too few digits")
    words = {
        Verdict.RIGHT: text("right"),
        Verdict.CARRIED: text("right, error carried forward"),
        Verdict.WRONG: text("wrong"),
        Verdict.MISSING: text("missing"),
    }
    return words[mark.verdict]


def marks_as_csv(all_grades: Sequence[Grades]) -> str:
    """Return the marks as CSV, for a teacher's table: exercise, name, given, right, and the mark as one word."""
    import polars as pl

    rows = [
        (grades.number, mark.name, mark.given.text if mark.given else None, mark.exact, mark.verdict.value)
        for grades in all_grades
        for mark in grades.marks
    ]
    return pl.DataFrame(rows, schema=["exercise", "name", "given", "right", "mark"], orient="row").write_csv()
