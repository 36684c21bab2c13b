"""``chainrule grade``: marks for a filled-in sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli.exercise import (
    ActivationName,
    Count,
    Format,
    Language,
    Layers,
    LossName,
    OptimizerName,
    Out,
    Rate,
    Seed,
    format_of,
    make,
    write,
)


def grade(
    answers: Annotated[Path, typer.Argument(metavar="ANSWERS", help="A CSV file with the columns name and value.")],
    layers: Layers = "2-2-1",
    activation: ActivationName = "sigmoid",
    loss: LossName = "half_squared_error",
    optimizer: OptimizerName = "gradient_descent",
    rate: Rate = None,
    seed: Seed = 0,
    count: Count = 1,
    form: Format = None,
    out: Out = None,
    language: Language = "en",
) -> None:
    """Mark the answers to a sheet that `exercise` made with the same options.

    A number that follows rightly from a wrong one before it counts as right. The first error is diagnosed.
    """
    from chainrule.exercises.grading import grade_class
    from chainrule.exercises.report import marks_as_csv, report

    chosen = format_of(form, out)
    grades = grade_class(make(layers, activation, loss, optimizer, rate, seed, count), answers, language)
    write(marks_as_csv(grades) if chosen == "csv" else report(grades).render(chosen), out)
