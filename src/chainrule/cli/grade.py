"""``chainrule grade``: marks for a filled-in sheet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

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
from chainrule.errors import InputError


def grade(
    context: typer.Context,
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

    A form that `exercise` wrote as csv has them in its first line; other files need them here. A number that follows
    rightly from a wrong one before it counts as right. The first error is diagnosed.
    """
    from chainrule.exercises.answers import read
    from chainrule.exercises.grading import grade_class
    from chainrule.exercises.report import marks_as_csv, report

    chosen = format_of(form, out)
    found = read(answers)
    given: dict[str, Any] = {
        "layers": layers, "activation": activation, "loss": loss, "optimizer": optimizer, "rate": rate,
        "seed": seed, "count": count,
    }  # fmt: skip
    if found.options:
        written = _typed(answers, found.options)
        for name in given:
            said = context.get_parameter_source(name)
            if said and said.name != "DEFAULT" and given[name] != written.get(name):
                raise InputError(
                    f"{answers} was made with --{name} {written.get(name, '(left out)')}, not with {given[name]}"
                )
        given |= {"rate": None, **written}
    grades = grade_class(make(**given), found.by_exercise, language)
    write(marks_as_csv(grades) if chosen == "csv" else report(grades).render(chosen), out)


def _typed(path: Path, options: dict[str, str]) -> dict[str, Any]:
    """Return the options in the first line of a file as the numbers and words that they are."""
    kinds: dict[str, Callable[[str], Any]] = {
        "layers": str, "activation": str, "loss": str, "optimizer": str, "rate": float, "seed": int, "count": int,
    }  # fmt: skip
    try:
        return {name: kinds[name](value) for name, value in options.items()}
    except (KeyError, ValueError):
        raise InputError(f"the first line of {path} has options that `exercise` does not write") from None
